#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Show the result of each misuse of the DMA API: of C code in a guest, and with the library.

Each file in rust/compile_fail/ is compiled. A misuse must fail with the one error that the file
names, see Case; the file beside it does the same correctly, and must compile without a warning.
Then guests are booted: one commits the misuses in C, and the DMA debugger must print the messages
that the files name; the others run the checks of the misuses that return an error. `make misuse`
sets the environment.
"""

import argparse
import re
import shutil
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path

from safe_dma import command
from safe_dma.compile import misuse_docs, twins
from safe_dma.compile.crates import Builder, BuildError, Built
from safe_dma.compile.twins import NOTHING, Twin
from safe_dma.environment import ENV
from safe_dma.guest import kernel, stage
from safe_dma.guest.ktap import Result

TOP = Path(__file__).resolve().parents[3]
CASES = TOP / "rust" / "compile_fail"
OK = "_ok"
ERRORS = TOP / "rust" / "misuse" / "errors"

HEADER = re.compile(r"// (DMA debugger|In C|Here|Needs|Message|Note): (.+)")
# The message of the DMA debugger, or "nothing", with or without a reason.
DEBUGGER = re.compile(rf"({NOTHING})(?:: (.+))?|(.+)")
HERE = re.compile(r"(does not compile|cannot be expressed)(: .+)?")
# The first lines of a header.
FIRST = ("DMA debugger", "In C", "Here")
# A marker at the end of the line with the error or, with ^, of the line after it.
MARKER = re.compile(r"//~(\^?) ERROR (E\d{4})$")


# The guest that commits the misuses in C, and those with the checks: only a non-coherent device
# refuses a part of a cache line, only bounce buffers limit the size, and one check is in a
# self-test.
TWINS_GUEST = "guest-misuse"
CHECKED = ("run-noncoherent", "run-bounce-all", "guest-limits")
GUESTS = [TWINS_GUEST, *CHECKED]


class MisuseError(Exception):
    """A malformed file."""


@dataclass(frozen=True)
class Case:
    """A misuse that does not compile, and its file.

    The file begins with the message of the DMA debugger ("nothing" and a reason if it is silent),
    the misuse in C, and its result with the library. "Needs:", "Message:" and "Note:" are optional:
    an option without which the kernel has no such misuse, and parts of the compiler's message and of
    one of its notes, where " ... " matches any text. One line is marked with the code of the only
    error that the compiler must report.
    """

    name: str
    debugger: str
    why: str
    in_c: str
    here: str
    needs: str
    message: str
    note: str
    line: int
    code: str
    directory: Path = CASES

    @property
    def path(self) -> Path:
        """The file."""
        return self.directory / f"{self.name}.rs"

    @property
    def right(self) -> Path:
        """The file that does the same correctly."""
        return self.path.with_stem(self.name + OK)

    @property
    def result(self) -> str:
        """The result with the library."""
        return f"{self.here} ({self.code})"

    @property
    def see(self) -> str:
        """The file's name, for the documentation."""
        return f"`{self.path.name}`"


@dataclass(frozen=True)
class RunTime:
    """A misuse that returns an error, from rust/misuse/errors; the result `check` shows it."""

    name: str
    debugger: str
    why: str
    in_c: str
    check: str

    @property
    def result(self) -> str:
        """The result with the library."""
        return "returns an error"

    @property
    def see(self) -> str:
        """The check, for the documentation."""
        return f"check `{self.check}`"


def read_debugger(text: str) -> tuple[str, str]:
    """Return the message of the DMA debugger, or "nothing", and the reason if it is silent."""
    nothing, why, message = DEBUGGER.fullmatch(text).groups()
    return nothing or message, why or ""


def read_run_time(path: Path = ERRORS) -> list[RunTime]:
    """Read the misuses that return an error."""
    rows = twins.read_rows(path, "NAME, the message, the misuse in C and the CHECK", [4])
    return [RunTime(name, *read_debugger(debugger), in_c, check) for name, debugger, in_c, check in rows]


def read_case(path: Path, first: tuple[str, ...] = FIRST) -> Case:
    """Read the case in a file, whose header begins with the lines `first`."""
    lines = path.read_text().splitlines()
    # From the line after the license and an empty line to the next empty line.
    header = lines[2 : lines.index("", 2)]
    found = [HEADER.fullmatch(line) for line in header]
    values = {match[1]: match[2] for match in found if match}
    if len(values) != len(header) or tuple(values)[: len(first)] != first:
        raise MisuseError(f"{path}: the header is not {', '.join(first)}, and Needs, Message and Note if needed")
    if not HERE.fullmatch(values["Here"]):
        raise MisuseError(f"{path}: Here: is neither 'does not compile' nor 'cannot be expressed'")

    markers = [(number, MARKER.search(line)) for number, line in enumerate(lines, 1)]
    markers = [(number - len(match[1]), match[2]) for number, match in markers if match]
    if len(markers) != 1 or sum(line.count("//~") for line in lines) != 1:
        raise MisuseError(f"{path}: exactly one line must be marked '//~ ERROR E....'")

    ((line, code),) = markers
    return Case(
        path.stem,
        *read_debugger(values.get(FIRST[0], NOTHING)),
        values["In C"],
        values["Here"],
        values.get("Needs", ""),
        values.get("Message", ""),
        values.get("Note", ""),
        line,
        code,
        path.parent,
    )


def cases() -> list[Case]:
    """Read all cases; each has a file that does the same correctly."""
    names = {path.stem for path in CASES.glob("*.rs")}
    bad = {name for name in names if not name.endswith(OK)}
    for name in sorted(bad ^ {name.removesuffix(OK) for name in names - bad}):
        raise MisuseError(f"{CASES}: {name}.rs and {name}{OK}.rs: one of them is missing")
    if not bad:
        raise MisuseError(f"{CASES}: there are no files")
    return [read_case(CASES / f"{name}.rs") for name in sorted(bad)]


def build(kdir: Path, tools: list[str], found: list[Case]) -> dict[Path, Built]:
    """Build the files of the cases for which the kernel has what they need."""
    builder = Builder(TOP, kdir, tools)
    found = [case for case in found if not case.needs or kernel.has(case.needs.removeprefix("CONFIG_"))]
    return builder.build("right_ways", [case.right for case in found], [case.path for case in found])


def contains(text: str, wanted: str) -> bool:
    """Return whether the parts of `wanted` are in `text`, in order."""
    return re.search(".*".join(map(re.escape, wanted.split(" ... "))), text) is not None


def judge(case: Case, built: Built) -> str:
    """Return how the compiler's diagnostics differ from a case; empty if they do not."""
    if built.compiled:
        return "it compiles"
    if len(built.errors) != 1:
        return "\n".join([f"{len(built.errors)} errors, not one", *map(str, built.errors)])
    (error,) = built.errors
    if error.code != case.code:
        return f"not {case.code}, but {error}"
    if error.lines != {(case.path, case.line)}:
        return f"not in line {case.line}, but {error}"
    if not contains(error.message, case.message):
        return f"the message is not '{case.message}', but {error}"
    if not any(contains(note, case.note) for note in ["", *error.notes]):
        return f"no note '{case.note}': {error}"
    return ""


def row_lines(name: str, cells: list[tuple[str, str]], names: int) -> list[str]:
    """Format a misuse for the terminal's width; `names` is the width of the first column.

    Each cell is a label and a text.
    """
    labels = max(len(label) for label, _ in cells)
    width = max(shutil.get_terminal_size((160, 0)).columns - names - labels - 4, 40)
    lines = []
    for label, text in cells:
        for line in textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False):
            lines.append(f"{name:{names}}  {label:{labels}}  {line}")
            name = label = ""
    return lines


def judge_both(case: Case, built: dict[Path, Built]) -> str:
    """Return the problems of both files of a case; empty if there are none, or they were not built."""
    if case.path not in built:
        return ""
    problems = {case.path: judge(case, built[case.path]), case.right: built[case.right].problem}
    return "\n".join(f"{path}: {problem}" for path, problem in problems.items() if problem)


def judge_check(row: RunTime, results: list[Result]) -> str:
    """Return the problem of the check of a misuse that returns an error; empty if there is none.

    At least one guest must run the check, and it must pass in each of them.
    """
    found = [result for result in results if result.name == row.check and result.status != "skipped"]
    if not found:
        return f"{row.name}: no guest has run the check '{row.check}'"
    failed = [result for result in found if result.status != "passed"]
    return "\n".join(line for result in failed for line in (f"{row.name}: {row.check}: {result.reason}", *result.log))


def count(what: str, names: set[str], problems: dict[str, str]) -> str:
    """Return a line of the summary."""
    return f"{len(names - problems.keys())} of {len(names)} {what}"


def report(
    found: list[Case | RunTime],
    rows: list[Twin],
    built: dict[Path, Built],
    in_c: list[Result],
    checked: list[Result],
    debugger: bool = True,
) -> tuple[list[str], bool]:
    """Return the table, the problems and the counts as lines, and whether there is no problem.

    `in_c` has the results of the guest that commits the misuses in C, `checked` those of the other
    guests. `debugger` is whether the kernel has a DMA debugger.
    """
    wrong = {
        misuse.name: judge_check(misuse, checked) if isinstance(misuse, RunTime) else judge_both(misuse, built)
        for misuse in found
    }
    wrong = {name: problem for name, problem in wrong.items() if problem}
    measured = {row.name: twins.measure(row, in_c, debugger) for row in rows}
    joined, bad_twins = twins.join(found, rows, twins.of_fixes())
    bad_twins |= {name: f"{name}, in C: {twin.problem}" for name, twin in measured.items() if twin.problem}

    names = max(len(misuse.name) for misuse in found)
    lines = ["", "For each misuse: the C code, the message of the DMA debugger, the result with the library."]
    for heading, group in misuse_docs.grouped(found, rows).items():
        lines += ["", heading.upper()]
        for misuse in group:
            twin = joined.get(misuse.name)
            said = ["WRONG, see below"]
            if not bad_twins.keys() & {misuse.name, twin.name if twin else ""}:
                said = twins.verdict(misuse, twin, measured[twin.name].said if twin else [])
            if misuse.name in wrong:
                here = "WRONG, see below"
            elif isinstance(misuse, RunTime):
                here = f"returns an error. Check: {misuse.check}, passed"
            elif misuse.path not in built:
                here = f"not compiled: the kernel has no {misuse.needs}"
            else:
                (error,) = built[misuse.path].errors
                here = f"{misuse.here}. {error.code}: {error.message}"
            cells = [("in C", misuse.in_c), ("debugger", said[0]), *(("", text) for text in said[1:]), ("here", here)]
            lines += row_lines(misuse.name, cells, names)

    ends = twins.others(in_c) + [end.reason for end in checked if end.name == stage.END and end.status != "passed"]
    for problem in [*ends, *bad_twins.values(), *wrong.values()]:
        lines += ["", problem]
    run_time = {misuse.name for misuse in found if isinstance(misuse, RunTime)}
    compiled = {misuse.name for misuse in found if misuse.name not in run_time and misuse.path in built}
    in_c_names = {row.name for row in rows} | bad_twins.keys()
    lines += [
        "",
        count("misuses in C have the stated messages", in_c_names, bad_twins)
        if debugger
        else f"0 of {len(in_c_names)} misuses in C were performed: {twins.NO_DEBUGGER}",
        count("misuses return an error at run time", run_time, wrong),
        count("misuses do not compile, and their right ways do", compiled, wrong),
    ]
    return lines, not (ends or bad_twins or wrong)


def docs(found: list[Case | RunTime], rows: list[Twin], text: str) -> str:
    """Return the text of the documentation with its table regenerated."""
    joined, problems = twins.join(found, rows, twins.of_fixes())
    if problems:
        raise twins.TwinError("\n".join(problems.values()))
    return misuse_docs.whole(text, misuse_docs.table(found, joined, rows))


def main() -> int:
    """Print the table; the last lines are the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--docs", action="store_true", help=f"regenerate the table in {misuse_docs.FILE.name} and exit")
    arguments = parser.parse_args()

    try:
        found, run_time, rows = cases(), read_run_time(), twins.read_twins()
        misuses = [*found, *run_time]
        if arguments.docs:
            misuse_docs.FILE.write_text(docs(misuses, rows, misuse_docs.FILE.read_text()))
            return 0
        print(f"safe-dma: compiling {2 * len(found)} files", file=sys.stderr, flush=True)
        built = build(ENV.kdir, ENV.tools, found)
        stage.boot_together(GUESTS)
        checked = [result for name in CHECKED for result in stage.results(name)]
        debugger = not kernel.lacks("DMA_API_DEBUG")
        lines, good = report(misuses, rows, built, stage.results(TWINS_GUEST), checked, debugger)
        print("\n".join(lines))
        return 0 if good else 1
    except (MisuseError, BuildError, twins.TwinError, OSError) as error:
        print(f"safe-dma: error: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    command.run(main)
