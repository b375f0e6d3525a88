# SPDX-License-Identifier: GPL-2.0
"""Every misuse in rust/compile_fail/ is refused by the compiler, and its right way is not."""

import functools
import os
import re
from pathlib import Path

import pytest

import misuse
from conftest import GUESTS, KDIR, LINUX, guest_results, judge

CASES = misuse.cases()
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
    # A subject that is skipped as a whole is one result.
    names = (row.check, row.check.partition("/")[0])
    found = [result for result in guest_results(*GUESTS[row.guest]) if result.name in names]
    assert len(found) == 1
    judge(found[0])


def test_all_that_the_debugger_says_is_there():
    source = (LINUX / "kernel" / "dma" / "debug.c").read_text()
    calls = re.findall(r'\berr_printk\([^"{]*((?:"[^"]*"\s*)+)', source)
    messages = ["".join(re.findall(r'"([^"]*)"', strings)) for strings in calls]
    # What follows are the figures.
    kinds = {re.split(r" ?\[| %|\\n", message)[0] for message in messages}
    assert len(kinds) > 20
    assert {row.debugger for row in (*CASES, *misuse.RUN_TIME)} == kinds | {"nothing"}


def said(level="error", code=SOME.code, message=SOME.message, path=SOME.path, line=SOME.line, notes=(SOME.note,)):
    """What the compiler says of SOME, unless told otherwise."""
    return misuse.Diagnostic(level, code, message.replace(" ... ", " "), list(notes), {(path, line)})


def test_judge_takes_what_is_expected():
    # The library's own warnings are in the way of the right ways.
    warning = said(level="warning", code="unused_imports", path=Path("rust/dma.rs"))
    assert misuse.judge(SOME, misuse.Built(False, [warning, said()])) == ""


@pytest.mark.parametrize(
    ("built", "problem"),
    [
        (misuse.Built(True), "it compiles"),
        (misuse.Built(True, [said(level="warning")]), "it compiles"),
        (misuse.Built(False), "0 errors"),
        (misuse.Built(False, [said(level="warning")]), "0 errors"),
        (misuse.Built(False, [said(), said(line=SOME.line + 1)]), "2 errors"),
        (misuse.Built(False, [said(code="E0433")]), f"not {SOME.code}"),
        (misuse.Built(False, [said(code="")]), f"not {SOME.code}"),
        (misuse.Built(False, [said(line=SOME.line - 1)]), f"not in line {SOME.line}"),
        (misuse.Built(False, [said(path=Path("rust/dma.rs"))]), f"not in line {SOME.line}"),
        (misuse.Built(False, [said(message="mismatched types")]), "the message is not"),
        (misuse.Built(False, [said(notes=())]), "no note"),
    ],
)
def test_judge_finds(built, problem):
    assert misuse.judge(SOME, built).startswith(problem)


@pytest.mark.parametrize("built", [misuse.Built(False), misuse.Built(False, [said()]), misuse.Built(True, [said()])])
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
    (diagnostic,) = misuse.read_diagnostics("thread 'rustc' panicked\n")
    assert misuse.judge(SOME, misuse.Built(False, [diagnostic])) != ""


def test_build_that_fails(tmp_path):
    with pytest.raises(misuse.MisuseError, match="failed"):
        misuse.build(tmp_path, [], [SOME.name])
