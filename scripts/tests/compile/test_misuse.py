# SPDX-License-Identifier: GPL-2.0
"""Misuses do not compile, their right ways do, and the messages in C are as stated."""

import functools
import re
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import KDIR, LINUX, TOOLS, needs

from safe_dma.compile import crates, misuse, misuse_docs, twins
from safe_dma.guest import kernel, ktap, plan, stage

CASES = misuse.cases()
RUN_TIME = misuse.read_run_time()
MISUSES = [*CASES, *RUN_TIME]
TWINS = twins.read_twins()
# A case with all fields of a header.
SOME = next(case for case in CASES if case.message and case.note)
CHECKED = [plan.SMALL[name] for name in misuse.CHECKED]


@functools.cache
def built():
    """Build all files, once in a session."""
    return misuse.build(KDIR, TOOLS, CASES)


def skip_unless_built(case):
    """Skip the test if the kernel lacks what the case needs."""
    if case.path not in built():
        pytest.skip(f"the kernel has no {case.needs}")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_misuse_does_not_compile(case):
    skip_unless_built(case)
    assert misuse.judge(case, built()[case.path]) == ""


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_right_way_compiles(case):
    skip_unless_built(case)
    assert built()[case.right].problem == ""


def checked():
    """Return the results of the guests with the checks."""
    return [result for name in CHECKED for result in stage.results(name)]


@pytest.mark.boots(*CHECKED)
@pytest.mark.parametrize("row", RUN_TIME, ids=lambda row: row.name)
def test_misuse_returns_an_error(row):
    assert misuse.judge_check(row, checked()) == ""


def has_debugger():
    """Return whether the kernel has a DMA debugger; a kernel of ours always has one."""
    return not kernel.lacks("DMA_API_DEBUG")


@pytest.mark.boots(misuse.TWINS_GUEST)
@pytest.mark.parametrize("twin", TWINS, ids=lambda twin: twin.name)
def test_twin_in_c(twin):
    assert twins.measure(twin, stage.results(misuse.TWINS_GUEST), has_debugger()).problem == ""
    needs("DMA_API_DEBUG")


def test_twins_and_misuses_fit():
    assert twins.join(MISUSES, TWINS, twins.of_fixes())[1] == {}


def test_documentation_is_as_the_files_are():
    text = misuse_docs.FILE.read_text()
    assert text == misuse.docs(MISUSES, TWINS, text), "run make misuse-docs"


def test_all_that_the_debugger_says_is_there():
    source = (LINUX / "kernel" / "dma" / "debug.c").read_text()
    calls = re.findall(r'\berr_printk\([^"{]*((?:"[^"]*"\s*)+)', source)
    messages = ["".join(re.findall(r'"([^"]*)"', strings)) for strings in calls]
    # The values follow.
    kinds = {re.split(r" ?\[| %|\\n", message)[0] for message in messages}
    assert len(kinds) > 20
    # The message of the IOMMU layer.
    layer = (LINUX / "drivers" / "iommu" / "iommu.c").read_text()
    others = {row.debugger for row in MISUSES} - kinds - {"nothing"}
    assert all(f'pr_err("{message} 0x%lx pa %pa' in layer for message in others)
    assert {row.debugger for row in MISUSES} == kinds | others | {"nothing"}


def said(level="error", code=SOME.code, message=SOME.message, path=SOME.path, line=SOME.line, notes=(SOME.note,)):
    """Return a diagnostic, by default the one that SOME expects."""
    return crates.Diagnostic(level, code, message.replace(" ... ", " "), list(notes), {(path, line)})


def test_judge_takes_what_is_expected():
    warning = said(level="warning", code="unused_imports")
    assert misuse.judge(SOME, crates.Built(False, [warning, said()])) == ""


@pytest.mark.parametrize(
    ("built", "problem"),
    [
        (crates.Built(True), "it compiles"),
        (crates.Built(True, [said(level="warning")]), "it compiles"),
        (crates.Built(False), "0 errors"),
        (crates.Built(False, [said(level="warning")]), "0 errors"),
        (crates.Built(False, [said(), said(line=SOME.line + 1)]), "2 errors"),
        (crates.Built(False, [said(code="E0433")]), f"not {SOME.code}"),
        (crates.Built(False, [said(code="")]), f"not {SOME.code}"),
        (crates.Built(False, [said(line=SOME.line - 1)]), f"not in line {SOME.line}"),
        (crates.Built(False, [said(path=Path("rust/dma.rs"))]), f"not in line {SOME.line}"),
        (crates.Built(False, [said(message="mismatched types")]), "the message is not"),
        (crates.Built(False, [said(notes=())]), "no note"),
    ],
)
def test_judge_finds(built, problem):
    assert misuse.judge(SOME, built).startswith(problem)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("// In C: ", "// In c: ", "the header"),
        ("// In C: ", "// DMA debugger: ", "the header"),
        ("// Here: does not compile", "// Here: may compile", "Here: "),
        ("//~ ERROR ", "// ERROR ", "exactly one line must be marked"),
        ("//~ ERROR E", "//~ ERROR F", "exactly one line must be marked"),
        ("//~ ERROR ", "//~ ERROR E0001 //~ ERROR ", "exactly one line must be marked"),
    ],
)
def test_bad_case(tmp_path, old, new, problem):
    text = SOME.path.read_text()
    assert old in text
    path = tmp_path / "case.rs"
    path.write_text(text.replace(old, new))
    with pytest.raises(misuse.MisuseError, match=problem):
        misuse.read_case(path)


@pytest.mark.parametrize("name", ["case.rs", "case_ok.rs"])
def test_half_a_case(tmp_path, monkeypatch, name):
    (tmp_path / name).write_text(SOME.path.read_text())
    monkeypatch.setattr(misuse, "CASES", tmp_path)
    with pytest.raises(misuse.MisuseError, match="one of them is missing"):
        misuse.cases()


def test_no_case(tmp_path, monkeypatch):
    monkeypatch.setattr(misuse, "CASES", tmp_path)
    with pytest.raises(misuse.MisuseError, match="there are no files"):
        misuse.cases()


LONE = twins.Twin("free_size", "device driver frees DMA memory with different size")


def test_documentation_that_is_old():
    text = misuse_docs.FILE.read_text()
    # A case that no row in C has.
    case = next(case for case in CASES if case.name not in twins.join(CASES, TWINS, set())[0])
    rest = [other for other in MISUSES if other is not case]
    assert misuse.docs([replace(case, in_c="does another thing"), *rest], TWINS, text) != text
    assert misuse.docs(rest, TWINS, text) != text
    with pytest.raises(twins.TwinError, match="is missing"):
        misuse.docs(MISUSES, TWINS, text.replace(misuse_docs.MARK, ""))


def test_every_misuse_is_in_the_documentation_once():
    rows = [line for line in misuse_docs.FILE.read_text().splitlines() if line.startswith("| ")]
    see = [line.split(" | ")[-1].removesuffix(" |") for line in rows]
    assert sorted(set(see) - {"---", "see"}) == sorted(row.see for row in MISUSES)
    assert len(see) == len(MISUSES) + 2 * see.count("see")


@pytest.mark.parametrize(
    ("misuses", "rows", "problem"),
    [
        ([], [LONE], "the row in C is the twin of no misuse or fix here"),
        ([replace(SOME, name="free_size", debugger=LONE.message)], [], "no row in C"),
        ([replace(SOME, name="free_size", debugger="nothing")], [LONE], "the file has 'nothing', the row in C"),
        ([replace(SOME, debugger="nothing")], [twins.Twin("none", "nothing")], "the twin of no misuse"),
    ],
)
def test_join_finds(misuses, rows, problem):
    (found,) = twins.join(misuses, rows, set())[1].values()
    assert problem in found


def test_join_takes_the_twin_of_a_fix():
    assert twins.join([], [LONE], {LONE.name}) == ({}, {})


def test_join_by_message():
    """A twin of another name has the same message, or the note that its message stands for it."""
    other = replace(SOME, name="another", debugger=LONE.message)
    assert twins.join([other], [LONE], set()) == ({"another": LONE}, {})
    instead = twins.Twin("free_size", "rejecting", f"instead of: {LONE.message}")
    assert twins.join([other], [instead], set()) == ({"another": instead}, {})


def measured(twin, *lines, debugger=True):
    """Measure a row with the lines of a guest."""
    text = [
        "KTAP version 1",
        "1..1",
        "    TAP version 13",
        "    1..1",
        *(f"    {line}" for line in lines),
        "ok 1 misuse",
    ]
    return twins.measure(twin, ktap.read(text), debugger)


def test_measure_takes_what_is_expected():
    own = f"{LONE.message} [map size=1024 bytes] [unmap size=512 bytes]"
    lines = ("# said: another message", f"# said: {own}", "# complaints: 2", "ok 1 free_size: a message")
    assert measured(LONE, *lines) == twins.Measured([own, "another message"])
    assert measured(replace(LONE, message="nothing"), "# said: nothing", "ok 1 free_size: nothing").problem == ""


@pytest.mark.parametrize(
    ("message", "note", "lines", "problem"),
    [
        (LONE.message, "", ["ok 1 free_direction: a message"], "0 results"),
        (LONE.message, "", [f"# said: {LONE.message}", "not ok 1 free_size: a message"], "failed"),
        (LONE.message, "", [f"# said: {LONE.message}", "ok 1 free_size: a message # SKIP refused"], "skipped"),
        (LONE.message, "", ["ok 1 free_size: a message"], "not 'device driver frees"),
        (LONE.message, "", ["# said: nothing", "ok 1 free_size: a message"], "not 'device driver frees"),
        (LONE.message, "", [f"# said: a {LONE.message}", "ok 1 free_size: a message"], "not 'device driver frees"),
        ("nothing", "", ["ok 1 free_size: nothing"], "not silence"),
        ("nothing", "", [f"# said: {LONE.message}", "ok 1 free_size: nothing"], "not silence"),
        (LONE.message, "silent: arm64", [f"# said: {LONE.message}", "ok 1 free_size: nothing"], "not silence"),
    ],
)
def test_measure_finds(message, note, lines, problem):
    assert measured(twins.Twin("free_size", message, note), *lines).problem.startswith(problem)


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ([f"ok 1 free_size: {twins.NO_DEBUGGER} # SKIP"], ""),
        (["ok 1 free_direction: a message"], "0 results"),
        (["ok 1 free_size: refused, as no IOMMU translates # SKIP"], "skipped refused"),
        ([f"# said: {LONE.message}", "ok 1 free_size: a message"], "passed"),
        (["not ok 1 free_size: a message"], "failed"),
    ],
)
def test_measure_without_a_debugger(lines, problem):
    """Check that a row must be skipped for this reason, which elsewhere is a failure."""
    found = measured(LONE, *lines, debugger=False).problem
    assert found.startswith(problem)
    assert bool(found) == bool(problem)
    assert measured(LONE, *lines).problem or problem == "passed"


@pytest.mark.parametrize(
    "line", ["name", "name\t", "name\tmessage\tnote\tmore", "\tmessage", "name message", "free_size\tmessage"]
)
def test_bad_twins(tmp_path, line):
    path = tmp_path / "rows"
    path.write_text(f"# a comment\nfree_size\tmessage\n{line}\n")
    with pytest.raises(twins.TwinError, match=":3: not a new NAME"):
        twins.read_twins(path)


def test_verdict():
    free = replace(SOME, name="free_size", debugger=LONE.message, why="")
    silent = replace(SOME, name="silent", debugger="nothing", why="it is blind")
    assert twins.verdict(free, LONE, ["one", "two"]) == ["one", "two"]
    assert twins.verdict(replace(free, name="another"), LONE, ["one"]) == ["one (for free_size)"]
    assert twins.verdict(silent, twins.Twin("silent", "nothing"), ["nothing"]) == ["nothing: it is blind"]
    assert twins.verdict(replace(free, name="another"), LONE, [twins.NO_DEBUGGER]) == [twins.NO_DEBUGGER]
    assert twins.verdict(silent, None, []) == ["(not committed in C) nothing: it is blind"]


@pytest.mark.parametrize(
    ("statuses", "problem"),
    [
        (["passed", "skipped"], ""),
        (["passed", "failed"], f"{RUN_TIME[0].name}: {RUN_TIME[0].check}: a reason"),
        (["skipped"], f"{RUN_TIME[0].name}: no guest"),
        ([], f"{RUN_TIME[0].name}: no guest"),
    ],
)
def test_judge_check(statuses, problem):
    results = [ktap.Result(RUN_TIME[0].check, status, "a reason") for status in statuses]
    found = misuse.judge_check(RUN_TIME[0], [ktap.Result("another", "passed"), *results])
    assert found.startswith(problem)
    assert bool(found) == bool(problem)


@pytest.mark.parametrize("columns", [80, 100, 160, 200])
def test_row_is_as_wide_as_the_terminal(monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    cells = [("in C", "does this " * 30), ("debugger", "says that " * 30), ("", "and that"), ("here", "and here " * 30)]
    lines = misuse.row_lines("a_name", cells, 20)
    assert max(map(len, lines)) in range(columns - 10, columns + 1)
    assert " ".join(lines).split().count("that") == 31
    assert [line[:30].split() for line in lines if line[:30].strip()] == [["a_name", "in", "C"], ["debugger"], ["here"]]


def counts(change=lambda results: results):
    """Return whether a report has no problem, and its counts, with results changed."""
    in_c = change(stage.results(misuse.TWINS_GUEST))
    lines, good = misuse.report(MISUSES, TWINS, built(), in_c, change(checked()), has_debugger())
    return good, [tuple(map(int, re.match(r"(\d+) of (\d+) ", line).groups())) for line in lines[-3:]]


@pytest.mark.boots(misuse.TWINS_GUEST, *CHECKED)
def test_report():
    in_c = len(TWINS) if has_debugger() else 0
    compiled = sum(case.path in built() for case in CASES)
    assert counts() == (True, [(in_c, len(TWINS)), *((number, number) for number in (len(RUN_TIME), compiled))])


@pytest.mark.boots(misuse.TWINS_GUEST, *CHECKED)
def test_report_without_a_result():
    gone = (f"misuse/{TWINS[0].name}: ", RUN_TIME[0].check)
    good, (in_c, run, compiled) = counts(
        lambda results: [result for result in results if not result.name.startswith(gone)]
    )
    assert not good
    assert in_c == (len(TWINS) - 1 if has_debugger() else 0, len(TWINS))
    assert run[0] < run[1] == len(RUN_TIME)
    assert compiled == (sum(case.path in built() for case in CASES),) * 2


@pytest.mark.boots(misuse.TWINS_GUEST, *CHECKED)
def test_report_of_a_guest_that_fails():
    """Any failure counts, even if the whole table is right."""
    assert not counts(lambda results: [ktap.Result(stage.END, "failed", "x"), *results[1:]])[0]
    assert not counts(lambda results: [*results, ktap.Result("misuse/unload", "failed")])[0]
