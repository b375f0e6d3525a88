# SPDX-License-Identifier: GPL-2.0
"""The section of transfers: their steps, and the memory's owner."""

from dataclasses import dataclass

from safe_dma.report import console, testrun
from safe_dma.report.markup import Markup, element, figure, hexadecimal, join, missing, scroll, select, size, table
from safe_dma.witness.claims import Claim, Transfer

# The preferred size: of several mappings the one closest to it is shown.
USUAL = 4096
# The maximum number of transfers of a mapping, and of accesses of a transfer, that are shown.
TURNS, ACCESSES = 3, 6
# Subjects with a sample for each permission, since ownership depends on the direction.
EACH_PERMISSION = ("streaming", "sync")
MAY = {"r": "read", "w": "write", "rw": "read and write", "": "do nothing with"}
OWNERS = {"cpu": "CPU", "device": "device", "both": "both"}


@dataclass
class Step:
    """A step of a transfer, in lanes."""

    # The owner of the memory: "cpu", "device" or "both".
    owner: str
    time: str = ""
    cpu: str = ""
    smmu: str = ""
    device: str = ""
    wrong: bool = False


@dataclass
class Sample:
    """A mapping and its transfers."""

    mapping: Claim
    transfers: list[Transfer]
    functions: list[str]


def samples(scenario: testrun.Scenario) -> list[Sample]:
    """Return a sample of each subject, of some for each permission, and each with a fault."""
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
        # Only the first used mapping of a check: later ones may verify the result.
        if key in seen or mapping.event or mapping.unmapped_line is None:
            continue
        found = [
            transfer
            for transfer in transfers.get(key, [])
            if mapping.line < transfer.line
            # A transfer with a fault may be after the unmap.
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
    """Return the distance from the preferred size."""
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
        # A check of syncs does not name the function that mapped the buffer.
        self.enter = names[0] if names and not names[0].startswith("dma_sync_") else "map"
        undo = self.enter.replace("_map", "_unmap").replace("alloc", "free")
        self.leave = next((name for name in names[1:] if "destroy" in name), undo if undo != self.enter else "unmap")
        # Coherent memory is owned by both.
        self.owner = "both" if sample.mapping.check.result.parent in ("coherent", "pool") else "device"

    def all(self) -> list[Step]:
        """Return the steps from map to unmap."""
        mapping = self.sample.mapping
        pieces = mapping.pieces
        behind = f"{hexadecimal(pieces[0][0])}" if pieces else "its memory"
        if len(pieces) > 1:
            behind += f" and {len(pieces) - 1} more pieces"
        if self.owner == "device":
            self.found.append(Step("cpu", cpu="owns the buffer"))
        how = (
            f"{hexadecimal(mapping.dma)} is a copy of {behind}"
            if mapping.copy
            else f"{hexadecimal(mapping.dma)} maps to {behind}"
        )
        self.found.append(
            Step(
                self.owner,
                f"{mapping.time:.6f} s",
                cpu=f"{self.enter}: {size(mapping.size)} to {MAY[mapping.permission]}",
                smmu=f"page table: {how}" if self.translated else f"no translation: {how}",
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
        """Add a transfer, with `turn` after syncs for the CPU and the device."""
        owner = owner or self.owner
        if turn:
            self.found.append(Step("cpu", cpu="dma_sync_…_for_cpu: reads and writes"))
            self.found.append(Step("device", cpu="dma_sync_…_for_device: device owns it"))
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
                Step(owner, smmu=f"{event} at {hexadecimal(iova)}: stopped", device="access failed", wrong=True)
            )
        way = transfer.interrupt
        smmu = f"translates {hexadecimal(way[0])} → {hexadecimal(way[1])}, the ITS" if way else ""
        self.found.append(Step(owner, cpu="← handles it", smmu=smmu, device="← interrupt"))

    def access(self, iova: int, phys: int, hit: bool | None) -> str:
        """Return the SMMU's step in an access."""
        if self.translation == "none":
            return "no IOMMU"
        if not self.translated:
            return f"passes {hexadecimal(iova)} through"
        how = {True: ", from its TLB", False: ", by a walk of the page table", None: ""}[hit]
        return f"translates {hexadecimal(iova)} → {hexadecimal(phys)}{how}"

    def unmap(self, mapping: Claim) -> None:
        """Add the unmap."""
        time = f"+{mapping.unmapped_time - mapping.time:.6f} s"
        self.found.append(Step("cpu", time, cpu=self.leave, smmu=self.invalidation(mapping)))

    def invalidation(self, mapping: Claim) -> str:
        """Return the invalidation at the end of the mapping."""
        if not self.translated:
            return ""
        seen = mapping.forgotten
        if seen and seen.size <= 1 << 32:
            return f"invalidates {size(seen.size)} at {hexadecimal(seen.address)} before the unmap returns"
        return "invalidates all before the unmap returns" if seen else "no invalidation yet"


def lanes(steps: list[Step]) -> Markup:
    """Return a table of the steps; one cell with the owner spans all its steps."""
    rows = []
    for index, step in enumerate(steps):
        owner = None
        if index == 0 or steps[index - 1].owner != step.owner:
            length = next((n for n, later in enumerate(steps[index:]) if later.owner != step.owner), len(steps) - index)
            owner = element("td", OWNERS[step.owner], rowspan=length, class_=step.owner)
        time = element("small", step.time) if step.time else None
        texts = ((step.cpu, time), (step.smmu, None), (step.device, None))
        cells = [element("td", element("span", text, more) if text else None) for text, more in texts]
        rows.append(element("tr", owner, cells, class_="wrong" if step.wrong else None))
    return table(["owner", "CPU", "SMMU", "device"], element("tbody", rows), class_="lanes")


def of(scenario: testrun.Scenario) -> Markup:
    """Return the transfers of a scenario."""
    found = samples(scenario)
    if not found:
        why = "the device used none of its mappings" if scenario.witness else "QEMU's trace is not there"
        return figure(scenario.name, missing(f"No transfers of {scenario.name} can be shown: {why}."))
    # Show the simplest first.
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
    """Return the section."""
    return join(
        element(
            "p",
            "The steps from the map to the unmap, from the guest's claims and QEMU's trace. Times are "
            "those of the claims, in seconds of the guest. Syncs are not in the trace: in checks of "
            "syncs they are shown between transfers, where the library allows them.",
        ),
        element(
            "div", select("timeline-scenario", "Scenario", [each.name for each in run.scenarios]), class_="controls"
        ),
        [of(scenario) for scenario in run.scenarios],
    )
