# SPDX-License-Identifier: GPL-2.0
"""Test that the guest runs every unit test in the source."""

import re

import pytest
from conftest import TOP, needs

from safe_dma.guest import stage

SUITE = re.compile(r"^#\[kunit_tests\((\w+)\)\]$", re.MULTILINE)
CASE = re.compile(r"^    #\[test\]\n(?:    #\[.*\]\n)*    fn (\w+)\(", re.MULTILINE)


def in_source():
    """Return the cases in the source as suite/case; a suite is at the end of its file."""
    found = []
    for path in sorted((TOP / "rust").rglob("*.rs")):
        suite = SUITE.search(text := path.read_text())
        if suite:
            cases = CASE.findall(text, suite.end())
            assert len(cases) == text.count("#[test]"), f"{path}: a test that is not seen here"
            found += [f"{suite[1]}/{case}" for case in cases]
    return found


@pytest.mark.boots("guest-test")
def test_every_case_has_a_result():
    """Check that the guest has run all cases: it knows only the suites that the kernel found."""
    results = [result for result in stage.results("guest-test") if result.name.startswith("kunit")]
    if [result.status for result in results] == ["skipped"]:
        needs("KUNIT")
    ran = {result.name.removeprefix("kunit/") for result in results if result.name.count("/") == 2}
    assert ran
    assert ran ^ set(in_source()) == set()
