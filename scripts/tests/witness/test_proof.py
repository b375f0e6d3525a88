# SPDX-License-Identifier: GPL-2.0
"""In each scenario each operation takes the way that it must, and the SMMU did what the guest says."""

import pytest
from conftest import each

from safe_dma.guest import stage
from safe_dma.guest.plan import find, matrix
from safe_dma.witness import paths, proof


@pytest.mark.parametrize("name", each(matrix(), "scenario-{}", "trace"))
def test_claim(name, judge_all):
    """From QEMU's trace of the SMMU and of the device: a result for each check that made claims."""
    judge_all(proof.claims_report(name).results())


@pytest.mark.parametrize("name", each(matrix(), "scenario-{}"))
def test_claims(name):
    """There are claims, and transfers, whose addresses led to where the claims say."""
    report = proof.claims_report(name)
    print(report.summary())
    assert len(report.claims) > 100
    assert len(report.transfers) > 1000
    assert report.translations > 1000


@pytest.mark.parametrize("name", each(proof.path_scenarios(), "paths-{}", stage.END))
def test_path(name, judge_all):
    """From the trace of the one call: a result for each row of the table."""
    judge_all(proof.path_results(name))


@pytest.mark.parametrize("name", each(proof.path_scenarios(), "paths-{}"))
def test_another_scenario_has_other_paths(name):
    """What was traced in a scenario is not what the rules want where somebody else translates, or nobody."""
    outcome = stage.outcome(f"paths-{name}")
    facts = paths.facts_of(find(name).settings())
    if any(line.startswith("paths: cannot") for line in outcome.lines):
        pytest.skip("nothing was traced")
    for translation in paths.FACTS["translation"]:
        # Without an IOMMU all is as with one that passes addresses through.
        if len({translation, facts["translation"]} - {"identity", "none"}) and translation != facts["translation"]:
            results = paths.results(outcome.lines, facts | {"translation": translation})
            assert "failed" in {result.status for result in results}, translation
