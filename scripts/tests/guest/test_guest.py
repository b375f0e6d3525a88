# SPDX-License-Identifier: GPL-2.0
"""Test the results that guests report, each as a test of its own."""

import re

import pytest
from conftest import each, needs

from safe_dma.environment import ENV
from safe_dma.guest import stage
from safe_dma.guest.guest import TIME
from safe_dma.guest.plan import SCENARIO, SPECS, find

# A count that depends on the moments at which threads preempt each other.
PREEMPTED = re.compile(r"(?<= ended by another thread )\d+$")

# Guests with the results of run.sh and of the module. The DMA debugger detects overlapping mappings
# only without bounce buffers.
GUESTS = each(["guest-run", "guest-test", "guest-misuse", "guest-overlap"], first=stage.END)


@pytest.mark.parametrize("name", GUESTS)
def test_results(name, judge_all):
    """Judge the scripts of scripts/selftests, and the checks that the module runs."""
    judge_all(stage.results(name))


@pytest.mark.boots("scenario-two-devices")
def test_peer():
    """Check that one device made the other compute, by DMA to its registers."""
    lines = stage.outcome("scenario-two-devices").lines
    results = [line for line in lines if "another device's register # " in line]
    assert len(results) == 1
    assert "the other device computed the factorial" in results[0]


@pytest.mark.boots("scenario-two-devices")
def test_results_of_each_device():
    """Check that the results of all devices are read."""
    names = [result.name for result in stage.results("scenario-two-devices")]
    for device in ("0000:00:01.0", "0000:00:02.0"):
        assert f"{device}/coherent/bidirectional 4096" in names


@pytest.mark.boots("scenario-two-devices")
def test_shared():
    """Check that one device mapped coherent memory of the other, each at its own address."""
    lines = stage.outcome("scenario-two-devices").lines
    results = [line for line in lines if re.search(r" ok \d+ shared (contiguous )?(to_device|from_device|bidir)", line)]
    assert len(results) == 6
    assert all("dma_get_sgtable" in line for line in results)


@pytest.mark.boots("guest-run")
def test_merged():
    """Check that scattered pages are one span behind an IOMMU, and one span each without."""
    lists = [
        re.fullmatch(r"pieces (\d+) ranges (\d+) .*?(, one IOVA range)?", result.evidence).groups()
        for result in stage.results("guest-run")
        if result.parent == "sg" and result.case.endswith(" pages")
    ]
    translates = any(", which translates, " in line for line in stage.outcome("guest-run").lines)
    assert len(lists) == 3 * find(SCENARIO).settings()["devices"]
    assert set(lists) == {("3", "1", ", one IOVA range") if translates else ("3", "3", None)}


@pytest.mark.boots("scenario-noncoherent")
def test_noncoherent():
    """Check that the device is not coherent, and that small buffers are bounced for it."""
    lines = stage.outcome("scenario-noncoherent").lines
    assert any(line.endswith(", not cache-coherent") for line in lines)
    if "swiotlb=noforce" in ENV.append:
        pytest.skip("there are no bounce buffers, and kmalloc() needs none")
    assert any("from_device vec 1 bytes" in line and line.endswith("bounce buffer") for line in lines)


@pytest.mark.boots("scenario-bounce-all")
def test_bounced():
    """Check that all buffers were bounced."""
    lines = stage.outcome("scenario-bounce-all").lines
    assert any("witness: round trip, bounce buffer" in line for line in lines)
    assert not any("bus address is the physical address" in line for line in lines if "dma_map_" in line)


@pytest.mark.boots("guest-run")
def test_no_error_counted():
    """Check that the DMA debugger counted no error, also after the module was unloaded."""
    needs("DMA_API_DEBUG")
    lines = [TIME.sub("", line) for line in stage.outcome("guest-run").lines]
    assert "dma-api error_count: 0" in lines


@pytest.mark.skipif(SPECS["guest-run"].real_time, reason="several processors run in no fixed order")
@pytest.mark.boots("guest-run", "guest-run-again")
def test_two_runs_are_the_same():
    """Check that two runs with one processor print the same lines, without time stamps.

    Times differ because edu computes factorials in a thread of the host, and with them the moments
    at which one thread of `concurrency` preempts another.
    """
    first, second = (
        [PREEMPTED.sub("", TIME.sub("", line)) for line in stage.outcome(log).lines]
        for log in ("guest-run", "guest-run-again")
    )
    assert first == second
