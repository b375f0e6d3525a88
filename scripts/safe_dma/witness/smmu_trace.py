# SPDX-License-Identifier: GPL-2.0
"""Read QEMU's trace of the SMMU and of registers as events.

The trace has no times, but is written under one lock: its lines are in the order of the events.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

# The events of the SMMU that QEMU records of each guest.
SMMU = ("smmuv3_translate_*", "smmuv3_record_event", "smmuv3_range_inval")

# The events of a guest with edu. QEMU cannot leave out the registers of the serial port, which are
# most of the trace.
RECORDED = (*SMMU, "smmu_iotlb_*", "memory_region_ops_*")

# The events of a guest with an NVMe controller, whose commands QEMU records.
NVME_RECORDED = (
    *SMMU,
    "smmu_iotlb_inv_*",
    "pci_nvme_admin_cmd",
    "pci_nvme_io_cmd",
    "pci_nvme_map_addr",
    "pci_nvme_enqueue_req_completion",
)

# QEMU's names of the memory regions whose registers matter.
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
    """A read of a register of `region`."""

    region: str
    address: int
    value: int


class Lookup(NamedTuple):
    """A lookup in the TLB: the next event of the SMMU is about the same address."""

    context: tuple[int, int]  # ASID and VMID
    address: int
    hit: bool


class Insert(NamedTuple):
    """A new TLB entry, after a page table walk."""

    context: tuple[int, int]
    address: int
    size: int


class Invalidate(NamedTuple):
    """An invalidation of TLB entries in a range, of an ASID and a VMID, where None is any."""

    asid: int | None
    vmid: int | None
    address: int = 0
    size: int = 1 << 64


class Translate(NamedTuple):
    """An access of a device that succeeds."""

    sid: int
    iova: int
    phys: int
    read: bool
    write: bool
    stage: int  # 0 if nothing was translated


class Fault(NamedTuple):
    """An access of a device that faults."""

    sid: int
    event: str


class Command(NamedTuple):
    """A command that an NVMe controller has read from its submission queue, 0 for the admin queue."""

    number: int
    queue: int
    opcode: int


class Data(NamedTuple):
    """A range of addresses of the command that was read last."""

    address: int
    size: int


class Completion(NamedTuple):
    """The end of a command."""

    number: int
    queue: int
    status: int


Event = Config | Write | Read | Lookup | Insert | Invalidate | Translate | Fault | Command | Data | Completion


def _granule(tg: int) -> int:
    """Return a granule's bits: 4, 16 or 64 KiB."""
    return 10 + 2 * tg


def _entry_size(tg: int, level: int) -> int:
    bits = _granule(tg)
    return 1 << (bits + (3 - level) * (bits - 3))


def _write(address, value, region):
    return Config(address >> 12, address & 0xFFF, value) if region == CONFIG else Write(region, address, value)


def _any(number):
    return None if number < 0 else number


def _range(vmid, asid, address, tg, pages):
    # Without a granule the size of the page is not known: assume the smallest.
    return Invalidate(_any(asid), _any(vmid), address, pages << (_granule(tg) if tg else 12))


def _bypass(sid, iova):
    return Translate(sid, iova, iova, True, True, 0)


_REGISTER = r"cpu -?\d+ mr \S+ addr (0x[0-9a-f]+) value (0x[0-9a-f]+) size \d+ name '([^']*)'"
_CONTEXT = r"asid=(-?\d+) vmid=(-?\d+)"
_HEX = r"(0x[0-9a-f]+)"
# The pattern of a line, by its first word, and its event; arguments are numbers where possible.
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
    "pci_nvme_admin_cmd": (rf"cid (\d+) sqid (\d+) opc {_HEX} opname '.*'", Command),
    "pci_nvme_io_cmd": (rf"cid (\d+) nsid 0x[0-9a-f]+ sqid (\d+) opc {_HEX} opname '.*'", Command),
    "pci_nvme_map_addr": (rf"addr {_HEX} len (\d+)", Data),
    "pci_nvme_enqueue_req_completion": (
        rf"cid (\d+) cqid (\d+) dw0 0x[0-9a-f]+ dw1 0x[0-9a-f]+ status {_HEX}",
        Completion,
    ),
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
    """Yield the lines that matter: hundreds of thousands are of the console."""
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
    """Yield the events in a trace, with the numbers of their lines."""
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
    """Remove the lines that do not matter from a trace."""
    kept = path.with_suffix(".tmp")
    with kept.open("w", encoding="utf-8") as file:
        file.writelines(lines(path))
    kept.replace(path)
