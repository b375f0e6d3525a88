# SPDX-License-Identifier: GPL-2.0
"""Every misuse in rust/compile_fail/ is refused by the compiler, its right way is not, and C has its twin."""

import functools
import os
import re
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import KDIR, LINUX

from safe_dma.compile import crates, misuse, misuse_docs, twins
from safe_dma.guest import ktap
from safe_dma.guest.plan import GUESTS, guest_results

CASES = misuse.cases()
MISUSES = [*CASES, *misuse.RUN_TIME]
TWINS = twins.read_twins()
# With all that a header may have.
SOME = next(case for case in CASES if case.message and case.note)


@functools.cache
def built():
    """What became of all the files, built once in a session."""
    names = [name for case in CASES for name in (case.name, case.name + misuse.OK)]
    return misuse.build(KDIR, os.environ["SAFE_DMA_TOOLS"].splitlines(), names)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_misuse_does_not_compile(case):
    assert misuse.judge(case, built()[case.name]) == ""


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_right_way_compiles(case):
    assert misuse.judge_right_way(built()[case.name + misuse.OK]) == ""


@pytest.mark.parametrize("row", misuse.RUN_TIME, ids=lambda row: row.name)
def test_misuse_returns_an_error(row):
    assert misuse.judge_check(row, guest_results(*GUESTS[row.guest])) == ""


@pytest.mark.parametrize("twin", TWINS, ids=lambda twin: twin.name)
def test_twin_in_c(twin):
    assert twins.measure(twin, guest_results(*GUESTS["misuse_result"])).problem == ""


def test_twins_and_misuses_fit():
    assert twins.join(MISUSES, TWINS)[1] == {}


def test_documentation_is_as_the_files_are():
    text = misuse_docs.FILE.read_text()
    assert text == misuse.docs(CASES, TWINS, text), "make it anew: make misuse-docs"


def test_all_that_the_debugger_says_is_there():
    source = (LINUX / "kernel" / "dma" / "debug.c").read_text()
    calls = re.findall(r'\berr_printk\([^"{]*((?:"[^"]*"\s*)+)', source)
    messages = ["".join(re.findall(r'"([^"]*)"', strings)) for strings in calls]
    # What follows are the figures.
    kinds = {re.split(r" ?\[| %|\\n", message)[0] for message in messages}
    assert len(kinds) > 20
    # What the IOMMU layer says.
    layer = (LINUX / "drivers" / "iommu" / "iommu.c").read_text()
    others = {row.debugger for row in MISUSES} - kinds - {"nothing"}
    assert all(f'pr_err("{message} 0x%lx pa %pa' in layer for message in others)
    assert {row.debugger for row in MISUSES} == kinds | others | {"nothing"}


def said(level="error", code=SOME.code, message=SOME.message, path=SOME.path, line=SOME.line, notes=(SOME.note,)):
    """What the compiler says of SOME, unless told otherwise."""
    return crates.Diagnostic(level, code, message.replace(" ... ", " "), list(notes), {(path, line)})


def test_judge_takes_what_is_expected():
    # The library's own warnings are in the way of the right ways.
    warning = said(level="warning", code="unused_imports", path=Path("rust/dma.rs"))
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


@pytest.mark.parametrize("built", [crates.Built(False), crates.Built(False, [said()]), crates.Built(True, [said()])])
def test_judge_right_way_finds(built):
    assert misuse.judge_right_way(built)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("// In C: ", "// In c: ", "the header"),
        ("// In C: ", "// DMA debugger: ", "the header"),
        ("// Here: does not compile", "// Here: may compile", "Here: "),
        ("//~ ERROR ", "// ERROR ", "one line must be marked"),
        ("//~ ERROR E", "//~ ERROR F", "one line must be marked"),
        ("//~ ERROR ", "//~ ERROR E0001 //~ ERROR ", "one line must be marked"),
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
    with pytest.raises(misuse.MisuseError, match="there is nothing"):
        misuse.cases()


def test_compiler_that_crashes():
    (diagnostic,) = crates.read_diagnostics("thread 'rustc' panicked\n")
    assert misuse.judge(SOME, crates.Built(False, [diagnostic])) != ""


def test_build_that_fails(tmp_path):
    with pytest.raises(crates.BuildError, match="failed"):
        misuse.build(tmp_path, [], [SOME.name])


LONE = twins.Twin("free_size", "device driver frees DMA memory with different size")


def test_documentation_that_is_old():
    text = misuse_docs.FILE.read_text()
    # One that no row in C is the twin of.
    case = next(case for case in CASES if case.name not in twins.join(CASES, TWINS)[0])
    rest = [other for other in CASES if other is not case]
    assert misuse.docs([replace(case, in_c="does another thing"), *rest], TWINS, text) != text
    assert misuse.docs(rest, TWINS, text) != text
    with pytest.raises(twins.TwinError, match="is missing"):
        misuse.docs(CASES, TWINS, text.replace(misuse_docs.MARK, ""))


def test_every_misuse_is_in_the_documentation_once():
    rows = [line for line in misuse_docs.FILE.read_text().splitlines() if line.startswith("//! | ")]
    see = [line.split(" | ")[-1].removesuffix(" |") for line in rows]
    assert sorted(set(see) - {"---", "see"}) == sorted(row.see for row in MISUSES)
    assert len(see) == len(MISUSES) + 2 * see.count("see")


@pytest.mark.parametrize(
    ("misuses", "rows", "problem"),
    [
        ([], [LONE], "the row in C is the twin of no misuse here"),
        ([replace(SOME, name="free_size", debugger=LONE.message)], [], "no row in C"),
        ([replace(SOME, name="free_size", debugger="nothing")], [LONE], "the file has 'nothing', the row in C"),
        ([replace(SOME, debugger="nothing")], [twins.Twin("none", "nothing")], "the twin of no misuse"),
    ],
)
def test_join_finds(misuses, rows, problem):
    (found,) = twins.join(misuses, rows)[1].values()
    assert problem in found


def test_join_by_message():
    """Another name, the same message; the one that stands for it, if it is out of reach."""
    other = replace(SOME, name="another", debugger=LONE.message)
    assert twins.join([other], [LONE]) == ({"another": LONE}, {})
    instead = twins.Twin("free_size", "rejecting", f"instead of: {LONE.message}")
    assert twins.join([other], [instead]) == ({"another": instead}, {})


def measured(twin, *lines):
    """What is measured of a row when the guest prints those lines."""
    text = [
        "KTAP version 1",
        "1..1",
        "    TAP version 13",
        "    1..1",
        *(f"    {line}" for line in lines),
        "ok 1 misuse",
    ]
    return twins.measure(twin, ktap.parse(text, LINUX))


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
    assert twins.verdict(replace(free, name="another"), LONE, ["one"]) == ["one (of free_size)"]
    assert twins.verdict(silent, twins.Twin("silent", "nothing"), ["nothing"]) == ["nothing: it is blind"]
    assert twins.verdict(silent, None, []) == ["(not committed in C) nothing: it is blind"]


@pytest.mark.parametrize("check", ["passed", "failed", "skipped", ""])
def test_judge_check(check):
    row = misuse.RUN_TIME[0]
    results = [ktap.Result(row.check, check, "a reason")] if check else [ktap.Result(f"{row.check} twice", "passed")]
    problem = misuse.judge_check(row, results)
    assert problem == "" if check == "passed" else problem.startswith(f"{row.name}: ")


@pytest.mark.parametrize("columns", [80, 100, 160, 200])
def test_row_is_as_wide_as_the_terminal(monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    lines = []
    row = misuse.Row("a_name", "does this " * 30, ["says that " * 30, "and that"], "and here " * 30)
    misuse.print_row(row, 20, lines.append)
    assert max(map(len, lines)) in range(columns - 10, columns + 1)
    assert " ".join(lines).split().count("that") == 31
    assert [line[:30].split() for line in lines if line[:30].strip()] == [["a_name", "in", "C"], ["debugger"], ["here"]]


def counts(capsys, monkeypatch, change):
    """Whether all is right, and the counts, with the results of each guest changed."""
    monkeypatch.setattr(misuse, "guest_results", lambda *which: change(guest_results(*which)))
    good = misuse.report(CASES, TWINS, built())
    lines = capsys.readouterr().out.splitlines()
    return good, [tuple(map(int, re.match(r"(\d+) of (\d+) ", line).groups())) for line in lines[-3:]]


def test_report(capsys, monkeypatch):
    number = [len(TWINS), len(misuse.RUN_TIME), len(CASES)]
    assert counts(capsys, monkeypatch, lambda results: results) == (True, [(all_, all_) for all_ in number])


def test_report_without_a_result(capsys, monkeypatch):
    gone = (f"misuse/{TWINS[0].name}: ", misuse.RUN_TIME[0].check)
    good, (in_c, run, compiled) = counts(
        capsys, monkeypatch, lambda results: [result for result in results if not result.name.startswith(gone)]
    )
    assert not good
    assert in_c == (len(TWINS) - 1, len(TWINS))
    assert run[0] < run[1] == len(misuse.RUN_TIME)
    assert compiled == (len(CASES), len(CASES))


def test_report_of_a_guest_that_fails(capsys, monkeypatch):
    """Whatever it was, and even if all that is in the table is right."""
    good, _ = counts(capsys, monkeypatch, lambda results: [ktap.Result("the guest's end", "failed", "x"), *results[1:]])
    assert not good
    good, _ = counts(capsys, monkeypatch, lambda results: [*results, ktap.Result("misuse/unload", "failed")])
    assert not good
