# SPDX-License-Identifier: GPL-2.0
"""The section of transfers: who has the memory, step by step."""

from dataclasses import dataclass

from safe_dma.report import testrun
from safe_dma.report.evidence import Mapping, Transfer
from safe_dma.report.markup import Markup, element, hexadecimal, join, missing, select, size

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

    mapping: Mapping
    transfers: list[Transfer]
    functions: str = ""
    # A transfer of the same check that was stopped.
    stopped: bool = False


def samples(scenario: testrun.Scenario) -> list[Sample]:
    """One for each subject, of some for each permission, and each that was stopped."""
    functions = {
        (check.device, check.subject, check.name): check.functions for check in scenario.guest.checks if check.detail
    }
    transfers: dict[tuple, list[Transfer]] = {}
    for transfer in scenario.evidence.transfers:
        transfers.setdefault((transfer.device, transfer.subject, transfer.check), []).append(transfer)
    best: dict[tuple, Sample] = {}
    seen = set()
    for mapping in scenario.evidence.mappings:
        key = (mapping.device, mapping.subject, mapping.check)
        # Later ones of a check are of what it looks with.
        if key in seen or mapping.event or mapping.end is None:
            continue
        end = mapping.dma + mapping.size
        found = [
            transfer
            for transfer in transfers.get(key, [])
            if mapping.begin < transfer.moment
            # What was stopped may be of a mapping that is gone.
            and (transfer.moment < mapping.end or transfer.faults)
            and mapping.dma <= transfer.address < end
        ]
        if not found:
            continue
        seen.add(key)
        stopped = any(transfer.faults for transfer in found)
        sample = Sample(mapping, found, functions.get(key, ""), stopped)
        more = mapping.check if stopped else mapping.permission if mapping.subject in EACH_PERMISSION else ""
        place = (mapping.subject, more)
        if place not in best or distance(sample) < distance(best[place]):
            best[place] = sample
    return list(best.values())


def distance(sample: Sample) -> int:
    """How unusual a sample is."""
    return abs(sample.mapping.size - USUAL)


def seconds(time: float | None) -> str:
    """A time of the guest."""
    return "" if time is None else f"{time:.6f} s"


class Steps:
    """The steps of a sample."""

    def __init__(self, scenario: testrun.Scenario, sample: Sample):
        self.sample = sample
        self.witness = scenario.witness
        self.translation = scenario.settings.get("translation", "strict")
        self.found: list[Step] = []
        names = [name for name in sample.functions.split(", ") if name]
        self.sync = any(name.startswith("dma_sync_") for name in names)
        # What a sync is of has been mapped by a function that is not named.
        self.enter = names[0] if names and not names[0].startswith("dma_sync_") else "map"
        undo = self.enter.replace("_map", "_unmap").replace("alloc", "free")
        self.leave = next((name for name in names[1:] if "destroy" in name), undo if undo != self.enter else "unmap")
        # Coherent memory has no turns.
        self.owner = "both" if sample.mapping.subject in ("coherent", "pool") else "device"

    @property
    def translated(self) -> bool:
        """Whether the SMMU translates."""
        return self.translation in ("strict", "lazy")

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
                seconds(mapping.begin_time),
                cpu=f"{self.enter}: {size(mapping.size)} to {MAY[mapping.permission]}",
                smmu=f"page table: {how}" if self.translated else f"not asked: {how}",
            )
        )
        before = [transfer for transfer in self.sample.transfers if transfer.moment < (mapping.end or 0)]
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
        verb = "write to" if transfer.direction == "from_device" else "read"
        self.found.append(
            Step(
                owner,
                cpu=f"doorbell: {verb} {size(transfer.size)} at {hexadecimal(transfer.address)} →",
                device="→ begins",
            )
        )
        did = "wrote" if transfer.direction == "from_device" else "read"
        for iova, phys, count in transfer.accesses[:ACCESSES]:
            smmu = self.access(transfer, iova, phys)
            self.found.append(Step(owner, smmu=smmu, device=f"{did} {size(count)}"))
        if len(transfer.accesses) > ACCESSES:
            self.found.append(Step(owner, smmu=f"… {len(transfer.accesses) - ACCESSES} more …"))
        for iova, event in transfer.faults:
            self.found.append(
                Step(owner, smmu=f"{event} at {hexadecimal(iova)}: stopped", device="got nothing through", wrong=True)
            )
        way = self.witness.interrupt(transfer) if self.witness else None
        smmu = f"translates {hexadecimal(way[0])} → {hexadecimal(way[1])}, the ITS" if way else ""
        self.found.append(Step(owner, cpu="← handles it", smmu=smmu, device="← interrupt"))

    def access(self, transfer: Transfer, iova: int, phys: int) -> str:
        """What the SMMU did for an access."""
        if self.translation == "none":
            return "there is none"
        if not self.translated:
            return f"lets {hexadecimal(iova)} pass"
        hit = self.witness.was_in_tlb(transfer, iova) if self.witness else None
        how = {True: ", from its TLB", False: ", by a walk of the page table", None: ""}[hit]
        return f"translates {hexadecimal(iova)} → {hexadecimal(phys)}{how}"

    def unmap(self, mapping: Mapping) -> None:
        """The end of the mapping."""
        time = ""
        if mapping.end_time is not None and mapping.begin_time is not None:
            time = f"+{mapping.end_time - mapping.begin_time:.6f} s"
        self.found.append(Step("cpu", time, cpu=self.leave, smmu=self.invalidation(mapping)))

    def invalidation(self, mapping: Mapping) -> str:
        """What the SMMU was told when the mapping ended: as it was seen, or else as it is to be."""
        if not self.translated:
            return ""
        if self.witness:
            before = [self.witness.end(each) for each in self.sample.transfers if each.moment < (mapping.end or 0)]
            # What was invalidated while the device was at work is not because of the unmap.
            last = max(before, default=mapping.begin)
            seen = self.witness.invalidated(mapping, last)
            if seen and seen.size <= 1 << 32:
                return f"forgets {size(seen.size)} at {hexadecimal(seen.address)}: before the unmap returns"
            return "forgets all: before the unmap returns" if seen else "forgets nothing yet"
        return {
            "strict": "its TLB forgets before the unmap returns",
            "lazy": "its TLB forgets later, for many at once",
        }[self.translation]


def table(steps: list[Step]) -> Markup:
    """The steps, one below the other; who owns the memory is said once for as long as that is so."""
    rows = []
    for index, step in enumerate(steps):
        owner = None
        if index == 0 or steps[index - 1].owner != step.owner:
            length = next((n for n, later in enumerate(steps[index:]) if later.owner != step.owner), len(steps) - index)
            owner = element("td", element("span", OWNERS[step.owner]), rowspan=length, class_=f"owner own-{step.owner}")
        time = element("small", step.time) if step.time else None
        lanes = (("cpu", step.cpu, time), ("smmu", step.smmu, None), ("device", step.device, None))
        cells = [
            element("td", element("span", text, more) if text else None, class_=name) for name, text, more in lanes
        ]
        rows.append(element("tr", owner, cells, class_="wrong" if step.wrong else None))
    heads = ["memory", "CPU", "SMMU", "device"]
    return element(
        "table",
        element("thead", element("tr", [element("th", head, scope="col") for head in heads])),
        element("tbody", rows),
        class_="lanes",
    )


def figure(scenario: testrun.Scenario) -> Markup:
    """The transfers of a scenario."""
    found = samples(scenario)
    if not found:
        why = (
            "make test has its guest make claims"
            if not scenario.evidence.whole
            else "no mapping of it was used by the device"
        )
        return element(
            "div",
            missing(f"Nothing is known of single transfers of {scenario.name}: {why}."),
            class_="figure",
            data_scenario=scenario.name,
        )
    # The simplest to begin with.
    first = next((at for at, each in enumerate(found) if each.mapping.subject == "streaming"), 0)
    options, tables = [], []
    for index, sample in enumerate(found):
        mapping = sample.mapping
        title = f"{mapping.subject}: {mapping.check}"
        options.append((str(index), title))
        heading = element("h4", title, " ", element("small", sample.functions))
        tables.append(
            element(
                "div",
                heading,
                element(
                    "div",
                    table(Steps(scenario, sample).all()),
                    class_="scroll",
                    tabindex="0",
                    role="region",
                    aria_label=title,
                ),
                class_="transfer",
                data_index=index,
            )
        )
    return element(
        "div",
        element("div", select(f"transfer-{scenario.name}", "Transfer", options, str(first)), class_="controls"),
        tables,
        class_="figure",
        data_scenario=scenario.name,
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
        [figure(scenario) for scenario in run.scenarios],
    )
