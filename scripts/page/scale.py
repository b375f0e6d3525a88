# SPDX-License-Identifier: GPL-2.0
"""Where an address is in a picture: three ways to make a short axis of a large space."""

import math
from bisect import bisect_right
from itertools import pairwise

PAGE = 4096
# Nearer to the top than a page is the top.
NEAREST = 11


class FromTop:
    """The distance from the top, each doubling as long as the one before: addresses are given out from there down."""

    def __init__(self, top: int, lowest: int, height: float):
        self.top = top
        self.height = height
        self.bits = max(math.ceil(math.log2(top - lowest)), NEAREST + 2)

    def y(self, address: int) -> float:
        """From the upper edge."""
        distance = max(self.top - address, 1 << NEAREST)
        return (math.log2(distance) - NEAREST) / (self.bits - NEAREST) * self.height

    def ticks(self) -> list[tuple[float, int]]:
        """Where addresses are written."""
        step = 2 if self.bits - NEAREST > 8 else 1
        return [(self.y(self.top - (1 << bits)), self.top - (1 << bits)) for bits in range(12, self.bits + 1, step)]

    def breaks(self) -> list[float]:
        """Where nothing is left out."""
        return []


class Clusters:
    """Only what is used, from the highest address down; between are gaps that take no place."""

    GAP = 14

    def __init__(self, ranges: list[tuple[int, int]], height: float, most: int = 5):
        gap = 1 << 20
        while len(found := self.merge(ranges, gap)) > most:
            gap *= 2
        self.clusters = []
        weights = [1 + math.log2(1 + (end - start) / PAGE) for start, end in found]
        free = height - self.GAP * (len(found) - 1)
        at = 0.0
        for (start, end), weight in zip(reversed(found), reversed(weights), strict=True):
            part = free * weight / sum(weights)
            self.clusters.append((start, end, at, part))
            at += part + self.GAP

    @staticmethod
    def merge(ranges: list[tuple[int, int]], gap: int) -> list[tuple[int, int]]:
        """Ranges of whole pages, those together that are not further from each other than `gap`."""
        found: list[tuple[int, int]] = []
        for start, end in sorted(ranges):
            start, end = start & -PAGE, -(-end // PAGE) * PAGE
            if found and start - found[-1][1] <= gap:
                found[-1] = found[-1][0], max(found[-1][1], end)
            else:
                found.append((start, end))
        return found

    def y(self, address: int) -> float:
        """From the upper edge."""
        for start, end, at, height in self.clusters:
            if start <= address <= end:
                return at + (end - address) / (end - start) * height
        raise ValueError(f"{address:#x} is in no cluster")

    def ticks(self) -> list[tuple[float, int]]:
        """Both ends of each."""
        return [tick for start, end, at, height in self.clusters for tick in ((at, end), (at + height, start))]

    def breaks(self) -> list[float]:
        """Where something is left out."""
        return [at - self.GAP / 2 for _, _, at, _ in self.clusters[1:]]


class Moments:
    """The order of things, in slots, of which a long one is not as much longer as it has more in it."""

    def __init__(self, starts: list[int], moments: list[int], left: float, right: float):
        """`starts` is where slots begin; both are sorted, and `moments` has them too."""
        self.moments = moments
        self.starts = starts
        first = [bisect_right(moments, start) - 1 for start in starts] + [len(moments)]
        self.ranks = list(pairwise(first))
        weights = [1.5 + math.log2(1 + end - begin) for begin, end in self.ranks]
        unit = (right - left) / sum(weights)
        self.edges = [left]
        for weight in weights:
            self.edges.append(self.edges[-1] + weight * unit)

    def slot(self, moment: int) -> int:
        """The slot that a moment is in."""
        return max(bisect_right(self.starts, moment) - 1, 0)

    def x(self, moment: int) -> float:
        """From the left edge."""
        slot = self.slot(moment)
        begin, end = self.ranks[slot]
        part = (bisect_right(self.moments, moment) - 1 - begin) / max(end - begin, 1)
        return self.edges[slot] + min(max(part, 0), 1) * (self.edges[slot + 1] - self.edges[slot])
