# SPDX-License-Identifier: GPL-2.0
"""What a guest printed: its checks, what it says of its kernel, and how it ended.

ktap.py asks the kernel's own parser, for which a kernel's source must be there. To show what was
printed must be possible without, so that the little that is needed is read here; the tests compare.
"""

import re
from dataclasses import dataclass, field

LINE = re.compile(r"^\[ *(\d+\.\d+)\] safe_dma ([0-9a-f:.]+): (.*)$")
RESULT = re.compile(r"^( *)(not ok|ok) \d+ (?:- )?(.*)$")
SUBTEST = re.compile(r"^ *# Subtest: (.*)$")
PLAN = re.compile(r"^    1\.\.(\d+)$")
# What is behind the name of a check that has moved data.
PLACE = re.compile(r" *\b(?:phys|dma) 0x[0-9a-f]+")
NUMBERS = re.compile(r"\bsize (\d+) phys (0x[0-9a-f]+) dma (0x[0-9a-f]+)")
# The subject of what is said of the guest as a whole.
GUEST = "the guest"


@dataclass
class Check:
    """One check of one device."""

    device: str
    subject: str
    name: str
    status: str  # "passed", "failed" or "skipped"
    # Behind the `#`: why, or what was done and who saw it.
    detail: str = ""
    # What was printed since the check before.
    log: list[str] = field(default_factory=list)

    @property
    def evidence(self) -> str:
        """The detail without addresses, which differ from guest to guest."""
        return PLACE.sub("", self.detail)

    @property
    def functions(self) -> str:
        """The C functions that it is of."""
        names = re.findall(r"\bdma_\w+", self.detail.partition("witness:")[0])
        return ", ".join(dict.fromkeys(names))

    @property
    def numbers(self) -> tuple[int, int, int] | None:
        """The size, the physical address and the DMA address, if it says them."""
        match = NUMBERS.search(self.detail)
        return (int(match[1]), int(match[2], 16), int(match[3], 16)) if match else None


@dataclass
class Guest:
    """A guest's console, read."""

    checks: list[Check] = field(default_factory=list)
    kernel: str = ""
    compiler: str = ""
    # What the module says of who translates.
    iommu: str = ""
    seconds: float = 0.0


class Reader:
    """Goes through the lines of a console."""

    def __init__(self):
        self.guest = Guest()
        # By device.
        self.subject: dict[str, str] = {}
        self.plan: dict[str, int] = {}
        self.found: dict[str, list[Check]] = {}
        self.log: dict[str, list[str]] = {}
        self.said: list[str] = []

    def add(self, device, name, status, detail="", subject=None):
        """A result."""
        check = Check(device, self.subject.get(device, "") if subject is None else subject, name, status, detail)
        if status == "failed":
            check.log = self.log.get(device, [])
        self.log[device] = []
        self.guest.checks.append(check)
        self.found.setdefault(device, []).append(check)

    def line(self, device, text):
        """What the module said."""
        if match := SUBTEST.match(text):
            self.finish(device)
            self.subject[device] = match[1].strip()
        elif match := PLAN.match(text):
            self.plan[device] = int(match[1])
        elif match := RESULT.match(text):
            self.result(device, *match.groups())
        elif device in self.subject and not text.strip().startswith(("KTAP version", "# Totals", "# claim ")):
            self.log.setdefault(device, []).append(text.strip())

    def result(self, device, indent, word, rest):
        """A line that begins with ok or not ok."""
        name, _, detail = (part.strip() for part in rest.partition(" # "))
        if indent:
            skipped = detail.startswith("SKIP")
            status = "failed" if word != "ok" else "skipped" if skipped else "passed"
            self.add(device, name, status, detail.removeprefix("SKIP").strip() if skipped else detail)
            return
        # Of the subject as a whole: it fails if something in it does, which has been said.
        if word != "ok" and all(check.status != "failed" for check in self.found.get(device, [])):
            self.add(device, "as a whole", "failed", "not ok, although its checks are")
        self.finish(device)

    def finish(self, device):
        """The end of a subject."""
        found, plan = len(self.found.get(device, [])), self.plan.get(device, 0)
        if found < plan:
            self.add(device, "all checks", "failed", f"only {found} of {plan} have a result")
        for state in (self.subject, self.plan, self.found, self.log):
            state.pop(device, None)

    def read(self, lines) -> Guest:
        """All of it."""
        guest = self.guest
        ended = errors = None
        for text in lines:
            text = text.rstrip()
            if match := LINE.match(text):
                guest.seconds = float(match[1])
                self.said = [*self.said[-9:], match[3].strip()]
                self.line(match[2], match[3])
                if match[3].startswith(("behind IOMMU", "no IOMMU")) and not guest.iommu:
                    guest.iommu = match[3]
            elif match := re.search(r"Linux version (\S+) \(\S+\) \((.*)\) #", text):
                guest.kernel, guest.compiler = match.groups()
            elif match := re.search(r"\bguest: end, status (\d+)$", text):
                ended = int(match[1])
            elif match := re.search(r"\bdma-api error_count: (\d+)$", text):
                errors = int(match[1])
        for device in list(self.subject):
            self.finish(device)
        self.whole(ended, errors)
        return guest

    def whole(self, ended, errors):
        """What is said of the guest itself."""
        if not self.guest.checks:
            self.log[""] = self.said
            self.add("", "makes checks", "failed", "the module did not get that far", GUEST)
        if ended is None:
            self.add("", "ends", "failed", "its console stops before its end", GUEST)
        else:
            self.add("", "ends", "failed" if ended else "passed", f"status {ended}", GUEST)
        if errors is not None:
            status = "failed" if errors else "passed"
            self.add("", "no error in the DMA debugger", status, f"error_count {errors}", GUEST)


def read(lines) -> Guest:
    """The lines of a console."""
    return Reader().read(lines)
