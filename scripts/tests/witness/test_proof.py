# SPDX-License-Identifier: GPL-2.0
"""Check the path of each operation, and the claims about the SMMU, in each scenario."""

import pytest
from conftest import each

from safe_dma.guest import stage
from safe_dma.guest.plan import find, matrix
from safe_dma.witness import paths, proof


@pytest.mark.parametrize("name", each(matrix(), "scenario-{}", "trace"))
def test_claim(name, judge_all):
    """Judge the claims of each check by QEMU's trace of the SMMU and of the device."""
    judge_all(proof.claims_report(name).results())


@pytest.mark.parametrize("name", each(matrix(), "scenario-{}"))
def test_claims(name):
    """Check that there are claims, transfers and confirmed translations."""
    report = proof.claims_report(name)
    print(report.summary())
    assert len(report.claims) > 100
    assert len(report.transfers) > 1000
    assert report.translations > 1000


@pytest.mark.parametrize("name", each(proof.path_scenarios(), "paths-{}", stage.END))
def test_path(name, judge_all):
    """Judge each row of the table by the trace of its call."""
    judge_all(proof.path_results(name))


@pytest.mark.parametrize("name", each(proof.path_scenarios(), "paths-{}"))
def test_another_scenario_has_other_paths(name):
    """Check that the traces of a scenario break the rules of another translation."""
    outcome = stage.outcome(f"paths-{name}")
    facts = paths.facts_of(find(name).settings())
    if any(line.startswith("paths: cannot") for line in outcome.lines):
        pytest.skip("nothing was traced")
    for translation in paths.FACTS["translation"]:
        # Without an IOMMU the paths are those of identity.
        if len({translation, facts["translation"]} - {"identity", "none"}) and translation != facts["translation"]:
            results = paths.results(outcome.lines, facts | {"translation": translation})
            assert "failed" in {result.status for result in results}, translation
