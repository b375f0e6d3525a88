# SPDX-License-Identifier: GPL-2.0
"""The misuses that misuse.ko commits in C, what each is the twin of, and what was said of it."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from safe_dma.guest.ktap import Result

TABLE = Path(__file__).resolve().parents[3] / "rust" / "misuse" / "rows"
NOTHING = "nothing"
# The debugger's own message is out of reach, and another comes instead.
INSTEAD = "instead of: "
# The script's results are named so, and it prints what was said before each of them.
RESULT = re.compile(r"misuse/(\w+): ")
SAID = "# said: "


class TwinError(Exception):
    """A table that is not as it should be."""


@dataclass(frozen=True)
class Twin:
    """A row of the table; see there."""

    name: str
    message: str
    note: str = ""

    @property
    def debugger(self) -> str:
        """The debugger's message that the row stands for."""
        return self.note.removeprefix(INSTEAD) if self.note.startswith(INSTEAD) else self.message

    @property
    def silent(self) -> bool:
        """Nothing is said of it in the guest that commits it."""
        return self.message == NOTHING or self.note == "silent: arm64"


@dataclass
class Measured:
    """What was said of a row in the guest, and what is wrong with that; nothing, as it should be."""

    said: list[str] = field(default_factory=list)
    problem: str = ""


def read_twins(path: Path = TABLE) -> list[Twin]:
    """The rows of the table, in its order."""
    twins = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if line.startswith("#"):
            continue
        fields = line.split("\t")
        if len(fields) not in (2, 3) or not all(fields) or fields[0] in {twin.name for twin in twins}:
            raise TwinError(f"{path}:{number}: not a new NAME, the MESSAGE and, if wanted, a NOTE, with tabs between")
        twins.append(Twin(*fields))
    return twins


def join(misuses, twins: list[Twin]) -> tuple[dict[str, Twin], dict[str, str]]:
    """The twin of each misuse that has one, and what does not fit, both by name.

    A twin has the misuse's name, or else its message. What the debugger says nothing of needs none.
    """
    by_name = {twin.name: twin for twin in twins}
    by_message = {twin.debugger: twin for twin in reversed(twins) if twin.debugger != NOTHING}
    joined = {}
    problems = {}
    for misuse in misuses:
        twin = by_name.get(misuse.name, by_message.get(misuse.debugger))
        if twin is None:
            if misuse.debugger != NOTHING:
                problems[misuse.name] = f"{misuse.name}: no row in C makes the debugger say '{misuse.debugger}'"
            continue
        joined[misuse.name] = twin
        if twin.debugger != misuse.debugger:
            problems[misuse.name] = f"{misuse.name}: the file has '{misuse.debugger}', the row in C '{twin.debugger}'"
    taken = {twin.name for twin in joined.values()}
    for twin in twins:
        if twin.name not in taken:
            problems[twin.name] = f"{twin.name}: the row in C is the twin of no misuse here"
    return joined, problems


def measure(twin: Twin, results: list[Result]) -> Measured:
    """What the guest's results have of a row."""
    found = [result for result in results if (match := RESULT.match(result.name)) and match[1] == twin.name]
    if len(found) != 1:
        return Measured(problem=f"{len(found)} results in the guest, not one")
    (result,) = found
    said = [line.strip().removeprefix(SAID) for line in result.log if line.strip().startswith(SAID)]
    if result.status != "passed":
        return Measured(said, "\n".join([f"{result.status} {result.reason}".strip(), *result.log]))
    if twin.silent:
        return Measured(said, "" if said == [NOTHING] else f"not silence, but {said}")
    own = [line for line in said if line.startswith(twin.message)]
    # Its own message before what comes with it.
    said = own + [line for line in said if line not in own]
    return Measured(said, "" if own else f"not '{twin.message}', but {said}")


def others(results: list[Result]) -> list[str]:
    """What else is not as it should be in the guest that commits the rows."""
    return [
        f"{result.name}: {result.status} {result.reason}".strip()
        for result in results
        if result.status != "passed" and not RESULT.match(result.name)
    ]


def verdict(misuse, twin: Twin | None, said: list[str]) -> list[str]:
    """What the debugger said of a misuse in C, as lines of text."""
    why = f": {misuse.why}" if misuse.why else ""
    if twin is None:
        return [f"(not committed in C) nothing{why}"]
    if twin.note == "silent: arm64":
        why = f" on arm64: it looks in the linear map for the kernel's image, which is elsewhere; else: {twin.message}"
    elif twin.note == "said by: iommu_map()":
        why = " (iommu_map() itself; the debugger sees nothing)"
    elif twin.debugger != twin.message:
        why = f" (dma_map_single() itself; the debugger would have said: {twin.debugger})"
    elif twin.name != misuse.name:
        why = f" (of {twin.name})"
    first, *more = said
    return [f"{first}{why}", *more]
