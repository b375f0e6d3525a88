# SPDX-License-Identifier: GPL-2.0
"""Scales that map large address spaces, and a sequence of events, to a short axis."""

import math
from bisect import bisect_right
from itertools import pairwise

# The logarithm of the distance below which an address is drawn at the top.
NEAREST = 11


class FromTop:
    """A logarithmic scale of the distance from the top, from where IOVAs are allocated."""

    def __init__(self, top: int, lowest: int, height: float):
        self.top = top
        self.height = height
        self.bits = max(math.ceil(math.log2(top - lowest)), NEAREST + 2)

    def y(self, address: int, end: bool = False) -> float:
        """Return the distance from the upper edge; ignore `end`."""
        distance = max(self.top - address, 1 << NEAREST)
        return (math.log2(distance) - NEAREST) / (self.bits - NEAREST) * self.height

    def ticks(self) -> list[tuple[float, int]]:
        """Return labels: position, address."""
        step = 2 if self.bits - NEAREST > 8 else 1
        return [(self.y(self.top - (1 << bits)), self.top - (1 << bits)) for bits in range(12, self.bits + 1, step)]

    def breaks(self) -> list[float]:
        """Return the gaps: none."""
        return []


class Used:
    """A scale of used addresses, from the highest down, with more room for more ranges."""

    BIN = 20
    GAP = 14

    def __init__(self, ranges: list[tuple[int, int]], height: float):
        """Lay out ranges, from their first address to before the second."""
        starts: dict[int, set[int]] = {}
        for start, end in ranges:
            for index in range(start >> self.BIN, ((end - 1) >> self.BIN) + 1):
                starts.setdefault(index, set())
            starts[start >> self.BIN].add(start)
        bins = sorted(starts, reverse=True)
        # A gap before each bin that is not adjacent to the one before.
        self.gaps = [index for above, index in pairwise(bins) if above - index > 1]
        gap = min(self.GAP, height / 3 / max(len(self.gaps), 1))
        weights = [0.15 + math.log2(1 + len(starts[index])) for index in bins]
        unit = (height - gap * len(self.gaps)) / sum(weights)
        # The upper edge and the height of each bin.
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
        """Return the distance from the upper edge; the `end` of a range may be outside the bins."""
        index = (address - end) >> self.BIN
        at, height = self.place[index]
        return at + (1 - (address - (index << self.BIN)) / (1 << self.BIN)) * height

    def ticks(self) -> list[tuple[float, int]]:
        """Return labels: lower edge, address."""
        return [(at + height, index << self.BIN) for index, (at, height) in self.place.items()]

    def breaks(self) -> list[float]:
        """Return the gaps."""
        return self.zigzags


class Moments:
    """A scale of events in order, in slots whose width is logarithmic in their events."""

    # The minimum share of a group of slots.
    LEAST = 0.034

    def __init__(self, starts: list[int], groups: list[int], moments: list[int], left: float, right: float):
        """Lay out slots: `groups` has their number by group, `moments` is sorted, with `starts`."""
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
        """Return the slot of a moment."""
        return max(bisect_right(self.starts, moment) - 1, 0)

    def x(self, moment: int) -> float:
        """Return the distance from the left edge."""
        slot = self.slot(moment)
        begin, end = self.ranks[slot]
        part = (bisect_right(self.moments, moment) - 1 - begin) / max(end - begin, 1)
        return self.edges[slot] + min(max(part, 0), 1) * (self.edges[slot + 1] - self.edges[slot])
