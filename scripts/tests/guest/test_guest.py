# SPDX-License-Identifier: GPL-2.0
"""What the guest reports, one test for each of its results."""

import re

import pytest
from conftest import each

from safe_dma.environment import ENV
from safe_dma.guest import stage
from safe_dma.guest.guest import TIME
from safe_dma.guest.plan import SCENARIO, SPECS, find

# Of run.sh and of the module. The DMA debugger looks for mappings that overlap only without bounce buffers.
GUESTS = each(["guest-run", "guest-test", "guest-misuse", "guest-overlap"], first=stage.END)


@pytest.mark.parametrize("name", GUESTS)
def test_results(name, judge_all):
    """The scripts of scripts/selftests, and the module's own checks when it is loaded."""
    judge_all(stage.results(name))


@pytest.mark.boots("scenario-two-devices")
def test_peer():
    """One of the devices had the other compute, through registers that it reached by DMA."""
    lines = stage.outcome("scenario-two-devices").lines
    results = [line for line in lines if "another device's register # " in line]
    assert len(results) == 1
    assert "the other device computed the factorial" in results[0]


@pytest.mark.boots("scenario-two-devices")
def test_results_of_each_device():
    """All results count, and not those of the first device alone."""
    names = [result.name for result in stage.results("scenario-two-devices")]
    for device in ("0000:00:01.0", "0000:00:02.0"):
        assert f"{device}/coherent/bidirectional 4096" in names


@pytest.mark.boots("scenario-two-devices")
def test_shared():
    """One of the devices had coherent memory of the other, and both the same pages at addresses of their own."""
    lines = stage.outcome("scenario-two-devices").lines
    results = [line for line in lines if re.search(r" ok \d+ shared (contiguous )?(to_device|from_device|bidir)", line)]
    assert len(results) == 6
    assert all("dma_get_sgtable" in line for line in results)


@pytest.mark.boots("guest-run")
def test_merged():
    """Pages that are not in a row are one span if an IOMMU translates, and one each if none does."""
    lines = stage.outcome("guest-run").lines
    found = [re.search(r"pages # entries (\d+) spans (\d+) .*?(, one IOVA range)?$", line) for line in lines]
    lists = [match.groups() for match in found if match]
    translates = any(", which translates, " in line for line in lines)
    assert len(lists) == 3 * find(SCENARIO).settings()["devices"]
    assert set(lists) == {("3", "1", ", one IOVA range") if translates else ("3", "3", None)}


@pytest.mark.boots("scenario-noncoherent")
def test_noncoherent():
    """The device is what it is called, and small buffers are bounced for it."""
    lines = stage.outcome("scenario-noncoherent").lines
    assert any(line.endswith(", not cache-coherent") for line in lines)
    if "swiotlb=noforce" in ENV.append:
        pytest.skip("there are no bounce buffers, and kmalloc() needs none")
    assert any("from_device vec 1 bytes" in line and line.endswith("bounce buffer") for line in lines)


@pytest.mark.boots("scenario-bounce-all")
def test_bounced():
    """The buffers were bounced: the device was not given the memory itself."""
    lines = stage.outcome("scenario-bounce-all").lines
    assert any("witness: round trip, bounce buffer" in line for line in lines)
    assert not any("bus address is the physical address" in line for line in lines if "dma_map_" in line)


@pytest.mark.boots("guest-run")
def test_no_error_counted():
    """The DMA debugger saw nothing wrong while the module was loaded, nor when it left."""
    lines = [TIME.sub("", line) for line in stage.outcome("guest-run").lines]
    assert "dma-api error_count: 0" in lines


@pytest.mark.skipif(SPECS["guest-run"].real_time, reason="several processors run in no fixed order")
@pytest.mark.boots("guest-run", "guest-run-again")
def test_two_runs_are_the_same():
    """With one processor every run is the same, line for line, but for the times: a thread of the host computes
    edu's factorials, and takes as long as it takes."""
    first, second = (
        [TIME.sub("", line) for line in stage.outcome(log).lines] for log in ("guest-run", "guest-run-again")
    )
    assert first == second
