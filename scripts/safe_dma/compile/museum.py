#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Show the result of real misuses of the DMA API with the library: those that mainline has fixed.

rust/museum/fixes.toml has the fixes. ID.rs makes the same mistake with the library, in the form of
the files in rust/compile_fail/, and must fail with the one error that it names; ID_ok.rs is the
fixed form, and must compile without a warning. Where a mistake cannot be expressed there may be
only ID_ok.rs, in which the plain translation is correct. Guests run the checks of the mistakes that
return an error, and one makes the mistakes in C, with the rows of rust/misuse/rows that are their
twins. `make museum` sets the environment.
"""

import argparse
import functools
import sys
import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from safe_dma import command
from safe_dma.compile import misuse, twins
from safe_dma.compile.crates import Builder, BuildError, Built
from safe_dma.compile.twins import NOTHING, Measured, Twin
from safe_dma.environment import ENV, TOP
from safe_dma.guest import kernel, stage
from safe_dma.guest.ktap import Result

MUSEUM = TOP / "rust" / "museum"
# The whole file is generated.
TABLE = MUSEUM / "table.md"
REFUSED, INEXPRESSIBLE, ERROR, POSSIBLE = VERDICTS = (
    "does not compile",
    "cannot be expressed",
    "returns an error",
    "possible",
)
# Those of several fixes, in a sentence.
PLURAL = dict(
    zip(VERDICTS, ("do not compile", "cannot be expressed", "return an error", "remain possible"), strict=True)
)
# The guests with the checks; the last one also runs the unit tests.
GUESTS = ("run-noncoherent", "run-bounce-all", "guest-test")
NO_KUNIT = "this kernel has no CONFIG_KUNIT"


class MuseumError(Exception):
    """A malformed entry."""


# The names are those in the file.
@dataclass(frozen=True)
class Fix:
    """A fix in mainline.

    `year_from` and `seen` say how the year is known, and what of the fix: the message, the diff.
    `twin` makes the mistake in C; without one, `no_twin` is what it would do to the guest.
    `why` is the reason for the verdict; instead, what would prevent a misuse that is possible is
    `prevention`. `check` is the result of a guest that shows the error.
    """

    id: str
    subject: str
    year: int
    year_from: str
    driver: str
    cve: str
    kind: str
    mistake: str
    verdict: str
    seen: str
    sources: list[str]
    why: str = ""
    prevention: str = ""
    twin: Twin | None = None
    no_twin: str = ""
    check: str = ""
    wrong: misuse.Case | None = None
    right: Path | None = None

    def said(self, message: str) -> str:
        """Return what the DMA debugger says, with the twin that provokes the message."""
        return f"{message} ({self.twin.name})" if self.twin else f"(not committed in C: {self.no_twin})"

    @property
    def result(self) -> str:
        """The verdict, with the compiler's error, and the reason."""
        code = f" ({self.wrong.code})" if self.wrong else ""
        return f"{self.verdict}{code}: {self.why or f'what would prevent it: {self.prevention}'}"


@functools.cache
def rows() -> dict[str, Twin]:
    """Return the misuses in C by name."""
    return {twin.name: twin for twin in twins.read_twins()}


def read_fix(entry: dict, directory: Path = MUSEUM) -> Fix:
    """Return an entry of the file, with its files."""
    name = entry.get("id", "")
    wrong, right = directory / f"{name}.rs", directory / f"{name}{misuse.OK}.rs"
    try:
        fix = Fix(
            kind=entry.pop("class"),
            wrong=misuse.read_case(wrong, misuse.FIRST[1:]) if wrong.exists() else None,
            right=right if right.exists() else None,
            twin=rows()[entry.pop("twin")] if "twin" in entry else None,
            **entry,
        )
    except (KeyError, TypeError) as error:
        raise MuseumError(f"{name}: a field is missing or unknown, or no row in C: {error}") from None
    if fix.verdict not in VERDICTS:
        raise MuseumError(f"{name}: '{fix.verdict}' is none of {VERDICTS}")
    if len(fix.id) != 12 or not set(fix.id) <= set("0123456789abcdef") or not fix.sources:
        raise MuseumError(f"{name}: 12 hexadecimal digits and a source are needed")
    if (fix.verdict == POSSIBLE) != bool(fix.prevention) or (fix.verdict == POSSIBLE) == bool(fix.why):
        raise MuseumError(f"{name}: 'prevention' belongs to what is possible, and 'why' to the others")
    if bool(fix.twin) == bool(fix.no_twin):
        raise MuseumError(f"{name}: either 'twin' or 'no_twin' is needed")
    if (fix.verdict == ERROR) != bool(fix.check):
        raise MuseumError(f"{name}: 'check' belongs to what returns an error")
    if (fix.wrong or fix.right) and fix.verdict in (ERROR, POSSIBLE):
        raise MuseumError(f"{name}: what compiles has no file")
    if (fix.verdict == REFUSED and not fix.wrong) or (fix.wrong and not fix.right):
        raise MuseumError(f"{name}: {wrong.name} or {right.name} is missing")
    if fix.wrong and (fix.wrong.in_c, fix.wrong.here) != (fix.mistake, fix.verdict):
        raise MuseumError(f"{wrong}: 'In C:' or 'Here:' is not as in the entry")
    return fix


def read(directory: Path = MUSEUM) -> list[Fix]:
    """Read all fixes, by class and year."""
    entries = tomllib.loads((directory / "fixes.toml").read_text())["fix"]
    fixes = [read_fix(entry, directory) for entry in entries]
    for name, count in Counter(fix.id for fix in fixes).items():
        if count > 1:
            raise MuseumError(f"{name} is there {count} times")
    known = {path for fix in fixes for path in (fix.wrong and fix.wrong.path, fix.right)}
    for path in sorted(set(directory.glob("*.rs")) - known):
        raise MuseumError(f"{path} is of no fix")
    return sorted(fixes, key=lambda fix: (fix.kind, fix.year, fix.id))


def build(kdir: Path, tools: list[str], fixes: list[Fix]) -> dict[Path, Built]:
    """Build the files of the fixes."""
    right, wrong = [fix.right for fix in fixes if fix.right], [fix.wrong.path for fix in fixes if fix.wrong]
    return Builder(TOP, kdir, tools).build("fixed_forms", right, wrong)


def measure(fixes: list[Fix], in_c: list[Result], debugger: bool) -> dict[str, Measured]:
    """Return the messages for each twin, by name, from the guest that makes the mistakes in C."""
    names = {fix.twin.name: fix.twin for fix in fixes if fix.twin}
    return {name: twins.measure(twin, in_c, debugger) for name, twin in names.items()}


def judge(fix: Fix, built: dict[Path, Built], checked: list[Result], measured: dict[str, Measured]) -> str:
    """Return the problems of a fix; empty if there are none."""
    problems = {f"{fix.twin.name}, in C": measured[fix.twin.name].problem} if fix.twin and measured else {}
    if fix.wrong:
        problems[fix.wrong.path.name] = misuse.judge(fix.wrong, built[fix.wrong.path])
    if fix.right:
        problems[fix.right.name] = built[fix.right].problem
    if fix.check:
        row = misuse.RunTime(fix.id, "", "", fix.mistake, fix.check)
        problems[fix.check] = misuse.judge_check(row, checked)
    return "\n".join(f"{where}: {problem}" for where, problem in problems.items() if problem)


def numbers(fixes: list[Fix]) -> str:
    """Return the number of fixes with each verdict."""
    counts = Counter(fix.verdict for fix in fixes)
    return ", ".join(f"{counts[verdict]} {PLURAL[verdict]}" for verdict in VERDICTS)


def numbers_in_c(fixes: list[Fix], measured: dict[str, Measured] | None = None) -> str:
    """Return the number of fixes with a twin by the verdict of the DMA debugger, as stated or measured."""
    found = [fix.twin for fix in fixes if fix.twin]
    silent = [twin for twin in found if (measured[twin.name].said == [NOTHING] if measured else twin.silent)]
    return (
        f"{len(found)} have a twin in C: the DMA debugger reports {len(found) - len(silent)} "
        f"and is silent about {len(silent)}; {len(fixes) - len(found)} have none"
    )


def docs(fixes: list[Fix]) -> str:
    """Return the text of the documentation."""
    lines = [
        "# Misuses that mainline has fixed",
        "",
        f"Generated by `make museum-docs`. Of {len(fixes)}, {numbers(fixes)}. {numbers_in_c(fixes)}.",
    ]
    for kind in dict.fromkeys(fix.kind for fix in fixes):
        lines += [
            "",
            f"## {kind[0].upper()}{kind[1:]}",
            "",
            "| fix | in C | DMA debugger | here |",
            "| --- | --- | --- | --- |",
        ]
        for fix in (fix for fix in fixes if fix.kind == kind):
            name = f"[{fix.id}]({(fix.wrong.path if fix.wrong else fix.right).name})" if fix.right else fix.id
            head = ", ".join(filter(None, [name, str(fix.year), fix.driver, fix.cve]))
            cells = [head, fix.mistake, fix.said(fix.twin.debugger if fix.twin else ""), fix.result]
            lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return "".join(f"{line}\n" for line in lines)


def table(title: str, fixes: list[Fix], key) -> list[str]:
    """Return a table of the verdicts by what `key` returns."""
    counts = Counter((key(fix), fix.verdict) for fix in fixes)
    rows = sorted({key(fix) for fix in fixes})
    width = max(len(str(row)) for row in [title, *rows])
    lines = ["", "  ".join([f"{title:{width}}", *VERDICTS, "all"])]
    for row in rows:
        cells = [f"{counts[row, verdict] or '':>{len(verdict)}}" for verdict in VERDICTS]
        lines.append("  ".join([f"{row!s:{width}}", *cells, f"{sum(counts[row, verdict] for verdict in VERDICTS):3}"]))
    return lines


def report(
    fixes: list[Fix],
    built: dict[Path, Built],
    checked: list[Result],
    in_c: list[Result],
    debugger: bool = True,
    kunit: bool = True,
) -> tuple[list[str], bool]:
    """Return the tables, the problems and the counts as lines, and whether there is no problem.

    `in_c` has the results of the guest that makes the mistakes in C, `checked` those of the other
    guests. `debugger` and `kunit` are whether the kernel has a DMA debugger and unit tests.
    """
    measured = measure(fixes, in_c, debugger)
    skipped = [] if kunit else [fix for fix in fixes if fix.check.startswith("kunit/")]
    problems = {fix.id: judge(fix, built, checked, measured) for fix in fixes if fix not in skipped}
    problems = {name: problem for name, problem in problems.items() if problem}
    lines = []
    for kind in dict.fromkeys(fix.kind for fix in fixes):
        lines += ["", kind.upper()]
        for fix in (fix for fix in fixes if fix.kind == kind):
            here = "WRONG, see below" if fix.id in problems else fix.result
            here = f"(check not run: {NO_KUNIT}) {fix.result}" if fix in skipped else here
            head = " ".join(filter(None, [str(fix.year), fix.cve, fix.subject]))
            said = fix.said(" ".join(measured[fix.twin.name].said) if fix.twin else "")
            lines += misuse.row_lines(
                fix.id, [("fix", head), (fix.driver, fix.mistake), ("debugger", said), ("here", here)], 12
            )
    ends = twins.others(in_c)
    for problem in [*ends, *(f"{name}: {problem}" for name, problem in problems.items())]:
        lines += ["", problem]
    lines += table("class", fixes, lambda fix: fix.kind) + table("year", fixes, lambda fix: fix.year) + [""]
    right = [fix for fix in fixes if fix.id not in problems and fix not in skipped]
    lines.append(
        f"{len(fixes)} fixes: {numbers_in_c(right, measured)}"
        if debugger
        else f"No twin in C was measured: {twins.NO_DEBUGGER}"
    )
    if skipped:
        lines.append(f"The checks of {len(skipped)} fixes were not run: {NO_KUNIT}")
    lines.append(f"{len(fixes)} fixes: {numbers(right)}, {len(problems)} are wrong")
    return lines, not (ends or problems)


def main() -> int:
    """Print the tables; the last line has the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--docs", action="store_true", help=f"generate {TABLE.name} and exit")
    arguments = parser.parse_args()
    try:
        fixes = read()
        if arguments.docs:
            TABLE.write_text(docs(fixes))
            return 0
        print(f"safe-dma: compiling the forms of {len(fixes)} fixes", file=sys.stderr, flush=True)
        built = build(ENV.kdir, ENV.tools, fixes)
        stage.boot_together([misuse.TWINS_GUEST, *GUESTS])
        checked = [result for name in GUESTS for result in stage.results(name)]
        in_c = stage.results(misuse.TWINS_GUEST)
        has = [not kernel.lacks(option) for option in ("DMA_API_DEBUG", "KUNIT")]
        lines, good = report(fixes, built, checked, in_c, *has)
        print("\n".join(lines))
        return 0 if good else 1
    except (MuseumError, misuse.MisuseError, BuildError, twins.TwinError, OSError) as error:
        print(f"safe-dma: error: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    command.run(main)
