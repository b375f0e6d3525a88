# SPDX-License-Identifier: GPL-2.0
"""Compare an NVMe controller's commands with QEMU's trace of the SMMU.

Each access must be translated. The pages of a command may be accessed until its completion, with
the permission for its direction. In a strict domain they are then invalidated, before a later
command has the same addresses.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from safe_dma.guest import disk
from safe_dma.witness import smmu_trace
from safe_dma.witness.smmu_trace import Command, Completion, Data, Fault, Invalidate, Translate

PAGE = 4096
# Opcodes of commands for which the controller reads or writes memory, and whether it reads it.
READS = {1: True, 2: False}


@dataclass
class Report:
    """The results of a trace."""

    commands: int = 0
    # Translations of the pages of commands, and of queues, lists of pages and interrupts.
    data: int = 0
    other: int = 0
    problems: list[str] = field(default_factory=list)

    def __str__(self):
        return (
            f"{self.commands} commands, {self.data + self.other} translations confirmed, "
            f"{self.data} of them of data, {len(self.problems)} contradicted"
        )


class Replay:
    """Replays a trace, event by event."""

    def __init__(self, settings: dict):
        self.translated = settings["translation"] in ("strict", "lazy")
        self.strict = settings["translation"] == "strict"
        self.report = Report()
        # The pages of each command in flight, and the command that was read last.
        self.pages: dict[tuple[int, int], set[int]] = {}
        self.last: set[int] | None = None
        self.reads = False
        # The pages in flight, and whether the controller reads them.
        self.live: dict[int, bool] = {}
        # Pages of completed commands that were not invalidated since.
        self.done: set[int] = set()

    def problem(self, number: int, text: str) -> None:
        """Add a contradiction."""
        self.report.problems.append(f"line {number} of the trace: {text}")

    def see(self, number: int, event: smmu_trace.Event) -> None:
        """Replay an event."""
        match event:
            case Command():
                self.begin(event)
            case Data() if self.last is not None:
                self.add(number, event)
            case Completion():
                for page in self.pages.pop((event.queue, event.number), ()):
                    self.live.pop(page, None)
                    self.done.add(page)
            case Invalidate():
                self.done = {page for page in self.done if not event.address <= page < event.address + event.size}
            case Translate(sid=disk.SID):
                self.access(number, event)
            case Fault(sid=disk.SID):
                self.problem(number, f"{event.event}")

    def begin(self, event: Command) -> None:
        """Begin a command. The buffers of admin commands and of other opcodes stay mapped."""
        self.last = None
        if event.queue and event.opcode in READS:
            self.report.commands += 1
            self.reads = READS[event.opcode]
            self.last = self.pages[event.queue, event.number] = set()

    def add(self, number: int, event: Data) -> None:
        """Add the pages of a command."""
        for page in range(event.address & -PAGE, event.address + event.size, PAGE):
            if self.strict and page in self.done:
                self.problem(number, f"{page:#x} was not invalidated after its last command")
            self.done.discard(page)
            self.last.add(page)
            self.live[page] = self.reads

    def access(self, number: int, event: Translate) -> None:
        """Judge an access of the controller."""
        page = event.iova & -PAGE
        if not self.translated:
            self.report.other += 1
        elif event.stage == 0:
            self.problem(number, f"{event.iova:#x} was not translated")
        elif page in self.live:
            self.report.data += 1
            # A page that a device may write it may also read, by the format of the page table.
            if event.write == self.live[page] or not (event.read or event.write):
                self.problem(number, f"{event.iova:#x} has the permission of the other direction")
        elif self.strict and page in self.done:
            self.problem(number, f"{event.iova:#x} was accessed after its command was completed")
        else:
            self.report.other += 1


def judge(lines: Iterable[str], settings: dict) -> Report:
    """Replay a trace."""
    replay = Replay(settings)
    for number, event in smmu_trace.parse(lines):
        replay.see(number, event)
    report = replay.report
    if replay.translated and not (report.commands and report.data and report.other):
        report.problems.append("the trace has no access of the controller")
    return report
