# SPDX-License-Identifier: GPL-2.0
"""Where an address is in a picture: three ways to make a short axis of a large space."""

import math
from bisect import bisect_right
from itertools import pairwise

# Nearer to the top than a page is the top.
NEAREST = 11


class FromTop:
    """The distance from the top, each doubling as long as the one before: addresses are given out from there down."""

    def __init__(self, top: int, lowest: int, height: float):
        self.top = top
        self.height = height
        self.bits = max(math.ceil(math.log2(top - lowest)), NEAREST + 2)

    def y(self, address: int, end: bool = False) -> float:
        """From the upper edge; also of the end of a range."""
        distance = max(self.top - address, 1 << NEAREST)
        return (math.log2(distance) - NEAREST) / (self.bits - NEAREST) * self.height

    def ticks(self) -> list[tuple[float, int]]:
        """Where addresses are written."""
        step = 2 if self.bits - NEAREST > 8 else 1
        return [(self.y(self.top - (1 << bits)), self.top - (1 << bits)) for bits in range(12, self.bits + 1, step)]

    def breaks(self) -> list[float]:
        """Where nothing is left out."""
        return []


class Used:
    """Only what is used, from the highest address down, and more room where more begins."""

    BIN = 20
    GAP = 14

    def __init__(self, ranges: list[tuple[int, int]], height: float):
        """The addresses of each range are from the first to before the second."""
        starts: dict[int, set[int]] = {}
        for start, end in ranges:
            for index in range(start >> self.BIN, ((end - 1) >> self.BIN) + 1):
                starts.setdefault(index, set())
            starts[start >> self.BIN].add(start)
        bins = sorted(starts, reverse=True)
        # A gap before each that does not come right after the one before.
        self.gaps = [index for above, index in pairwise(bins) if above - index > 1]
        gap = min(self.GAP, height / 3 / max(len(self.gaps), 1))
        weights = [0.15 + math.log2(1 + len(starts[index])) for index in bins]
        unit = (height - gap * len(self.gaps)) / sum(weights)
        # The upper edge and the height of each.
        self.place: dict[int, tuple[float, float]] = {}
        self.zigzags = []
        at = 0.0
        for index, weight in zip(bins, weights, strict=True):
            if index in self.gaps:
                self.zigzags.append(at + gap / 2)
                at += gap
            self.place[index] = at, weight * unit
            at += weight * unit

    def y(self, address: int, end: bool = False) -> float:
        """From the upper edge; of an address that is the end of a range, which may be where nothing else is."""
        index = (address - end) >> self.BIN
        at, height = self.place[index]
        return at + (1 - (address - (index << self.BIN)) / (1 << self.BIN)) * height

    def ticks(self) -> list[tuple[float, int]]:
        """The lower end of each."""
        return [(at + height, index << self.BIN) for index, (at, height) in self.place.items()]

    def breaks(self) -> list[float]:
        """Where something is left out."""
        return self.zigzags


class Moments:
    """The order of things, in slots, of which a long one is not as much longer as it has more in it."""

    # What a group of slots has of the whole at least.
    LEAST = 0.034

    def __init__(self, starts: list[int], groups: list[int], moments: list[int], left: float, right: float):
        """`starts` is where slots begin, `groups` how many belong together; `moments` is sorted, and has the starts."""
        self.moments = moments
        self.starts = starts
        first = [bisect_right(moments, start) - 1 for start in starts] + [len(moments)]
        self.ranks = list(pairwise(first))
        weights = [1.5 + math.log2(1 + end - begin) for begin, end in self.ranks]
        whole, at = sum(weights), 0
        for count in groups:
            factor = max(1.0, self.LEAST * whole / sum(weights[at : at + count]))
            weights[at : at + count] = [weight * factor for weight in weights[at : at + count]]
            at += count
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
