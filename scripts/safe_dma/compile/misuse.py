#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Show what becomes of each misuse of the DMA API: in C, and here.

Every misuse in rust/compile_fail/ is built: the compiler must refuse it, and nothing else. Beside it
is its right way, which must compile without a warning. What both must look like is in the files: see
Case. Then guests are booted: one commits the twins in C, and it must say what the files say; others
have the checks of what returns an error. `make misuse` calls this with all that it needs.
"""

import argparse
import os
import re
import shutil
import sys
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from safe_dma.compile import crates, misuse_docs, twins
from safe_dma.compile.crates import BuildError, Built
from safe_dma.compile.twins import NOTHING, Twin
from safe_dma.guest.ktap import Result
from safe_dma.guest.plan import GUESTS, guest_results

TOP = Path(__file__).resolve().parents[3]
CASES = TOP / "rust" / "compile_fail"
OK = "_ok"

HEADER = re.compile(r"// (DMA debugger|In C|Here|Message|Note): (.+)")
# What the DMA debugger says: its message, or nothing and, if wanted, why.
DEBUGGER = re.compile(rf"({NOTHING})(?:: (.+))?|(.+)")
HERE = re.compile(r"(does not compile|cannot be expressed)(: .+)?")
# At the end of the line that must be reported, or, with ^, below it.
MARKER = re.compile(r"//~(\^?) ERROR (E\d{4})$")


class MisuseError(Exception):
    """A file that is not as it should be."""


@dataclass(frozen=True)
class Case:
    """One misuse, as its file has it.

    The file begins with what the DMA debugger says of it ("nothing" if it sees nothing, and why), what C
    code does there, and what becomes of it here. If there is a "Message:" or a "Note:", the compiler's must
    have it, " ... " standing for anything. One line is marked: the compiler must report that line,
    with that error, and nothing else.
    """

    name: str
    debugger: str
    why: str
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

    @property
    def result(self) -> str:
        """What becomes of it."""
        return f"{self.here} ({self.code})"

    @property
    def see(self) -> str:
        """Where to read on."""
        return f"`{self.path.name}`"


@dataclass(frozen=True)
class RunTime:
    """A misuse that depends on numbers known at run time alone: it returns an error.

    `check` is the name of the result that shows it, and `guest` that of the guest which has it.
    """

    name: str
    debugger: str
    in_c: str
    check: str
    guest: str = "check_result"
    why: str = ""

    @property
    def result(self) -> str:
        """What becomes of it."""
        return "returns an error"

    @property
    def see(self) -> str:
        """Where to read on."""
        return f"check `{self.check}`"


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
        why="it does not see what the device does",
    ),
    RunTime(
        "map_without_sync",
        "nothing",
        "skips the syncs of the mapping, and does not sync itself",
        "streaming/refused DMA_ATTR_SKIP_CPU_SYNC",
        why="it does not miss what is not called",
    ),
    RunTime(
        "iommu_map_unaligned",
        "unaligned: iova",
        "maps a size that is not of whole pages",
        "iova/refused in the middle",
    ),
    RunTime(
        "resource_at_any_address",
        "dma_map_resource called for RAM address",
        "takes the address of memory for that of registers",
        "resource/refused RAM",
    ),
    RunTime(
        "map_as_registers",
        "dma_map_resource called for RAM address",
        "maps memory with the attribute for registers",
        "streaming/refused DMA_ATTR_MMIO",
    ),
    RunTime(
        "partial_cache_line",
        "nothing",
        "maps a part of an allocation that shares its cache line with the rest of the heap",
        "streaming/partial cache line",
        "noncoherent_result",
        "it knows what is mapped, and not what lies beside it",
    ),
    RunTime(
        "shared_uncached",
        "nothing",
        "maps coherent memory that the CPU has uncached for a second device, as if it were cached",
        "coherent/shared refused",
        "noncoherent_result",
        "it does not know how the CPU has the memory",
    ),
    RunTime(
        "addresses_used_up",
        "nothing",
        "does not look for an error, and gives the device DMA_MAPPING_ERROR for an address",
        "limits/addresses used up are refused",
        "selftest_result",
        "it has no account of a mapping that was not made",
    ),
    RunTime(
        "too_large",
        "nothing",
        "maps more than dma_max_mapping_size(), and takes it for mapped",
        "limits/too large",
        "bounced_result",
        "it has no account of a mapping that was not made",
    ),
    RunTime(
        "noncontiguous_too_long",
        "mapping sg segment longer than device claims to support",
        "allocates non-contiguous memory that is more than the device takes as one segment",
        "pages/refused segment",
    ),
    RunTime(
        "pages_size",
        "nothing",
        "allocates a number of elements whose size overflows, and has less memory than it believes",
        "pages/refused size",
        why="it does not know what size was meant",
    ),
)


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
    nothing, why, message = DEBUGGER.fullmatch(values["DMA debugger"]).groups()
    return Case(
        path.stem,
        nothing or message,
        why or "",
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


def build(kdir: Path, tools: list[str], names: list[str]) -> dict[str, Built]:
    """Build files by their names: all right ways in one crate, and misuses with those that have the same error.

    The compiler finds errors of one code at one stage of its work, so that none keeps it from another.
    """
    lists: dict[str, list[Path]] = {}
    for name in names:
        path = CASES / f"{name}.rs"
        lists.setdefault("" if name.endswith(OK) else read_case(path).code, []).append(path)
    built = crates.build(TOP, kdir, tools, "misuse", list(lists.values()))
    return {path.stem: result for path, result in built.items()}


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


@dataclass
class Row:
    """What is printed of a misuse."""

    name: str
    in_c: str
    debugger: list[str]
    here: str


def print_row(row: Row, names: int, out: Callable[[str], None]):
    """A row in lines as wide as the terminal; `names` is the width of the first column."""
    labels = len("debugger")
    width = max(shutil.get_terminal_size((160, 0)).columns - names - labels - 4, 40)
    name = row.name
    for label, texts in (("in C", [row.in_c]), ("debugger", row.debugger), ("here", [row.here])):
        shown = label
        for text in texts:
            for line in textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False):
                out(f"{name:{names}}  {shown:{labels}}  {line}")
                name = shown = ""


def judge_both(case: Case, built: dict[str, Built]) -> str:
    """What is wrong with the compiler's verdict on a case and on its right way; nothing, as it should be."""
    wrong = {case.path: judge(case, built[case.name])}
    wrong[case.path.with_stem(case.name + OK)] = judge_right_way(built[case.name + OK])
    return "\n".join(f"{path}: {text}" for path, text in wrong.items() if text)


def judge_check(row: RunTime, results: list[Result]) -> str:
    """What is wrong with the check of a misuse that returns an error; nothing, as it should be."""
    found = [result for result in results if result.name == row.check]
    if len(found) != 1:
        return f"{row.name}: the guest has {len(found)} results named '{row.check}', not one"
    (result,) = found
    if result.status != "passed":
        return "\n".join([f"{row.name}: {row.check}: {result.status} {result.reason}".rstrip(), *result.log])
    return ""


def count(what: str, names: set[str], problems: dict[str, str]) -> str:
    """The line that says how many are right."""
    return f"{len(names - problems.keys())} of {len(names)} {what}"


def report(found: list[Case], rows: list[Twin], built: dict[str, Built]) -> bool:
    """Print the table, what is wrong with it, and the counts; whether all is right."""
    misuses = [*found, *RUN_TIME]
    compiled = {case.name: wrong for case in found if (wrong := judge_both(case, built))}
    guests = {name: guest_results(*GUESTS[name]) for name in ["misuse_result", *(row.guest for row in RUN_TIME)]}
    run = {row.name: wrong for row in RUN_TIME if (wrong := judge_check(row, guests[row.guest]))}

    results = guests.pop("misuse_result")
    measured = {row.name: twins.measure(row, results) for row in rows}
    joined, in_c = twins.join(misuses, rows)
    in_c |= {name: f"{name}, in C: {said.problem}" for name, said in measured.items() if said.problem}

    names = max(len(misuse.name) for misuse in misuses)
    print("\nFor each: what C code does, what the DMA debugger said of it in the guest, what becomes of it here.")
    for heading, group in misuse_docs.grouped(misuses, rows).items():
        print(f"\n{heading.upper()}")
        for misuse in group:
            twin = joined.get(misuse.name)
            said = ["WRONG, see below"]
            if not in_c.keys() & {misuse.name, twin.name if twin else ""}:
                said = twins.verdict(misuse, twin, measured[twin.name].said if twin else [])
            if misuse.name in compiled or misuse.name in run:
                here = "WRONG, see below"
            elif isinstance(misuse, RunTime):
                here = f"returns an error. Check: {misuse.check}, passed"
            else:
                (error,) = built[misuse.name].errors
                here = f"{misuse.here}. {error.code}: {error.message}"
            print_row(Row(misuse.name, misuse.in_c, said, here), names, print)

    ends = twins.others(results)
    ends += [f"{end.name}: {end.reason}" for end, *_ in guests.values() if end.status != "passed"]
    for problem in [*ends, *in_c.values(), *compiled.values(), *run.values()]:
        print(f"\n{problem}")
    twin_names = {row.name for row in rows} | in_c.keys()
    print(f"\n{count('twins in C: the debugger said what the files say', twin_names, in_c)}")
    print(count("misuses return an error at run time", {row.name for row in RUN_TIME}, run))
    print(count("misuses do not compile, and their right ways do", {case.name for case in found}, compiled))
    return not (ends or in_c or compiled or run)


def docs(found: list[Case], rows: list[Twin], text: str) -> str:
    """The text of the documentation with its table made anew."""
    misuses = [*found, *RUN_TIME]
    joined, problems = twins.join(misuses, rows)
    if problems:
        raise twins.TwinError("\n".join(problems.values()))
    return misuse_docs.whole(text, misuse_docs.table(misuses, joined, rows))


def main() -> int:
    """Print the table; the last lines are the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--docs", action="store_true", help=f"write the table in {misuse_docs.FILE.name} anew, and do nothing else"
    )
    arguments = parser.parse_args()
    if not arguments.docs and "SAFE_DMA_KDIR" not in os.environ:
        parser.error("call it with 'make misuse'")

    try:
        found = cases()
        rows = twins.read_twins()
        if arguments.docs:
            misuse_docs.FILE.write_text(docs(found, rows, misuse_docs.FILE.read_text()))
            return 0
        names = [name for case in found for name in (case.name, case.name + OK)]
        print(f"safe-dma: compiling {len(names)} files", file=sys.stderr, flush=True)
        built = build(Path(os.environ["SAFE_DMA_KDIR"]), os.environ["SAFE_DMA_TOOLS"].splitlines(), names)
        return 0 if report(found, rows, built) else 1
    except (MisuseError, BuildError, twins.TwinError, OSError) as error:
        print(f"safe-dma: error: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
