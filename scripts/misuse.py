#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Build every misuse in rust/compile_fail/, and see that the compiler refuses it, and nothing else.

Beside each misuse is its right way, which must compile without a warning. What both must look like
is in the files: see Case.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
CASES = TOP / "rust" / "compile_fail"
# Where Kbuild leaves what it built, and what the compiler said.
PRODUCTS = ".build/compile_fail"
OK = "_ok"

HEADER = re.compile(r"// (DMA debugger|In C|Here|Message|Note): (.+)")
HERE = re.compile(r"(does not compile|cannot be expressed)(: .+)?")
# At the end of the line that must be reported, or, with ^, below it.
MARKER = re.compile(r"//~(\^?) ERROR (E\d{4})$")


class MisuseError(Exception):
    """A file that is not as it should be, or a build that told nothing."""


@dataclass(frozen=True)
class Case:
    """One misuse, as its file has it.

    The file begins with what the DMA debugger says of it ("nothing" if it sees nothing), what C code
    does there, and what becomes of it here. If there is a "Message:" or a "Note:", the compiler's must
    have it, " ... " standing for anything. One line is marked: the compiler must report that line,
    with that error, and nothing else.
    """

    name: str
    debugger: str
    in_c: str
    here: str
    message: str
    note: str
    line: int
    code: str

    @property
    def path(self) -> Path:
        """Its file."""
        return CASES / f"{self.name}.rs"


@dataclass(frozen=True)
class RunTime:
    """A misuse that depends on numbers known at run time alone: it returns an error.

    `check` is the name of the check on the device that shows it, and `guest` the name of the guest, in
    the tests' GUESTS, in which it does.
    """

    name: str
    debugger: str
    in_c: str
    check: str
    guest: str = "check_result"


RUN_TIME = (
    RunTime(
        "sync_outside_range",
        "device driver syncs DMA memory outside allocated range",
        "syncs more than it mapped",
        "sync/refused range",
    ),
    RunTime(
        "transfer_outside_range",
        "nothing",
        "gives the device more than it mapped",
        "transfer/refused range",
    ),
    RunTime(
        "map_without_sync",
        "nothing",
        "skips the syncs of the mapping, and does not sync itself",
        "streaming/refused DMA_ATTR_SKIP_CPU_SYNC",
    ),
    RunTime(
        "map_as_registers",
        "nothing",
        "maps memory with the attribute for registers",
        "streaming/refused DMA_ATTR_MMIO",
    ),
    RunTime(
        "partial_cache_line",
        "nothing",
        "maps a part of an allocation that shares its cache line with the rest of the heap",
        "streaming/partial cache line",
        "noncoherent_result",
    ),
    RunTime(
        "addresses_used_up",
        "nothing",
        "does not look for an error, and gives the device DMA_MAPPING_ERROR for an address",
        "limits/addresses used up are refused",
        "selftest_result",
    ),
    RunTime(
        "too_large",
        "nothing",
        "maps more than dma_max_mapping_size(), and takes it for mapped",
        "limits/too large",
        "bounced_result",
    ),
)


@dataclass
class Diagnostic:
    """One error or warning of the compiler."""

    level: str
    code: str
    message: str
    notes: list[str]
    lines: set[tuple[Path, int]]

    def __str__(self):
        where = ", ".join(f"{path.name}:{line}" for path, line in sorted(self.lines))
        return f"{where or 'no line'}: {self.level}{f' {self.code}' if self.code else ''}: {self.message}"


@dataclass
class Built:
    """What became of a file."""

    compiled: bool
    diagnostics: list[Diagnostic] = field(default_factory=list)

    @property
    def errors(self) -> list[Diagnostic]:
        """The diagnostics that are no warnings."""
        return [said for said in self.diagnostics if said.level != "warning"]


def read_case(path: Path) -> Case:
    """The case in a file."""
    lines = path.read_text().splitlines()
    # After the license and an empty line, up to the next empty line.
    header = lines[2 : lines.index("", 2)]
    found = [HEADER.fullmatch(line) for line in header]
    values = {match[1]: match[2] for match in found if match}
    if len(values) != len(header) or list(values)[:3] != ["DMA debugger", "In C", "Here"]:
        raise MisuseError(f"{path}: the header is not DMA debugger, In C, Here and, if wanted, Message and Note")
    if not HERE.fullmatch(values["Here"]):
        raise MisuseError(f"{path}: Here: is neither 'does not compile' nor 'cannot be expressed'")

    markers = [(number, MARKER.search(line)) for number, line in enumerate(lines, 1)]
    markers = [(number - len(match[1]), match[2]) for number, match in markers if match]
    if len(markers) != 1 or sum(line.count("//~") for line in lines) != 1:
        raise MisuseError(f"{path}: one line must be marked '//~ ERROR E....', and no other")

    ((line, code),) = markers
    return Case(
        path.stem,
        values["DMA debugger"],
        values["In C"],
        values["Here"],
        values.get("Message", ""),
        values.get("Note", ""),
        line,
        code,
    )


def cases() -> list[Case]:
    """All cases; each has its right way beside it."""
    names = {path.stem for path in CASES.glob("*.rs")}
    bad = {name for name in names if not name.endswith(OK)}
    for name in sorted(bad ^ {name.removesuffix(OK) for name in names - bad}):
        raise MisuseError(f"{CASES}: {name}.rs and {name}{OK}.rs: one of them is missing")
    if not bad:
        raise MisuseError(f"{CASES}: there is nothing")
    return [read_case(CASES / f"{name}.rs") for name in sorted(bad)]


def read_diagnostics(text: str) -> list[Diagnostic]:
    """The errors and warnings in the compiler's JSON, each once.

    A type that lacks a trait is reported for every part of an expression that needs it.
    """
    result: list[Diagnostic] = []
    for line in text.splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            # Not a diagnostic: the compiler itself has failed.
            result.append(Diagnostic("error", "", line, [], set()))
            continue
        # The last ones only count those before.
        counts = not entry["spans"] and re.match(r"aborting due to |\d+ warnings? emitted", entry["message"])
        if counts or not entry["level"].startswith(("error", "warning")):
            continue
        lines = {(Path(span["file_name"]), span["line_start"]) for span in entry["spans"] if span["is_primary"]}
        code = (entry["code"] or {}).get("code", "")
        same = [said for said in result if (said.code, said.message, said.lines) == (code, entry["message"], lines)]
        if not same:
            notes = [child["message"] for child in entry["children"]]
            result.append(Diagnostic(entry["level"], code, entry["message"], notes, lines))
    return result


def build(kdir: Path, tools: list[str], names: list[str]) -> dict[str, Built]:
    """Build files by their names, all at once."""
    products = TOP / PRODUCTS
    shutil.rmtree(products, ignore_errors=True)
    targets = [f"{PRODUCTS}/{name}.o" for name in names]
    command = ["make", "-C", str(kdir), f"M={TOP}", "--no-print-directory", "-j2", *tools, *targets]
    made = subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if made.returncode != 0:
        raise MisuseError(f"the build of {CASES} failed:\n{made.stdout}")
    return {
        name: Built(
            (products / f"{name}.o").exists(),
            read_diagnostics((products / f"{name}.json").read_text()),
        )
        for name in names
    }


def contains(text: str, wanted: str) -> bool:
    """Whether the parts of `wanted` are in `text`, in order."""
    return re.search(".*".join(map(re.escape, wanted.split(" ... "))), text) is not None


def judge(case: Case, built: Built) -> str:
    """What is wrong with the compiler's verdict on a case; nothing, as it should be."""
    if built.compiled:
        return "it compiles"
    if len(built.errors) != 1:
        return "\n".join([f"{len(built.errors)} errors, not one", *map(str, built.errors)])
    (said,) = built.errors
    if said.code != case.code:
        return f"not {case.code}, but {said}"
    if said.lines != {(case.path, case.line)}:
        return f"not in line {case.line}, but {said}"
    if not contains(said.message, case.message):
        return f"the message is not '{case.message}', but {said}"
    if not any(contains(note, case.note) for note in ["", *said.notes]):
        return f"no note '{case.note}': {said}"
    return ""


def judge_right_way(built: Built) -> str:
    """What the compiler has against the right way; nothing, as it should be."""
    if built.compiled and not built.diagnostics:
        return ""
    return "\n".join(str(diagnostic) for diagnostic in built.diagnostics) or "it does not compile, and nothing says why"


def print_table(rows: list[tuple[str, ...]], out: Callable[[str], None]):
    """Rows of cells, in columns as wide as the terminal has room for."""
    names = max(len(row[0]) for row in rows)
    columns = len(rows[0])
    width = max((shutil.get_terminal_size((160, 0)).columns - names) // (columns - 1) - 2, 20)
    for row in rows:
        cells = [textwrap.wrap(cell, width) for cell in row[1:]]
        for number in range(max(map(len, cells))):
            texts = [cell[number] if number < len(cell) else "" for cell in cells]
            name = row[0] if number == 0 else ""
            out("  ".join([name.ljust(names), *(text.ljust(width) for text in texts)]).rstrip())


def main() -> int:
    """Print the table; the last line is the count."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kdir", type=Path, metavar="KDIR", help="the built kernel")
    parser.add_argument("tools", nargs="*", metavar="VARIABLE=VALUE", help="arguments for the kernel's make")
    arguments = parser.parse_args()

    try:
        found = cases()
        names = [name for case in found for name in (case.name, case.name + OK)]
        built = build(arguments.kdir, arguments.tools, names)
    except (MisuseError, OSError) as error:
        print(f"safe-dma: error: {error}", file=sys.stderr)
        return 1

    rows = [("MISUSE", "THE DMA DEBUGGER", "IN C", "HERE")]
    problems = []
    for case in found:
        wrong = judge(case, built[case.name])
        right_way = judge_right_way(built[case.name + OK])
        problems += [f"{case.path}: {wrong}"] if wrong else []
        problems += [f"{case.path.with_stem(case.name + OK)}: {right_way}"] if right_way else []
        here = "WRONG, see below"
        if not wrong and not right_way:
            (said,) = built[case.name].errors
            here = f"{case.here}. {said.code}: {said.message}"
        rows.append((case.name, case.debugger, case.in_c, here))
    rows += [(row.name, row.debugger, row.in_c, f"returns an error. Check: {row.check}") for row in RUN_TIME]
    print_table(rows, print)

    for problem in problems:
        print(f"\n{problem}")
    failed = {problem.split(":")[0].removesuffix(".rs").removesuffix(OK) for problem in problems}
    print(f"\n{len(RUN_TIME)} more return an error at run time")
    print(f"{len(found) - len(failed)} of {len(found)} misuses do not compile, and their right ways do")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
