# SPDX-License-Identifier: GPL-2.0
"""Each operation of the library has a check with a witness, and the table of make api is correct."""

from pathlib import Path

import pytest
from conftest import LINUX, TOP

from safe_dma.compile import api, sources
from safe_dma.guest.plan import GUESTS, booted

ITEMS = sources.items(TOP)
ROWS = api.rows(ITEMS, [])


@pytest.fixture(scope="module")
def checked():
    """Return the rows with the checks of the guests."""
    checks = [check for name in api.BOOTED for check in api.read_checks(booted(*GUESTS[name]).lines)]
    return {(row.item.name, row.function): row for row in api.rows(ITEMS, checks)}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.item.name}-{row.function}")
def test_operation(checked, row):
    assert checked[row.item.name, row.function].checks, "no passed check names it"


def test_c_functions_are_there():
    """The C functions that the documentation names are declared in headers."""
    names = {row.function for row in ROWS}
    sources_in_c = [*(LINUX / "include" / "linux").glob("*.h"), *(LINUX / "include" / "linux" / "iommu").glob("*.h")]
    sources_in_c += [LINUX / "arch/arm64/include/asm/memory.h"]
    text = "".join(path.read_text() for path in sources_in_c)
    assert {name for name in names if f"{name}(" not in text} == set()


def test_indirect_is_of_the_library():
    assert api.INDIRECT.keys() - {row.function for row in ROWS} == set()


def item(*docs, name="x::f"):
    return sources.Item(Path("x.rs"), 3, name, docs, False)


MAP = item("Maps.", "", "C: `dma_map_x_attrs()`, `kernel/dma/x.c`.")
CONSOLE = [
    "[    1.000000] safe_dma 0000:00:01.0:     # Subtest: x",
    "[    1.000001] safe_dma 0000:00:01.0:     ok 1 to_device 5 # dma_map_x, dma_unmap_x size 5 witness: round trip, y",
]


def table(lines):
    """Return the table of MAP for the lines of a guest, and whether it has no problem."""
    out = []
    good = api.report(api.rows([MAP], api.read_checks(lines)), [], out.append)
    return "\n".join(out), good


def test_checked():
    text, good = table(CONSOLE)
    assert good
    assert "x::f  dma_map_x_attrs()  passed  round trip, y (1 checks, first x/to_device 5)" in text
    assert text.endswith("1 of 1 operations are checked on the device")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (" ok 1", " not ok 1"),
        ("dma_map_x,", "dma_map_xy,"),
        ("dma_map_x,", "dma_map_x refused with EINVAL,"),
        ("witness:", "seen:"),
        (" # dma", " - dma"),
        ("# dma_map_x, dma_unmap_x size 5 witness: round trip, y", "# SKIP dma_map_x"),
    ],
)
def test_unchecked(old, new):
    lines = [line.replace(old, new) for line in CONSOLE]
    assert lines != CONSOLE
    text, good = table(lines)
    assert not good
    assert "x::f  dma_map_x_attrs()  UNCHECKED  no passed check names it: x.rs:3" in text
    assert text.endswith("0 of 1 operations are checked on the device")


def test_result_of_a_script():
    (check,) = api.read_checks(["    # Subtest: x", "    ok 2 to user space # dma_mmap_attrs witness: program"])
    assert (check.name, check.functions, check.witnesses) == ("x/to user space", {"dma_mmap"}, ["program"])


def test_indirect_needs_its_check(monkeypatch):
    monkeypatch.setattr(api, "INDIRECT", {"dma_map_x_attrs": "dma_unmap_x", "dma_other": "y"})
    other = item("C: `dma_other()`.")
    lines = [line.replace("dma_map_x,", "") for line in CONSOLE]
    assert all(row.checks for row in api.rows([MAP, other], api.read_checks(lines)))
    assert not any(row.checks for row in api.rows([MAP, other], []))


def test_nothing_is_no_success():
    assert not api.report([], [], lambda line: None)
    assert not api.report(api.rows([MAP], api.read_checks(CONSOLE)), ["a check failed"], lambda line: None)
