# SPDX-License-Identifier: GPL-2.0
"""The misuses of misuse.ko in C, their twins in Rust, and the messages of the DMA debugger."""

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from safe_dma.guest.ktap import Result

RUST = Path(__file__).resolve().parents[3] / "rust"
TABLE = RUST / "misuse" / "rows"
# The misuses that mainline has fixed, see museum.py.
FIXES = RUST / "museum" / "fixes.toml"
NOTHING = "nothing"
# A note: the debugger's message cannot be reached, and another is printed.
INSTEAD = "instead of: "
# The name of a result of misuse.sh, which prints the messages before it.
RESULT = re.compile(r"misuse/(\w+): ")
SAID = "# said: "
# The reason of a result of misuse.sh.
NO_DEBUGGER = "this kernel has no CONFIG_DMA_API_DEBUG"


class TwinError(Exception):
    """A malformed table."""


@dataclass(frozen=True)
class Twin:
    """A row of rust/misuse/rows; see there."""

    name: str
    message: str
    note: str = ""

    @property
    def debugger(self) -> str:
        """The debugger's message that the row stands for."""
        return self.note.removeprefix(INSTEAD) if self.note.startswith(INSTEAD) else self.message

    @property
    def silent(self) -> bool:
        """Whether the debugger is silent in the guest that commits the misuse."""
        return self.message == NOTHING or self.note == "silent: arm64"


@dataclass
class Measured:
    """The messages for a row in the guest, and the problem with them; empty if there is none."""

    said: list[str] = field(default_factory=list)
    problem: str = ""


def read_rows(path: Path, form: str, lengths: list[int]) -> list[list[str]]:
    """Read a table of fields between tabs, the first a name; `lengths` are numbers of fields."""
    rows: list[list[str]] = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if line.startswith("#"):
            continue
        fields = line.split("\t")
        if len(fields) not in lengths or not all(fields) or fields[0] in {row[0] for row in rows}:
            raise TwinError(f"{path}:{number}: not a new {form}, separated by tabs")
        rows.append(fields)
    return rows


def read_twins(path: Path = TABLE) -> list[Twin]:
    """Read the misuses in C."""
    return [Twin(*row) for row in read_rows(path, "NAME, the MESSAGE and optionally a NOTE", [2, 3])]


def of_fixes() -> set[str]:
    """Return the names of the rows that are twins of misuses that mainline has fixed."""
    return {fix["twin"] for fix in tomllib.loads(FIXES.read_text())["fix"] if "twin" in fix}


def join(misuses, twins: list[Twin], fixes: set[str]) -> tuple[dict[str, Twin], dict[str, str]]:
    """Return the twin of each misuse that has one, and the mismatches, both by name.

    A twin has the name of the misuse, or else its message. A misuse without a message needs none.
    `fixes` has the names of the rows that are twins of fixes in mainline.
    """
    by_name = {twin.name: twin for twin in twins}
    by_message = {twin.debugger: twin for twin in reversed(twins) if twin.debugger != NOTHING}
    joined = {}
    problems = {}
    for misuse in misuses:
        twin = by_name.get(misuse.name, by_message.get(misuse.debugger))
        if twin is None:
            if misuse.debugger != NOTHING:
                problems[misuse.name] = f"{misuse.name}: no row in C has the message '{misuse.debugger}'"
            continue
        joined[misuse.name] = twin
        if twin.debugger != misuse.debugger:
            problems[misuse.name] = f"{misuse.name}: the file has '{misuse.debugger}', the row in C '{twin.debugger}'"
    taken = {twin.name for twin in joined.values()} | fixes
    for twin in twins:
        if twin.name not in taken:
            problems[twin.name] = f"{twin.name}: the row in C is the twin of no misuse or fix here"
    return joined, problems


def measure(twin: Twin, results: list[Result], debugger: bool = True) -> Measured:
    """Read the messages for a row from the guest's results, which skip it without a debugger."""
    found = [result for result in results if (match := RESULT.match(result.name)) and match[1] == twin.name]
    if len(found) != 1:
        return Measured(problem=f"{len(found)} results in the guest, not one")
    (result,) = found
    if not debugger:
        skipped = (result.status, result.reason) == ("skipped", NO_DEBUGGER)
        return Measured([NO_DEBUGGER], "" if skipped else f"{result.status} {result.reason}, but {NO_DEBUGGER}")
    said = [line.strip().removeprefix(SAID) for line in result.log if line.strip().startswith(SAID)]
    if result.status != "passed":
        return Measured(said, "\n".join([f"{result.status} {result.reason}".strip(), *result.log]))
    if twin.silent:
        return Measured(said, "" if said == [NOTHING] else f"not silence, but {said}")
    own = [line for line in said if line.startswith(twin.message)]
    # Its own message comes first.
    said = own + [line for line in said if line not in own]
    return Measured(said, "" if own else f"not '{twin.message}', but {said}")


def others(results: list[Result]) -> list[str]:
    """Return the other results that did not pass in the guest that commits the rows."""
    return [
        f"{result.name}: {result.status} {result.reason}".strip()
        for result in results
        if result.status != "passed" and not RESULT.match(result.name)
    ]


def verdict(misuse, twin: Twin | None, said: list[str]) -> list[str]:
    """Return the debugger's messages for a misuse in C, with remarks."""
    why = f": {misuse.why}" if misuse.why else ""
    if twin is None:
        return [f"(not committed in C) nothing{why}"]
    if said == [NO_DEBUGGER]:
        return said
    if twin.note == "silent: arm64":
        why = f" on arm64, where the kernel image is not in the linear map; elsewhere: {twin.message}"
    elif twin.note == "said by: iommu_map()":
        why = " (from iommu_map(); the debugger is silent)"
    elif twin.debugger != twin.message:
        why = f" (from dma_map_single(), before the debugger's message: {twin.debugger})"
    elif twin.name != misuse.name:
        why = f" (for {twin.name})"
    first, *more = said
    return [f"{first}{why}", *more]
