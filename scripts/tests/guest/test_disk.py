# SPDX-License-Identifier: GPL-2.0
"""Test the NVMe driver in guests with a disk."""

import hashlib
import os
import re
import shutil
import subprocess

import pytest
from conftest import each

from safe_dma.guest import disk, plan, stage
from safe_dma.witness import nvme, smmu_trace

GUEST = "nvme-{}"
GUESTS = plan.nvme_guests()
# The first is in `make test`.
LONG = [name for name in GUESTS if name != plan.SCENARIO]
# Where e2fsprogs are installed, which PATH may lack.
SBIN = os.pathsep.join([os.environ["PATH"], "/usr/sbin", "/sbin"])
HASH = re.compile(r" # hash ([0-9a-f]{32})  (\w+)$")
# An operation of nvme_errors.sh that failed, and its error.
ERROR = re.compile(r" # error of (.*: dd: .*)$")


@pytest.mark.parametrize("name", each(GUESTS, GUEST, stage.END, LONG))
def test_results(name, judge_all):
    """Judge the self-tests."""
    judge_all(stage.results(GUEST.format(name)))


@pytest.mark.parametrize("name", each([name for name in GUESTS if GUESTS[name].recorded], GUEST, long=LONG))
def test_trace(name):
    """Check that the SMMU has translated each access of the controller, and nothing after unmap."""
    stage.outcome(GUEST.format(name))
    trace = smmu_trace.lines(plan.trace_of(GUEST.format(name)))
    assert not nvme.judge(trace, plan.find(name).settings()).problems


@pytest.mark.parametrize("name", each([name for name in GUESTS if GUESTS[name].records], GUEST, long=LONG))
def test_host_reads_the_same(name):
    """Check that the host reads the bytes of each file that the guest has read."""
    debugfs = shutil.which("debugfs", path=SBIN)
    if not debugfs:
        pytest.skip("no debugfs: install e2fsprogs")
    lines, image = stage.outcome(GUEST.format(name)).lines, disk.image(GUEST.format(name))
    found = [match.groups() for line in lines if (match := HASH.search(line))]
    assert len(found) == 9
    for expected, file in found:
        data = subprocess.run([debugfs, "-R", f"cat {file}", image], check=True, capture_output=True).stdout
        assert hashlib.md5(data).hexdigest() == expected, file


@pytest.mark.long
@pytest.mark.skipif("errors-c" not in GUESTS, reason="the kernel of make bench, which has nvme.ko, was not built")
@pytest.mark.boots(*(GUEST.format(name) for name in GUESTS if name in ("errors", "errors-c")))
def test_errors_as_with_c():
    """Check that each operation fails with the same error as with the kernel's own driver."""
    library, hand = (
        [match[1] for line in stage.outcome(GUEST.format(name)).lines if (match := ERROR.search(line))]
        for name in ("errors", "errors-c")
    )
    assert library == hand
    assert len(hand) == 4
