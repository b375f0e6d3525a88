# SPDX-License-Identifier: GPL-2.0
"""QEMU's trace of the SMMU and of the registers around it, as events.

The trace has no time, but all of it is written under one lock: its order is that of what happened.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

# What QEMU has to record. It cannot be told to leave out the registers of the serial port, which are
# most of it.
RECORDED = (
    "smmuv3_translate_*",
    "smmuv3_record_event",
    "smmuv3_range_inval",
    "smmu_iotlb_*",
    "memory_region_ops_*",
)

# The registers that matter, by the names of QEMU's memory regions.
EDU = "edu-mmio"
CONFIG = "pcie-mmcfg-mmio"
ITS = "translation"


class TraceError(Exception):
    """The trace cannot be read."""


class Config(NamedTuple):
    """A write to the configuration space of a PCI function."""

    sid: int
    register: int
    value: int


class Write(NamedTuple):
    """A write to a register of `region`, by a processor or by a device."""

    region: str
    address: int
    value: int


class Read(NamedTuple):
    """A register of `region` was read, and what it had."""

    region: str
    address: int
    value: int


class Lookup(NamedTuple):
    """The SMMU looks for an address in its TLB: what it does next is about that address."""

    context: tuple[int, int]  # ASID and VMID
    address: int
    hit: bool


class Insert(NamedTuple):
    """An entry of the TLB, after a walk of the page table."""

    context: tuple[int, int]
    address: int
    size: int


class Invalidate(NamedTuple):
    """TLB entries go: those of an ASID and a VMID, or of any if that is None, in a range, or all."""

    asid: int | None
    vmid: int | None
    address: int = 0
    size: int = 1 << 64


class Translate(NamedTuple):
    """An access of a device that gets through."""

    sid: int
    iova: int
    phys: int
    read: bool
    write: bool
    stage: int  # 0 if nothing was translated


class Fault(NamedTuple):
    """An access of a device that does not."""

    sid: int
    event: str


Event = Config | Write | Read | Lookup | Insert | Invalidate | Translate | Fault


def _granule(tg: int) -> int:
    """The bits of a granule: 4, 16 or 64 KiB."""
    return 10 + 2 * tg


def _entry_size(tg: int, level: int) -> int:
    bits = _granule(tg)
    return 1 << (bits + (3 - level) * (bits - 3))


def _write(address, value, region):
    return Config(address >> 12, address & 0xFFF, value) if region == CONFIG else Write(region, address, value)


def _any(number):
    return None if number < 0 else number


def _range(vmid, asid, address, tg, pages):
    # Without a granule one page of whatever size: that of the smallest is what can be relied upon.
    return Invalidate(_any(asid), _any(vmid), address, pages << (_granule(tg) if tg else 12))


def _bypass(sid, iova):
    return Translate(sid, iova, iova, True, True, 0)


_REGISTER = r"cpu -?\d+ mr \S+ addr (0x[0-9a-f]+) value (0x[0-9a-f]+) size \d+ name '([^']*)'"
_CONTEXT = r"asid=(-?\d+) vmid=(-?\d+)"
_HEX = r"(0x[0-9a-f]+)"
# What a line looks like, by its first word, and what becomes of it; what is a number there is one here.
_LINES = {
    "memory_region_ops_write": (_REGISTER, _write),
    "memory_region_ops_read": (_REGISTER, lambda address, value, region: Read(region, address, value)),
    "smmu_iotlb_lookup_hit": (
        rf"IOTLB cache HIT {_CONTEXT} addr={_HEX} .*rate=-?\d+",
        lambda asid, vmid, address: Lookup((asid, vmid), address, True),
    ),
    "smmu_iotlb_lookup_miss": (
        rf"IOTLB cache MISS {_CONTEXT} addr={_HEX} .*rate=-?\d+",
        lambda asid, vmid, address: Lookup((asid, vmid), address, False),
    ),
    "smmu_iotlb_insert": (
        rf"IOTLB \+\+ {_CONTEXT} addr={_HEX} tg=(\d+) level=(\d+)",
        lambda asid, vmid, address, tg, level: Insert((asid, vmid), address, _entry_size(tg, level)),
    ),
    "smmu_iotlb_inv_all": (r"IOTLB invalidate all", lambda: Invalidate(None, None)),
    "smmu_iotlb_inv_asid_vmid": (
        rf"IOTLB invalidate {_CONTEXT}",
        lambda asid, vmid: Invalidate(_any(asid), _any(vmid)),
    ),
    "smmu_iotlb_inv_vmid": (r"IOTLB invalidate vmid=(-?\d+)", lambda vmid: Invalidate(None, _any(vmid))),
    "smmu_iotlb_inv_vmid_s1": (r"IOTLB invalidate vmid=(-?\d+)", lambda vmid: Invalidate(None, _any(vmid))),
    "smmuv3_range_inval": (
        rf"vmid=(-?\d+) asid=(-?\d+) addr={_HEX} tg=(\d+) num_pages={_HEX} ttl=\d+ leaf=\d+ stage=\d+",
        _range,
    ),
    "smmuv3_translate_success": (
        rf"\S+ sid={_HEX} iova={_HEX} translated={_HEX} perm={_HEX} stage=(\d+)",
        lambda sid, iova, phys, perm, stage: Translate(sid, iova, phys, bool(perm & 1), bool(perm & 2), stage),
    ),
    "smmuv3_translate_bypass": (rf"\S+ sid={_HEX} STE bypass iova:{_HEX} is_write=\d", _bypass),
    "smmuv3_translate_disable": (rf"\S+ sid={_HEX} bypass \(smmu disabled\) iova:{_HEX} is_write=\d", _bypass),
    "smmuv3_record_event": (rf"(?:SMMU_EVT_)?(\S+) sid={_HEX}", lambda event, sid: Fault(sid, event)),
}
_LINES = {word: (re.compile(pattern), make) for word, (pattern, make) in _LINES.items()}
_NUMBER = re.compile(r"-?\d+|0x[0-9a-f]+")
_REGIONS = {
    "memory_region_ops_write": tuple(f"name '{region}'" for region in (EDU, CONFIG, ITS)),
    "memory_region_ops_read": (f"name '{EDU}'",),
}


def _matters(line: str) -> bool:
    word, _, _ = line.partition(" ")
    return not word.startswith("memory_region_ops_") or line.rstrip().endswith(_REGIONS.get(word, ()))


def lines(path: Path) -> Iterator[str]:
    """The lines of a trace that matter here: the console's own are hundreds of thousands."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            for line in file:
                if not line.endswith("\n"):
                    raise TraceError(f"{path.name}: the trace is cut off: {line[:60]!r} is not a whole line")
                if _matters(line):
                    yield line
    except OSError as error:
        raise TraceError(f"{path.name}: {error.strerror}: QEMU has written no trace") from error


def parse(text: Iterable[str]) -> Iterator[tuple[int, Event]]:
    """The events in lines of a trace, with the number of the line."""
    for number, line in enumerate(text, 1):
        word, _, rest = line.partition(" ")
        if word not in _LINES or not _matters(line):
            continue
        pattern, make = _LINES[word]
        match = pattern.fullmatch(rest.strip())
        if not match:
            raise TraceError(f"line {number} of the trace is of another form: {line.strip()!r}")
        yield number, make(*(int(each, 0) if _NUMBER.fullmatch(each) else each for each in match.groups()))


def compact(path: Path) -> None:
    """Leave out of a trace what does not matter: 46 MB become 2."""
    kept = path.with_suffix(".tmp")
    with kept.open("w", encoding="utf-8") as file:
        file.writelines(lines(path))
    kept.replace(path)
