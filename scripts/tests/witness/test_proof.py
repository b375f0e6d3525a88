# SPDX-License-Identifier: GPL-2.0
"""In each scenario each operation takes the way that it must, and the SMMU did what the guest says."""

import pytest
from conftest import judge

from safe_dma.guest.plan import find, matrix
from safe_dma.witness import proof


def pytest_generate_tests(metafunc):
    """A test for each row of the table in each scenario, and one for each check that made claims."""
    for argument, results in (
        ("path_result", proof.path_results),
        ("claim_result", lambda name: proof.claims_report(name).results()),
    ):
        if argument in metafunc.fixturenames:
            cases = [(name, result) for name in matrix() for result in results(name)]
            ids = [f"{name}: {result.name}" for name, result in cases]
            metafunc.parametrize(argument, [result for _, result in cases], ids=ids)


def test_claim(claim_result):
    """From QEMU's trace of the SMMU and of the device."""
    judge(claim_result)


@pytest.mark.parametrize("name", matrix())
def test_claims(name):
    """There are claims, and transfers, whose addresses led to where the claims say."""
    report = proof.claims_report(name)
    print(report.summary())
    assert len(report.claims) > 100
    assert len(report.transfers) > 1000
    assert report.translations > 1000


def test_path(path_result):
    """From the trace of the one call."""
    judge(path_result)


@pytest.mark.parametrize("name", matrix())
def test_another_scenario_has_other_paths(name):
    """What was traced in a scenario is not what the rules want where somebody else translates, or nobody."""
    outcome = proof.guests.booted(*proof.path_guests()[name])
    facts = proof.paths.facts_of(find(name).settings())
    if any(line.startswith("paths: cannot") for line in outcome.lines):
        pytest.skip("nothing was traced")
    for translation in proof.paths.FACTS["translation"]:
        # Without an IOMMU all is as with one that passes addresses through.
        if len({translation, facts["translation"]} - {"identity", "none"}) and translation != facts["translation"]:
            results = proof.paths.results(outcome.lines, facts | {"translation": translation})
            assert "failed" in {result.status for result in results}, translation
