# SPDX-License-Identifier: GPL-2.0
"""The section of transfers: who has the memory, step by step."""

from dataclasses import dataclass

from safe_dma.report import console, testrun
from safe_dma.report.markup import Markup, element, figure, hexadecimal, join, missing, scroll, select, size, table
from safe_dma.witness.claims import Claim, Transfer

# The most usual size: of several checks that of a transfer of about so much is shown.
USUAL = 4096
# Of a mapping that is used again and again these are shown, and of a transfer in pieces these pieces.
TURNS, ACCESSES = 3, 6
# Where the direction makes a difference to who has the memory when.
EACH_PERMISSION = ("streaming", "sync")
MAY = {"r": "read", "w": "write", "rw": "read and write", "": "do nothing with"}
OWNERS = {"cpu": "CPU's", "device": "device's", "both": "of both"}


@dataclass
class Step:
    """Something that happened, in one of the lanes."""

    # Whose the memory is from here on: "cpu" or "device".
    owner: str
    time: str = ""
    cpu: str = ""
    smmu: str = ""
    device: str = ""
    wrong: bool = False


@dataclass
class Sample:
    """A mapping, and what the device was told to do with it."""

    mapping: Claim
    transfers: list[Transfer]
    functions: list[str]


def samples(scenario: testrun.Scenario) -> list[Sample]:
    """One for each subject, of some for each permission, and each that was stopped."""
    if not scenario.witness:
        return []
    transfers: dict[tuple, list[Transfer]] = {}
    for transfer in scenario.witness.transfers:
        if transfer.check:
            transfers.setdefault(transfer.check.key, []).append(transfer)
    best: dict[tuple, Sample] = {}
    seen = set()
    for mapping in scenario.witness.seen:
        key = mapping.check.key
        # Later ones of a check are of what it looks with.
        if key in seen or mapping.event or mapping.unmapped_line is None:
            continue
        found = [
            transfer
            for transfer in transfers.get(key, [])
            if mapping.line < transfer.line
            # What was stopped may be of a mapping that is gone.
            and (transfer.line < mapping.unmapped_line or transfer.faults)
            and mapping.dma <= transfer.address < mapping.end
        ]
        if not found:
            continue
        seen.add(key)
        stopped = any(transfer.faults for transfer in found)
        sample = Sample(mapping, found, console.functions(mapping.check.result))
        _, subject, name = key
        more = name if stopped else mapping.permission if subject in EACH_PERMISSION else ""
        place = (subject, more)
        if place not in best or distance(sample) < distance(best[place]):
            best[place] = sample
    return list(best.values())


def distance(sample: Sample) -> int:
    """How unusual a sample is."""
    return abs(sample.mapping.size - USUAL)


class Steps:
    """The steps of a sample."""

    def __init__(self, scenario: testrun.Scenario, sample: Sample):
        self.sample = sample
        self.translation = scenario.settings["translation"]
        self.translated = scenario.witness.translated
        self.found: list[Step] = []
        names = sample.functions
        self.sync = any(name.startswith("dma_sync_") for name in names)
        # What a sync is of has been mapped by a function that is not named.
        self.enter = names[0] if names and not names[0].startswith("dma_sync_") else "map"
        undo = self.enter.replace("_map", "_unmap").replace("alloc", "free")
        self.leave = next((name for name in names[1:] if "destroy" in name), undo if undo != self.enter else "unmap")
        # Coherent memory has no turns.
        self.owner = "both" if sample.mapping.check.result.parent in ("coherent", "pool") else "device"

    def all(self) -> list[Step]:
        """From the map to the unmap."""
        mapping = self.sample.mapping
        pieces = mapping.pieces
        behind = f"{hexadecimal(pieces[0][0])}" if pieces else "its memory"
        if len(pieces) > 1:
            behind += f" and {len(pieces) - 1} more pieces"
        if self.owner == "device":
            self.found.append(Step("cpu", cpu="has the buffer"))
        how = (
            f"{hexadecimal(mapping.dma)} is a copy of {behind}"
            if mapping.copy
            else f"{hexadecimal(mapping.dma)} leads to {behind}"
        )
        self.found.append(
            Step(
                self.owner,
                f"{mapping.time:.6f} s",
                cpu=f"{self.enter}: {size(mapping.size)} to {MAY[mapping.permission]}",
                smmu=f"page table: {how}" if self.translated else f"not asked: {how}",
            )
        )
        before = [transfer for transfer in self.sample.transfers if transfer.line < mapping.unmapped_line]
        after = [transfer for transfer in self.sample.transfers if transfer not in before]
        for index, transfer in enumerate(before[:TURNS]):
            self.transfer(transfer, turn=self.sync and index > 0)
        if len(before) > TURNS:
            self.found.append(Step(self.owner, cpu=f"… {len(before) - TURNS} more transfers of this mapping …"))
        self.unmap(mapping)
        for transfer in after[:1]:
            self.transfer(transfer, turn=False, owner="cpu")
        return self.found

    def transfer(self, transfer: Transfer, turn: bool, owner: str | None = None) -> None:
        """A transfer, after the CPU had its turn or not."""
        owner = owner or self.owner
        if turn:
            self.found.append(Step("cpu", cpu="dma_sync_…_for_cpu: reads and writes"))
            self.found.append(Step("device", cpu="dma_sync_…_for_device: gives it back"))
        verb = "write to" if transfer.to_memory else "read"
        self.found.append(
            Step(
                owner,
                cpu=f"doorbell: {verb} {size(transfer.size)} at {hexadecimal(transfer.address)} →",
                device="→ begins",
            )
        )
        did = "wrote" if transfer.to_memory else "read"
        for iova, phys, count, hit in transfer.accesses[:ACCESSES]:
            smmu = self.access(iova, phys, hit)
            self.found.append(Step(owner, smmu=smmu, device=f"{did} {size(count)}"))
        if len(transfer.accesses) > ACCESSES:
            self.found.append(Step(owner, smmu=f"… {len(transfer.accesses) - ACCESSES} more …"))
        for iova, event in transfer.faults:
            self.found.append(
                Step(owner, smmu=f"{event} at {hexadecimal(iova)}: stopped", device="got nothing through", wrong=True)
            )
        way = transfer.interrupt
        smmu = f"translates {hexadecimal(way[0])} → {hexadecimal(way[1])}, the ITS" if way else ""
        self.found.append(Step(owner, cpu="← handles it", smmu=smmu, device="← interrupt"))

    def access(self, iova: int, phys: int, hit: bool | None) -> str:
        """What the SMMU did for an access."""
        if self.translation == "none":
            return "there is none"
        if not self.translated:
            return f"lets {hexadecimal(iova)} pass"
        how = {True: ", from its TLB", False: ", by a walk of the page table", None: ""}[hit]
        return f"translates {hexadecimal(iova)} → {hexadecimal(phys)}{how}"

    def unmap(self, mapping: Claim) -> None:
        """The end of the mapping."""
        time = f"+{mapping.unmapped_time - mapping.time:.6f} s"
        self.found.append(Step("cpu", time, cpu=self.leave, smmu=self.invalidation(mapping)))

    def invalidation(self, mapping: Claim) -> str:
        """Return the invalidation at the end of the mapping."""
        if not self.translated:
            return ""
        seen = mapping.forgotten
        if seen and seen.size <= 1 << 32:
            return f"forgets {size(seen.size)} at {hexadecimal(seen.address)}: before the unmap returns"
        return "forgets all: before the unmap returns" if seen else "forgets nothing yet"


def lanes(steps: list[Step]) -> Markup:
    """The steps, one below the other; who owns the memory is said once for as long as that is so."""
    rows = []
    for index, step in enumerate(steps):
        owner = None
        if index == 0 or steps[index - 1].owner != step.owner:
            length = next((n for n, later in enumerate(steps[index:]) if later.owner != step.owner), len(steps) - index)
            owner = element("td", element("span", OWNERS[step.owner]), rowspan=length, class_=f"owner own-{step.owner}")
        time = element("small", step.time) if step.time else None
        texts = (("cpu", step.cpu, time), ("smmu", step.smmu, None), ("device", step.device, None))
        cells = [
            element("td", element("span", text, more) if text else None, class_=name) for name, text, more in texts
        ]
        rows.append(element("tr", owner, cells, class_="wrong" if step.wrong else None))
    return table(["memory", "CPU", "SMMU", "device"], element("tbody", rows), class_="lanes")


def of(scenario: testrun.Scenario) -> Markup:
    """The transfers of a scenario."""
    found = samples(scenario)
    if not found:
        why = "no mapping of it was used by the device" if scenario.witness else "QEMU's trace is not there"
        return figure(scenario.name, missing(f"Nothing is known of single transfers of {scenario.name}: {why}."))
    # The simplest to begin with.
    first = next((at for at, each in enumerate(found) if each.mapping.check.result.parent == "streaming"), 0)
    options, tables = [], []
    for index, sample in enumerate(found):
        mapping = sample.mapping
        title = f"{mapping.check.result.parent}: {mapping.check.result.case}"
        options.append((str(index), title))
        heading = element("h4", title, " ", element("small", ", ".join(sample.functions)))
        tables.append(
            element(
                "div",
                heading,
                scroll(title, lanes(Steps(scenario, sample).all())),
                class_="transfer",
                data_index=index,
            )
        )
    return figure(
        scenario.name,
        element("div", select(f"transfer-{scenario.name}", "Transfer", options, str(first)), class_="controls"),
        tables,
    )


def section(run: testrun.Run) -> Markup:
    """The whole section."""
    return join(
        element(
            "p",
            "From the map to the unmap, one step below the other, as the guest claimed and as QEMU's trace has it. "
            "Times are those of the guest's claims, in its seconds. The turns of the CPU between two transfers cannot "
            "be seen from outside: where the check is one of syncs, they are where the library lets them be.",
        ),
        element(
            "div", select("timeline-scenario", "Scenario", [each.name for each in run.scenarios]), class_="controls"
        ),
        [of(scenario) for scenario in run.scenarios],
    )
