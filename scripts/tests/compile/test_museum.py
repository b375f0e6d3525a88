# SPDX-License-Identifier: GPL-2.0
"""Real misuses have the results that their entries state, and wrong entries are found."""

import functools
from dataclasses import replace

import pytest
from conftest import KDIR, TOOLS, TOP, needs

from safe_dma.compile import crates, misuse, museum
from safe_dma.guest import kernel, plan, stage
from safe_dma.guest.ktap import Result

FIXES = museum.read()
COMPILED = [fix for fix in FIXES if fix.right]
CHECKED = [fix for fix in FIXES if fix.check]
# One of those with a file that does not compile, and one that returns an error; both with a twin.
SOME = next(fix for fix in FIXES if fix.wrong and fix.twin)
OTHER = next(fix for fix in CHECKED if fix.twin)
GUESTS = [plan.SMALL.get(name, name) for name in museum.GUESTS]


@functools.cache
def built():
    """Build all files, once in a session."""
    return museum.build(KDIR, TOOLS, FIXES)


@pytest.mark.parametrize("fix", COMPILED, ids=lambda fix: fix.id)
def test_compiler(fix):
    assert museum.judge(fix, built(), [], {}) == ""


@pytest.mark.boots(*GUESTS)
@pytest.mark.parametrize("fix", CHECKED, ids=lambda fix: fix.id)
def test_error(fix):
    if fix.check.startswith("kunit/"):
        needs("KUNIT")
    assert museum.judge(fix, {}, [result for name in GUESTS for result in stage.results(name)], {}) == ""


@pytest.mark.boots(misuse.TWINS_GUEST)
def test_twins_in_c():
    debugger = not kernel.lacks("DMA_API_DEBUG")
    measured = museum.measure(FIXES, stage.results(misuse.TWINS_GUEST), debugger)
    assert {name: twin.problem for name, twin in measured.items() if twin.problem} == {}
    needs("DMA_API_DEBUG")
    assert museum.numbers_in_c(FIXES, measured) == museum.numbers_in_c(FIXES)


def test_there_are_enough():
    assert len(FIXES) >= 40
    assert {fix.verdict for fix in FIXES} == set(museum.VERDICTS)


def test_documentation_is_as_the_entries_are():
    assert museum.TABLE.read_text() == museum.docs(FIXES), "run make museum-docs"
    text = " ".join((TOP / "README.md").read_text().split())
    assert museum.numbers(FIXES) in text
    assert museum.numbers_in_c(FIXES) in text


def entry(fix):
    """Return the entry of a fix, as it is in the file."""
    fields = {name: value for name, value in vars(fix).items() if value and name not in ("kind", "wrong", "right")}
    return {"cve": "", "class": fix.kind, **fields, "twin": fix.twin.name}


def test_entry():
    assert museum.read_fix(entry(SOME)) == SOME
    assert museum.read_fix(entry(OTHER)) == OTHER


@pytest.mark.parametrize(
    ("fix", "changes", "problem"),
    [
        (SOME, {"verdict": "compiles"}, "is none of"),
        (SOME, {"verdict": museum.POSSIBLE, "why": "", "prevention": "a lint"}, "what compiles has no file"),
        (SOME, {"verdict": museum.POSSIBLE}, "'prevention' belongs"),
        (SOME, {"verdict": museum.ERROR}, "'check' belongs"),
        (SOME, {"mistake": "does another thing"}, "'In C:' or 'Here:'"),
        (SOME, {"twin": "free_sise"}, "no row in C: 'free_sise'"),
        (SOME, {"no_twin": "stops the kernel"}, "either 'twin'"),
        (SOME, {"sources": []}, "a source"),
        (SOME, {"id": "v6.12"}, "12 hexadecimal digits"),
        (OTHER, {"verdict": museum.REFUSED, "check": ""}, "is missing"),
        (OTHER, {"length": 1}, "unknown"),
    ],
)
def test_bad_entry(fix, changes, problem):
    with pytest.raises(museum.MuseumError, match=problem):
        museum.read_fix(entry(fix) | changes)


def test_file_of_no_fix(tmp_path):
    (tmp_path / "fixes.toml").write_text("fix = []")
    (tmp_path / "0123456789ab.rs").touch()
    with pytest.raises(museum.MuseumError, match="of no fix"):
        museum.read(tmp_path)


def test_report_counts_what_is_wrong():
    error = crates.Diagnostic("error", SOME.wrong.code, SOME.wrong.message, [], {(SOME.wrong.path, SOME.wrong.line)})
    compiled = {SOME.wrong.path: crates.Built(False, [error]), SOME.right: crates.Built(True)}
    passed = [Result(OTHER.check, "passed", "")]
    in_c = [
        Result(f"misuse/{twin.name}: ", "passed", "", [f"# said: {twin.message}"]) for twin in (SOME.twin, OTHER.twin)
    ]
    lines, good = museum.report([SOME, OTHER], compiled, passed, in_c)
    assert good
    assert lines[-1].endswith("return an error, 0 remain possible, 0 are wrong")
    silent = [replace(result, log=["# said: another message"]) for result in in_c]
    for wrong in (silent, in_c[1:], [*in_c, Result("misuse/unload", "failed")]):
        assert not museum.report([SOME, OTHER], compiled, passed, wrong)[1]
    # The mistake compiles, or with another error, and no guest has run the check.
    for fix, result in [(SOME, crates.Built(True)), (replace(SOME, wrong=replace(SOME.wrong, code="E0000")), None)]:
        other = compiled | ({SOME.wrong.path: result} if result else {})
        lines, good = museum.report([fix, OTHER], other, [], in_c)
        assert not good
        assert lines[-1].endswith("2 are wrong")


def test_report_without_unit_tests():
    unit = next(fix for fix in CHECKED if fix.check.startswith("kunit/"))
    assert museum.report([unit], {}, [], [], False, True)[0][-1].endswith("1 are wrong")
    lines, good = museum.report([replace(unit, twin=None)], {}, [], [], False, False)
    assert good
    assert lines[-2] == f"The checks of 1 fixes were not run: {museum.NO_KUNIT}"
    assert lines[-1].startswith("1 fixes: 0 do not compile, 0 cannot be expressed, 0 return an error")
