# SPDX-License-Identifier: GPL-2.0
"""Compare the guest's claims about DMA addresses with QEMU's trace of the SMMU and the device.

The claims are in the console, see rust/selftest/trace_marks.rs. QEMU's trace, see smmu_trace.py,
has the number of each claim in its place. The replay of the trace tracks live claims, the TLB and
transfers. The guest does not take part in the comparison, so wrong addresses, page tables and
invalidations are detected.
"""

import re
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from safe_dma.guest import ktap
from safe_dma.witness import smmu_trace
from safe_dma.witness.smmu_trace import Config, Fault, Insert, Invalidate, Lookup, Read, Translate, Write

_DRIVER = r"^\[ *(\d+\.\d+)\] safe_dma ([0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]): *"
_HEX = r"(0x[0-9a-f]+)"
_CLAIM = re.compile(
    rf"{_DRIVER}# claim (\d+): (map|unmap|fault|open) dma {_HEX} size {_HEX}"
    r"(?: perm (rw|r|w) (copy of|phys)((?: 0x[0-9a-f]+\+0x[0-9a-f]+)+))?(?: event (\S+))?$"
)
_LOST = re.compile(r"\*\* (\d+) printk messages dropped \*\*")
_BOUNCE = re.compile(r"software IO TLB: mapped \[mem (0x[0-9a-f]+)-(0x[0-9a-f]+)\]")

# For the kernel's command line: room for all claims, which the console prints slowly.
KERNEL_WORDS = "log_buf_len=4M"

# Registers of edu, and of its configuration space.
MARK, SOURCE, DESTINATION, COUNT, COMMAND = 0x00, 0x80, 0x88, 0x90, 0x98
RUN, TO_MEMORY = 1, 2
BAR, MSI_ADDRESS, MSI_ADDRESS_HIGH = 0x10, 0x44, 0x48
BAR_SIZE = 1 << 20
# The size of an access of edu that faults.
WORD = 4


class ClaimError(Exception):
    """The guest's claims cannot be read."""


@dataclass
class Check:
    """A check: its result, and the verdict on its claims."""

    result: ktap.Result
    claims: int = 0
    translations: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def key(self) -> tuple[str, str, str]:
        """Return device, subject and name."""
        return self.result.device, self.result.parent, self.result.case


@dataclass
class Claim:
    """A claim about a range of addresses."""

    number: int
    kind: str
    device: str
    dma: int
    size: int
    check: Check
    time: float
    # The permission of the device: "r", "w" or "rw".
    permission: str = ""
    # The memory, in pieces: address and size.
    pieces: list[tuple[int, int]] = field(default_factory=list)
    # The device accesses a copy of it, whose address the guest does not know.
    copy: bool = False
    event: str = ""
    # Lines of the trace.
    line: int = 0
    unmapped_line: int | None = None
    unmapped_time: float | None = None
    translations: int = 0
    # The ranges that were invalidated after their last use.
    invalidated: list[tuple[int, int]] = field(default_factory=list)
    # The first invalidation between the last transfer and the unmap.
    forgotten: Invalidate | None = None

    @property
    def end(self) -> int:
        """Return the end address."""
        return self.dma + self.size

    def overlaps(self, start: int, end: int) -> bool:
        """Return whether it overlaps `start` to `end`."""
        return self.dma < end and start < self.end

    def says_as(self, other: "Claim") -> bool:
        """Return whether both mappings agree."""
        return all(
            getattr(self, name) == getattr(other, name) for name in ("dma", "size", "permission", "pieces", "copy")
        )

    def expected(self, iova: int) -> tuple[int, int]:
        """Return the physical address of `iova`, and the contiguous bytes there."""
        offset = iova - self.dma
        for phys, size in self.pieces:
            if offset < size:
                return phys + offset, size - offset
            offset -= size
        raise ClaimError(f"claim {self.number} has less memory than addresses")

    def use(self, start: int, end: int) -> None:
        """Record an access from `start` to `end`, which voids the invalidations there."""
        self.translations += 1
        kept = [(low, min(high, start)) for low, high in self.invalidated if low < start]
        kept += [(max(low, end), high) for low, high in self.invalidated if high > end]
        self.invalidated = kept

    def gap(self) -> int | None:
        """Return the first address that was not invalidated."""
        at = self.dma
        for low, high in sorted(self.invalidated):
            if low > at:
                break
            at = max(at, high)
        return at if at < self.end else None


@dataclass
class Transfer:
    """A transfer by the device."""

    line: int
    to_memory: bool
    address: int
    size: int
    check: Check | None
    # The next byte, and the accesses before it: address, physical address, bytes, and TLB hit.
    at: int = 0
    accesses: list[tuple[int, int, int, bool | None]] = field(default_factory=list)
    faults: list[tuple[int, str]] = field(default_factory=list)
    # The address and physical address of its interrupt.
    interrupt: tuple[int, int] | None = None

    @property
    def end(self) -> int:
        """Return the end address."""
        return self.address + self.size


@dataclass
class Device:
    """An edu device."""

    name: str
    sid: int
    bar: int | None = None
    # The address of its MSI, in two halves.
    msi: int = 0
    msi_high: int = 0
    registers: dict[int, int] = field(default_factory=dict)
    transfer: Transfer | None = None
    live: list[Claim] = field(default_factory=list)
    # Unmapped, but a lazy domain has not invalidated them yet.
    stale: list[Claim] = field(default_factory=list)
    fault: Claim | None = None
    # Memory that the next transfer may access although the device does not own it.
    open: Claim | None = None
    # ASID and VMID of its TLB entries.
    contexts: set[tuple[int, int]] = field(default_factory=set)
    check: Check | None = None


@dataclass
class Report:
    """The results of a replay."""

    facts: dict
    checks: list[Check] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    transfers: list[Transfer] = field(default_factory=list)
    translations: int = 0
    doorbells: int = 0
    faults: int = 0
    # Problems that belong to no check.
    problems: list[str] = field(default_factory=list)

    @property
    def translated(self) -> bool:
        """Return whether the SMMU translates."""
        return self.facts.get("translation", "strict") in ("strict", "lazy")

    @property
    def seen(self) -> list[Claim]:
        """Return the claims whose marks are in the trace, in the order of the trace."""
        return sorted((claim for claim in self.claims if claim.line), key=lambda claim: claim.line)

    @property
    def contradictions(self) -> list[str]:
        """Return all contradictions."""
        return [*self.problems, *(problem for check in self.checks for problem in check.problems)]

    def summary(self) -> str:
        """Return a one-line summary."""
        return (
            f"{len(self.claims)} claims, {len(self.transfers)} transfers, "
            f"{self.translations} translations confirmed, {self.doorbells} of a doorbell, "
            f"{self.faults} faults, {len(self.contradictions)} contradicted"
        )

    def results(self) -> list[ktap.Result]:
        """Return a result of the trace, and one of each check that made claims."""
        seen = [check for check in self.checks if check.claims or check.problems]
        return [result("trace", self.problems), *(result(check.result.name, check.problems) for check in seen)]


def result(name: str, problems: list[str]) -> ktap.Result:
    """Return a check's result from its contradictions."""
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        return ktap.Result(name, "failed", problems[0] + more, problems)
    return ktap.Result(name, "passed")


def stream(device: str) -> int:
    """Return a PCI function's stream ID: bus, device and function."""
    bus, slot, function = re.fullmatch(r"[0-9a-f]{4}:([0-9a-f]{2}):([0-9a-f]{2})\.(\d)", device).groups()
    return int(bus, 16) << 8 | int(slot, 16) << 3 | int(function)


def read_claims(lines: Iterable[str]) -> tuple[list[Check], list[Claim]]:
    """Read the checks and the claims. A claim belongs to the check whose result comes next."""
    checks = [Check(result) for result in ktap.read(lines) if result.case not in (ktap.FORM, ktap.MISSING)]
    claims = [read_claim(line, check) for check in checks for line in check.result.log if "# claim " in line]
    return checks, claims


def read_claim(line: str, check: Check) -> Claim:
    """Parse a claim of `check`."""
    match = _CLAIM.match(line)
    # Memory belongs to claims of kind map and open only, an event to faults only.
    if not match or bool(match[7]) != (match[4] in ("map", "open")) or bool(match[10]) != (match[4] == "fault"):
        raise ClaimError(f"the console has a claim that cannot be read: {line.strip()!r}")
    time, device, number, kind, dma, size, permission, memory, pieces, event = match.groups("")
    claim = Claim(int(number), kind, device, int(dma, 16), int(size, 16), check, float(time), permission)
    claim.copy = memory == "copy of"
    claim.pieces = [tuple(int(part, 16) for part in piece.split("+")) for piece in pieces.split()]
    claim.event = event
    if claim.pieces and sum(size for _, size in claim.pieces) != claim.size:
        raise ClaimError(f"claim {claim.number} has another size of memory than of addresses")
    check.claims += 1
    return claim


class Replay:
    """Replays a trace, event by event."""

    def __init__(self, lines: Iterable[str], facts: dict):
        lines = list(lines)
        self.facts = facts
        self.translation = facts.get("translation", "strict")
        checks, self.claims = read_claims(lines)
        self.report = Report(facts, checks, [claim for claim in self.claims if claim.kind != "unmap"])
        self.translated = self.report.translated
        self.devices: dict[int, Device] = {}
        for name in dict.fromkeys(claim.device for claim in self.claims):
            self.devices[stream(name)] = Device(name, stream(name))
        # The claims of each device, in order.
        self.queues: dict[str, deque[Claim]] = {}
        for claim in self.claims:
            self.queues.setdefault(claim.device, deque()).append(claim)
        for device in self.devices.values():
            # Events before the first claim belong to its check.
            device.check = next((claim.check for claim in self.claims if claim.device == device.name), None)
        said = sum("# claim " in line for line in lines)
        if said > len(self.claims):
            self.report.problems.append(f"no result comes after {said - len(self.claims)} claims")
        lost = sum(int(match[1]) for match in map(_LOST.search, lines) if match)
        if lost:
            self.report.problems.append(f"the console has lost {lost} messages: boot with {KERNEL_WORDS}")
        pool = next(filter(None, map(_BOUNCE.search, lines)), None)
        self.pool = (int(pool[1], 16), int(pool[2], 16)) if pool else None
        # Entries of the TLB: for each context, sizes by address.
        self.tlb: dict[tuple[int, int], dict[int, int]] = {}
        self.lookup: Lookup | None = None
        # An access, by any device, that must be an MSI: the next event must be a write to the ITS.
        self.rung: Translate | None = None
        self.line = 0

    def say(self, check: Check | None, text: str) -> None:
        """Add a contradiction."""
        problems = check.problems if check else self.report.problems
        problems.append(f"{text} (line {self.line} of the trace)")

    def run(self, events: Iterable[tuple[int, smmu_trace.Event]]) -> Report:
        """Replay all events."""
        for self.line, event in events:
            if self.rung and not (isinstance(event, Write) and event.region == smmu_trace.ITS):
                self._not_rung()
            match event:
                case Config():
                    self._config(event)
                case Write(region=smmu_trace.EDU):
                    self._register(event)
                case Read(region=smmu_trace.EDU):
                    self._looked_at(event)
                case Write(region=smmu_trace.ITS):
                    self._doorbell(event)
                case Lookup():
                    self.lookup = event
                    if event.hit and self._entry({event.context}, event.address) is None:
                        self.say(None, f"the TLB had an entry for {event.address:#x}, which was invalidated")
                case Insert():
                    self.tlb.setdefault(event.context, {})[event.address & -event.size] = event.size
                case Invalidate():
                    self._invalidate(event)
                case Translate():
                    self._translate(event)
                case Fault():
                    self._fault(event)
        self._end()
        return self.report

    # The device.

    def _device_at(self, address: int) -> Device | None:
        for device in self.devices.values():
            if device.bar is not None and device.bar <= address < device.bar + BAR_SIZE:
                return device
        return None

    def _config(self, event: Config) -> None:
        device = self.devices.get(event.sid)
        if device and event.register == BAR and event.value != 0xFFFFFFFF:
            device.bar = event.value & ~0xF or None
        elif device and event.register == MSI_ADDRESS and event.value:
            device.msi = event.value & ~3
        elif device and event.register == MSI_ADDRESS_HIGH:
            device.msi_high = event.value << 32

    def _register(self, event: Write) -> None:
        device = self._device_at(event.address)
        if not device:
            self.say(None, f"an edu at {event.address:#x} has made no claims")
            return
        register = event.address - device.bar
        if register == MARK:
            self._mark(device, event.value)
        elif register == COMMAND and event.value & RUN:
            if device.transfer:
                self._finish(device)
            self._start(device, bool(event.value & TO_MEMORY))
        else:
            device.registers[register] = event.value

    def _looked_at(self, event: Read) -> None:
        """Finish the transfer if the register says so: interrupts may be raised or lost."""
        device = self._device_at(event.address)
        if device and device.transfer and event.address - device.bar == COMMAND and not event.value & RUN:
            self._finish(device)

    def _start(self, device: Device, to_memory: bool) -> None:
        address = device.registers.get(DESTINATION if to_memory else SOURCE, 0)
        size = device.registers.get(COUNT, 0)
        transfer = Transfer(self.line, to_memory, address, size, device.check, address)
        device.transfer = transfer
        self.report.transfers.append(transfer)
        if self.translation == "none":
            # The trace has no access without an SMMU.
            self._access(device, transfer, Translate(device.sid, address, address, True, True, 0), size)

    def _finish(self, device: Device) -> None:
        transfer, device.transfer = device.transfer, None
        if transfer.at < transfer.end:
            self.say(
                transfer.check,
                f"of a transfer of {transfer.size:#x} bytes at {transfer.address:#x}, "
                f"{transfer.at - transfer.address:#x} were accessed",
            )
        if device.fault:
            if not transfer.faults:
                self.say(
                    device.fault.check,
                    f"claim {device.fault.number}: the access to {device.fault.dma:#x} was not stopped",
                )
            device.fault = None
        device.open = None

    # The claims.

    def _mark(self, device: Device, number: int) -> None:
        queue = self.queues.get(device.name, deque())
        if not any(claim.number == number for claim in queue):
            self.say(
                None, f"the device has the mark of claim {number}, and its console has no such claim after the last"
            )
            return
        while queue[0].number != number:
            missed = queue.popleft()
            self.say(missed.check, f"claim {missed.number} is in the console, and its mark is not in the trace")
            # Do not report it again.
            missed.line = self.line
        claim = queue.popleft()
        device.check = claim.check
        claim.line = self.line
        if claim.kind == "map":
            self._map(device, claim)
        elif claim.kind == "unmap":
            self._unmap(device, claim)
        elif claim.kind == "open":
            device.open = claim
        else:
            device.fault = claim

    def _map(self, device: Device, claim: Claim) -> None:
        for other in list(device.live):
            if other.overlaps(claim.dma, claim.end):
                if other.check.result.status == "failed":
                    # It ended early, and may not have claimed its unmap.
                    device.live.remove(other)
                    continue
                if not other.says_as(claim):
                    self.say(
                        claim.check,
                        f"claim {claim.number} maps {claim.dma:#x} differently than claim {other.number}, "
                        f"of {other.check.result.name}, which is still mapped",
                    )
                # Live already.
                return
        if not self.translated:
            self._untranslated(device, claim)
        for stale in [stale for stale in device.stale if stale.overlaps(claim.dma, claim.end)]:
            gap = stale.gap()
            if gap is not None:
                self.say(
                    claim.check,
                    f"claim {claim.number}: {gap:#x} was allocated again, and was not invalidated after claim "
                    f"{stale.number}",
                )
            device.stale.remove(stale)
        self._not_in_tlb(device, claim, "was mapped", f"claim {claim.number}")
        device.live.append(claim)

    def _untranslated(self, device: Device, claim: Claim) -> None:
        """Check that the addresses are physical ones, unless they are of a bounce buffer."""
        if claim.copy:
            return
        phys, size = claim.pieces[0]
        if (phys, size) != (claim.dma, claim.size):
            self.say(
                claim.check,
                f"claim {claim.number}: {claim.dma:#x} is not translated, and is not the memory at {phys:#x}",
            )

    def _unmap(self, device: Device, claim: Claim) -> None:
        transfer = device.transfer
        expected = device.open and device.open.overlaps(claim.dma, claim.end)
        if transfer and not expected and claim.overlaps(transfer.address, transfer.end):
            self.say(claim.check, f"claim {claim.number}: {claim.dma:#x} was unmapped during a transfer")
        for other in [other for other in device.live if other.overlaps(claim.dma, claim.end)]:
            if not (claim.dma <= other.dma and other.end <= claim.end):
                self.say(claim.check, f"claim {claim.number} unmaps a part of claim {other.number}")
                continue
            device.live.remove(other)
            other.unmapped_line, other.unmapped_time = self.line, claim.time
            if self.translation == "lazy":
                device.stale.append(other)
            elif self.translation == "strict":
                gap = other.gap()
                if gap is not None:
                    self.say(
                        claim.check,
                        f"claim {claim.number}: {gap:#x} was unmapped, and was not invalidated (claim {other.number})",
                    )
        if self.translation == "strict":
            self._not_in_tlb(device, claim, "was unmapped", f"claim {claim.number}")

    # The SMMU.

    def _entry(self, contexts: set[tuple[int, int]], address: int) -> int | None:
        """Return the end of an address's TLB entry."""
        for context in contexts:
            entries = self.tlb.get(context, {})
            for size in set(entries.values()):
                start = address & -size
                if entries.get(start) == size:
                    return start + size
        return None

    def _not_in_tlb(self, device: Device, claim: Claim, what: str, who: str) -> None:
        for context in device.contexts:
            for start, size in self.tlb.get(context, {}).items():
                shared = any(other.overlaps(start, start + size) for other in device.live)
                if claim.overlaps(start, start + size) and not shared:
                    self.say(claim.check, f"{who}: {start:#x} {what}, and the TLB has an entry for it from before")

    def _invalidate(self, event: Invalidate) -> None:
        end = event.address + event.size

        def hit(context):
            return event.asid in (None, context[0]) and event.vmid in (None, context[1])

        for context, entries in self.tlb.items():
            if hit(context):
                for start in [s for s, size in entries.items() if s < end and event.address < s + size]:
                    del entries[start]
        for device in self.devices.values():
            # Its contexts are not known before its first access.
            if not device.contexts or any(map(hit, device.contexts)):
                for claim in device.live + device.stale:
                    if claim.overlaps(event.address, end):
                        claim.invalidated.append((event.address, end))
                        if claim.unmapped_line is None:
                            claim.forgotten = claim.forgotten or event

    def _translate(self, event: Translate) -> None:
        device = self.devices.get(event.sid)
        if not device:
            # A device without claims, such as a PCIe port, may only send interrupts.
            self.rung = event
            return
        if event.stage:
            if self.lookup:
                device.contexts.add(self.lookup.context)
            stage = self.facts.get("stage", event.stage)
            if event.stage != stage:
                self.say(
                    device.check, f"{event.iova:#x} was translated by stage {event.stage} and not by stage {stage}"
                )
        if bool(event.stage) != self.translated:
            how = "translated" if event.stage else "not translated"
            self.say(device.check, f"{event.iova:#x} was {how}, and the translation is {self.translation}")
        if event.iova == device.msi_high | device.msi:
            self.rung = event
            return
        transfer = device.transfer
        if not transfer:
            self.say(device.check, f"the device accessed {event.iova:#x} without a command")
            return
        end = self._entry(device.contexts, event.iova) if event.stage else transfer.end
        if end is None:
            self.say(device.check, f"{event.iova:#x} was translated, and the TLB has no entry for it")
            end = event.iova + 1
        self._access(device, transfer, event, min(end, transfer.end) - event.iova)

    def _access(self, device: Device, transfer: Transfer, event: Translate, size: int) -> None:
        """Check an access of `size` bytes that succeeded."""
        # Registers are accessed word by word, with a translation each.
        if not transfer.address <= event.iova <= transfer.at:
            self.say(
                device.check,
                f"the device accessed {event.iova:#x} instead of {transfer.at:#x} in a transfer of {transfer.size:#x} "
                f"bytes at {transfer.address:#x}",
            )
        transfer.at = max(transfer.at, event.iova + size)
        hit = self.lookup.hit if event.stage and self.lookup else None
        transfer.accesses.append((event.iova, event.phys, size, hit))
        iova, phys, good = event.iova, event.phys, True
        while size > 0:
            of_device = [claim for claim in device.live if claim.dma <= iova < claim.end]
            claim = next(
                (claim for claim in [device.open, *of_device] if claim and claim.overlaps(iova, iova + 1)), None
            )
            if not claim:
                self._unclaimed(device, iova)
                return
            good &= self._allowed(claim, event, transfer)
            if device.fault and device.fault.overlaps(iova, iova + 1):
                self.say(device.fault.check, f"claim {device.fault.number}: the access to {iova:#x} was not stopped")
                good = False
            part = min(size, claim.end - iova)
            if claim.copy:
                good &= self._is_copy(claim, iova, phys, part)
            else:
                expected, row = claim.expected(iova)
                part = min(part, row)
                if phys != expected:
                    self.say(
                        claim.check,
                        f"claim {claim.number}: {iova:#x} leads to {expected:#x}, but the access went to {phys:#x}",
                    )
                    good = False
            for used in {id(each): each for each in [claim, *of_device]}.values():
                used.use(iova, iova + part)
            claim.check.translations += good
            iova, phys, size = iova + part, phys + part, size - part
        self.report.translations += good

    def _unclaimed(self, device: Device, iova: int) -> None:
        stale = next((claim for claim in device.stale if claim.dma <= iova < claim.end), None)
        if stale:
            self.say(stale.check, f"the device accessed {iova:#x}, which was unmapped (claim {stale.number})")
        else:
            self.say(device.check, f"the device accessed {iova:#x}, and no claim covers it")

    def _allowed(self, claim: Claim, event: Translate, transfer: Transfer) -> bool:
        wrong = []
        read, write = "r" in claim.permission, "w" in claim.permission
        if transfer.to_memory and not (write and event.write):
            wrong.append("was written by the device")
        if not transfer.to_memory and not (read and event.read):
            wrong.append("was read by the device")
        if event.stage and event.write and not write:
            wrong.append("could be written")
        # A page table of stage 1 cannot express write-only.
        if event.stage == 2 and event.read and not read:
            wrong.append("could be read")
        for what in wrong:
            self.say(
                claim.check, f"claim {claim.number}: {event.iova:#x} {what}, and the permission is {claim.permission}"
            )
        return not wrong

    def _is_copy(self, claim: Claim, iova: int, phys: int, size: int) -> bool:
        memory, length = claim.pieces[0]
        if memory < phys + size and phys < memory + length:
            self.say(claim.check, f"claim {claim.number}: {iova:#x} leads to the memory itself, and not to a copy")
        elif self.pool and not (self.pool[0] <= phys and phys + size <= self.pool[1] + 1):
            self.say(claim.check, f"claim {claim.number}: {iova:#x} leads to {phys:#x}, which is no bounce buffer")
        else:
            return True
        return False

    def _fault(self, event: Fault) -> None:
        device = self.devices.get(event.sid)
        address = self.lookup.address if self.lookup else None
        if not device or not device.transfer or address is None:
            self.say(device.check if device else None, f"the SMMU reported {event.event} for stream {event.sid:#x}")
            return
        transfer, claim = device.transfer, device.fault
        transfer.faults.append((address, event.event))
        transfer.at = max(transfer.at, address + WORD)
        if device.open and device.open.overlaps(address, address + WORD):
            return
        if not claim or claim.event != event.event or not claim.overlaps(address, address + WORD):
            check = claim.check if claim else device.check
            self.say(check, f"the SMMU reported {event.event} at {address:#x}, and no claim expects it")
            return
        self.report.faults += 1

    # Interrupts.

    def _doorbell(self, event: Write) -> None:
        # Without an SMMU the trace does not name the device.
        if not self.rung:
            return
        access, self.rung = self.rung, None
        device = self.devices.get(access.sid)
        if access.phys != event.address:
            self.say(
                device and device.check,
                f"the interrupt went to {event.address:#x}, and was translated to {access.phys:#x}",
            )
        elif device:
            self.report.doorbells += 1
            transfer = device.transfer
            if transfer and not transfer.interrupt and access.stage:
                transfer.interrupt = access.iova, access.phys
                # Invalidations during the transfer do not belong to the unmap.
                for claim in device.live:
                    if claim.overlaps(transfer.address, transfer.end):
                        claim.forgotten = None

    def _not_rung(self) -> None:
        access, self.rung = self.rung, None
        if device := self.devices.get(access.sid):
            what = f"the interrupt of the device went to {access.phys:#x}, where no doorbell is"
            self.say(device.check, what)
        else:
            what = f"a device with stream ID {access.sid:#x}, which made no claims, accessed {access.iova:#x}"
            self.say(None, what)

    def _end(self) -> None:
        if self.rung:
            self._not_rung()
        for device in self.devices.values():
            if device.transfer:
                self._finish(device)
        if not self.claims:
            self.report.problems.append("the guest made no claims: load the module with claims=Y")
        missing = [claim for claim in self.claims if not claim.line]
        if missing:
            self.report.problems.append(
                f"the trace ends before claim {missing[0].number}, and {len(missing) - 1} more: it is not whole"
            )
            return
        for check in self.report.checks:
            if "round trip" in check.result.evidence and check.claims and not check.translations:
                check.problems.append("the guest reports a round trip, but no transfer used its addresses")


def judge(trace: Iterable[str], console: Iterable[str], facts: dict) -> Report:
    """Compare the lines of a trace with those of a console.

    `facts` has `translation` ("strict", "lazy", "identity", "none") and may have `stage` (1 or 2).
    """
    try:
        return Replay(console, facts).run(smmu_trace.parse(trace))
    except (ClaimError, smmu_trace.TraceError) as error:
        return Report(facts, problems=[str(error)])
