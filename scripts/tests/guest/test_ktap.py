# SPDX-License-Identifier: GPL-2.0
"""Test the parsing of a guest's results and their evidence with the kernel's parser."""

import pytest

from safe_dma.guest import ktap

MODULE = """\
KTAP version 1
1..1
    KTAP version 1
    # Subtest: sync
    1..3
    # a line of the log
    ok 1 rounds # dma_sync_single_for_cpu size 64 witness: round trip, y
    not ok 2 part # ERANGE
    ok 3 rounds # SKIP no device
not ok 1 sync
# Totals: pass:1 fail:1 skip:1 total:3
""".splitlines()
SCRIPT = """\
KTAP version 1
1..3
    TAP version 13
    1..0 # SKIP no debugger
ok 1 dma_debug # SKIP no debugger
    TAP version 13
    1..2
    ok 1 to user space # dma_mmap_attrs witness: program
    ok 2 plain
ok 2 mmap
    TAP version 13
    1..1
        KTAP version 1
        # Subtest: suite
        1..1
        ok 1 case
    ok 1 suite # of a kind
ok 3 kunit
""".splitlines()


def results(lines):
    """Return the name, status and evidence of each result."""
    return [(result.name, result.status, result.evidence) for result in ktap.read(lines)]


@pytest.mark.parametrize("device", ["", "[    1.000000] safe_dma 0000:00:01.0: "])
def test_module(device):
    assert results([device + line for line in MODULE]) == [
        ("sync/rounds", "passed", "dma_sync_single_for_cpu size 64 witness: round trip, y"),
        ("sync/part", "failed", "ERANGE"),
        ("sync/rounds", "skipped", "SKIP no device"),
    ]


def test_scripts():
    assert results(SCRIPT) == [
        ("dma_debug", "skipped", "SKIP no debugger"),
        ("mmap/to user space", "passed", "dma_mmap_attrs witness: program"),
        ("mmap/plain", "passed", ""),
        ("kunit/suite/case", "passed", ""),
    ]


def test_several_devices():
    lines = [f"[    1.0] safe_dma 0000:00:0{number}.0: {line}" for number in (1, 2) for line in MODULE]
    assert [name for name, _, _ in results(lines)][::3] == ["0000:00:01.0/sync/rounds", "0000:00:02.0/sync/rounds"]


def test_parts():
    """Check the parts of a result, and that messages of the kernel before it are its log."""
    lines = [f"[    1.0] safe_dma 0000:00:01.0: {line}" for line in MODULE]
    lines.insert(7, "[    1.000000] DMA-API: a complaint")
    rounds, part, _ = ktap.read(lines)
    assert (rounds.device, rounds.parent, rounds.case) == ("0000:00:01.0", "sync", "rounds")
    assert rounds.functions == ["dma_sync_single_for_cpu", "size", "64"]
    assert rounds.witnesses == ["round trip", "y"]
    assert part.log == ["[    1.000000] DMA-API: a complaint"]
    assert part.reason == "ERANGE"


def test_form():
    """Check that a missing result, and a console without results, are failures."""
    short = [line for line in MODULE if " ok 3" not in line]
    assert "failed" in [result.status for result in ktap.read(short) if result.name == ktap.FORM]
    (result,) = ktap.read(map(str, range(100)))
    assert (result.name, result.status, len(result.log)) == (ktap.FORM, "failed", 10)
