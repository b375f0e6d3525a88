# SPDX-License-Identifier: GPL-2.0
"""Each operation takes the way that it must, in each scenario."""

import pytest

import proof
from conftest import judge
from guests import boot_together, find


def pytest_generate_tests(metafunc):
    """A test for each row of the table in each scenario."""
    if "path_result" in metafunc.fixturenames:
        matrix = proof.matrix()
        boot_together(matrix.values())
        cases = [(name, result) for name, which in matrix.items() for result in proof.results(name, which)]
        ids = [f"{name}: {result.name}" for name, result in cases]
        metafunc.parametrize("path_result", [result for _, result in cases], ids=ids)


def test_path(path_result):
    """From the trace of the one call."""
    judge(path_result)


@pytest.mark.parametrize("name", proof.matrix())
def test_another_scenario_has_other_paths(name):
    """What was traced in a scenario is not what the rules want where somebody else translates, or nobody."""
    outcome = proof.guests.booted(*proof.matrix()[name])
    facts = proof.paths.facts_of(find(name).settings())
    if any(line.startswith("paths: cannot") for line in outcome.lines):
        pytest.skip("nothing was traced")
    for translation in proof.paths.FACTS["translation"]:
        # Without an IOMMU all is as with one that passes addresses through.
        if len({translation, facts["translation"]} - {"identity", "none"}) and translation != facts["translation"]:
            results = proof.paths.results(outcome.lines, facts | {"translation": translation})
            assert "failed" in {result.status for result in results}, translation
