# SPDX-License-Identifier: GPL-2.0
"""QEMU's trace of one guest, asked about single transfers; moments are lines of it, as in the claims."""

from bisect import bisect_right
from collections.abc import Iterator
from pathlib import Path

from safe_dma.report.evidence import Mapping, Transfer
from safe_dma.witness import smmu_trace
from safe_dma.witness.smmu_trace import Event, Invalidate, Lookup, Translate, Write


class Witness:
    """What QEMU saw."""

    def __init__(self, events: list[tuple[int, Event]]):
        self.events = events
        self.lines = [line for line, _ in events]

    def between(self, begin: int, end: int | None) -> Iterator[Event]:
        """What happened after the one line, and not after the other."""
        stop = len(self.events) if end is None else bisect_right(self.lines, end)
        for _, event in self.events[bisect_right(self.lines, begin) : stop]:
            yield event

    def was_in_tlb(self, transfer: Transfer, iova: int) -> bool | None:
        """Whether the SMMU had the translation of an access in its TLB; None if that is not known."""
        for event in self.between(transfer.moment, None):
            if isinstance(event, Lookup) and event.address <= iova < event.address + 4096:
                return event.hit
            if rings(event):
                break
        return None

    def interrupt(self, transfer: Transfer) -> tuple[int, int] | None:
        """Where the device's interrupt went after a transfer, and where the SMMU has led it."""
        last = None
        for event in self.between(transfer.moment, None):
            if isinstance(event, Translate) and event.stage:
                last = event.iova, event.phys
            if rings(event):
                return last if last and last[1] == event.address else None
        return None

    def end(self, transfer: Transfer) -> int:
        """The moment of a transfer's interrupt, or that of the transfer if there was none."""
        first = bisect_right(self.lines, transfer.moment)
        return next((line for line, event in self.events[first:] if rings(event)), transfer.moment)

    def invalidated(self, mapping: Mapping, begin: int) -> Invalidate | None:
        """What of a mapping's addresses was invalidated from then until its unmap was over."""
        for event in self.between(begin, mapping.end):
            if (
                isinstance(event, Invalidate)
                and event.address < mapping.dma + mapping.size
                and mapping.dma < event.address + event.size
            ):
                return event
        return None


def rings(event: Event) -> bool:
    """Whether it is the interrupt of a device."""
    return isinstance(event, Write) and event.region == smmu_trace.ITS


def read(path: Path) -> Witness | None:
    """The trace of a guest, if it was kept and can be read: it adds to what is known without it."""
    if not path.exists():
        return None
    try:
        return Witness(list(smmu_trace.parse(smmu_trace.lines(path))))
    except smmu_trace.TraceError:
        return None
