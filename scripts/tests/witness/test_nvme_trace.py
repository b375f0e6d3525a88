# SPDX-License-Identifier: GPL-2.0
"""Check the comparison of an NVMe controller's commands with QEMU's trace of the SMMU."""

import pytest

from safe_dma.guest import disk
from safe_dma.witness import nvme

PAGE = 0xFFFF0000
STRICT, LAZY = {"translation": "strict"}, {"translation": "lazy"}
QUEUE = "smmuv3_translate_success mr sid=0x18 iova=0xfffff000 translated=0x41ac2000 perm=0x3 stage=1"
FLUSHED = f"smmuv3_range_inval vmid=0 asid=1 addr={PAGE:#x} tg=1 num_pages=0x1 ttl=3 leaf=1 stage=1"
DONE = "pci_nvme_enqueue_req_completion cid 7 cqid 1 dw0 0x0 dw1 0x0 status 0x0"


def command(opcode):
    """Return the trace of a command for a page."""
    return [
        f"pci_nvme_io_cmd cid 7 nsid 0x1 sqid 1 opc {opcode:#x} opname 'NAME'",
        f"pci_nvme_map_addr addr {PAGE:#x} len 4096",
    ]


def access(permission, stage=1):
    """Return the trace of an access to the page."""
    return (
        f"smmuv3_translate_success mr sid={disk.SID:#x} iova={PAGE + 512:#x} translated=0x41000200 "
        f"perm={permission:#x} stage={stage}"
    )


WRITE, READ = [*command(1), access(1), DONE], [*command(2), access(3), DONE]


def problems(lines, settings):
    """Return the contradictions in a trace."""
    return nvme.judge([f"{line}\n" for line in lines], settings).problems


@pytest.mark.parametrize("settings", [STRICT, LAZY])
def test_good(settings):
    """Check that a good trace has no contradiction."""
    assert problems([QUEUE, *WRITE, FLUSHED, *READ, FLUSHED], settings) == []


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ([*WRITE, *READ], "line 7 of the trace: 0xffff0000 was not invalidated after its last command"),
        ([*WRITE, access(1)], "line 6 of the trace: 0xffff0200 was accessed after its command was completed"),
        ([*command(1), access(3)], "line 4 of the trace: 0xffff0200 has the permission of the other direction"),
        ([*command(2), access(1)], "line 4 of the trace: 0xffff0200 has the permission of the other direction"),
        ([*WRITE, FLUSHED, access(3, 0)], "line 7 of the trace: 0xffff0200 was not translated"),
        ([*WRITE, "smmuv3_record_event SMMU_EVT_F_TRANSLATION sid=0x18"], "line 6 of the trace: F_TRANSLATION"),
    ],
)
def test_bad(lines, problem):
    """Check that each contradiction is found."""
    assert problems([QUEUE, *lines], STRICT)[0] == problem


def test_lazy():
    """Check that a lazy domain may invalidate later."""
    assert problems([QUEUE, *WRITE, *READ], LAZY) == []


def test_nothing():
    """Check that a trace without accesses is no evidence."""
    assert problems([], STRICT) == ["the trace has no access of the controller"]
