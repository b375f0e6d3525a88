# SPDX-License-Identifier: GPL-2.0
"""What the guest reports, one test for each of its results."""

import os
import re

import pytest
from conftest import judge

from safe_dma.guest.plan import GUESTS, SCENARIO, TIME, booted, find, guest_results


def test_selftests(selftest_result):
    """The scripts of scripts/selftests."""
    judge(selftest_result)


def test_selftests_without_swiotlb(overlap_result):
    """The same: the DMA debugger looks for mappings that overlap only without bounce buffers."""
    judge(overlap_result)


def test_misuses(misuse_result):
    """The guest that `make misuse` boots."""
    judge(misuse_result)


def test_checks(check_result):
    """The module's own checks, when it is loaded."""
    judge(check_result)


def test_peer():
    """One of the devices had the other compute, through registers that it reached by DMA."""
    lines = booted(*GUESTS["peer_result"]).lines
    results = [line for line in lines if "another device's register # " in line]
    assert len(results) == 2
    assert sum("the other device computed the factorial" in line for line in results) == 1
    assert sum("SKIP the driver has no other device yet" in line for line in results) == 1


def test_results_of_each_device():
    """All results count, and not those of the first device alone."""
    names = [result.name for result in guest_results(*GUESTS["peer_result"])]
    for device in ("0000:00:01.0", "0000:00:02.0"):
        assert f"{device}/coherent/bidirectional 4096" in names


def test_shared():
    """One of the devices had coherent memory of the other, and both the same pages at addresses of their own."""
    lines = booted(*GUESTS["peer_result"]).lines
    results = [line for line in lines if re.search(r" ok \d+ shared (contiguous )?(to_device|from_device|bidir)", line)]
    assert len(results) == 2 * 6
    assert sum("SKIP the driver has no other device yet" in line for line in results) == 6
    assert sum("dma_get_sgtable" in line for line in results) == 6


def test_merged():
    """Pages that are not in a row are one span if an IOMMU translates, and one each if none does."""
    lines = booted(*GUESTS["check_result"]).lines
    found = [re.search(r"pages # entries (\d+) spans (\d+) .*?(, one IOVA range)?$", line) for line in lines]
    lists = [match.groups() for match in found if match]
    translates = any(", which translates, " in line for line in lines)
    assert len(lists) == 3 * find(SCENARIO).settings()["devices"]
    assert set(lists) == {("3", "1", ", one IOVA range") if translates else ("3", "3", None)}


def test_noncoherent():
    """The device is what it is called, and small buffers are bounced for it."""
    lines = booted(*GUESTS["noncoherent_result"]).lines
    assert any(line.endswith(", not cache-coherent") for line in lines)
    if "swiotlb=noforce" in os.environ["APPEND"]:
        pytest.skip("there are no bounce buffers, and kmalloc() needs none")
    assert any("from_device vec 1 bytes" in line and line.endswith("bounce buffer") for line in lines)


def test_bounced():
    """The buffers were bounced: the device was not given the memory itself."""
    lines = booted(*GUESTS["bounced_result"]).lines
    assert any("witness: round trip, bounce buffer" in line for line in lines)
    assert not any("bus address is the physical address" in line for line in lines if "dma_map_" in line)


def test_no_error_counted():
    """The DMA debugger saw nothing wrong while the module was loaded, nor when it left."""
    lines = [TIME.sub("", line) for line in booted(*GUESTS["check_result"]).lines]
    assert "dma-api error_count: 0" in lines


def test_two_runs_are_the_same():
    """With one processor every run is the same, line for line."""
    if find(SCENARIO).settings()["processors"] != 1:
        pytest.skip("several processors run in no fixed order")
    first, second = (
        [TIME.sub("", line) for line in booted("run", log).lines] for log in ("guest-run", "guest-run-again")
    )
    assert first == second
