# SPDX-License-Identifier: GPL-2.0
"""Each operation has a check with a witness, and the table of make api is correct."""

import dataclasses
from pathlib import Path

import pytest
from conftest import LINUX, TOP

from safe_dma.compile import api, sources
from safe_dma.guest import ktap, plan, stage

ITEMS = sources.items(TOP)
ROWS = api.rows(ITEMS, [])
BOOTED = [plan.SMALL.get(name, name) for name in api.BOOTED]


@pytest.fixture(scope="module")
def checked():
    """Return the rows with the checks of the guests."""
    checks = [check for name in BOOTED for check in api.read_checks(stage.results(name))]
    return {(row.item.name, row.function): row for row in api.rows(ITEMS, checks)}


@pytest.mark.boots(*BOOTED)
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
    found = api.rows(sources.items(TOP), [])
    assert api.INDIRECT.keys() - {row.function for row in found} == set()


def item(*docs, name="x::f"):
    return sources.Item(Path("x.rs"), 3, name, docs, False)


MAP = item("Maps.", "", "C: `dma_map_x_attrs()`, `kernel/dma/x.c`.")
CHECK = ktap.Result("x/to_device 5", "passed", evidence="dma_map_x, dma_unmap_x size 5 witness: round trip, y")


def table(*results):
    """Return the table of MAP for the results of a guest, and whether it has no problem."""
    out = []
    good = api.report(api.rows([MAP], api.read_checks(results)), [], out.append)
    return "\n".join(out), good


def test_checked():
    text, good = table(CHECK)
    assert good
    assert "x::f  dma_map_x_attrs()  passed  round trip, y (1 checks, first x/to_device 5)" in text
    assert text.endswith("1 of 1 operations are checked on the device")


@pytest.mark.parametrize(
    "change",
    [
        {"status": "failed"},
        {"status": "skipped"},
        {"evidence": ""},
        {"evidence": CHECK.evidence.replace("dma_map_x,", "dma_map_xy,")},
        {"evidence": CHECK.evidence.replace("dma_map_x,", "dma_map_x refused with EINVAL,")},
        {"evidence": CHECK.evidence.replace("witness:", "seen:")},
    ],
)
def test_unchecked(change):
    text, good = table(dataclasses.replace(CHECK, **change))
    assert not good
    assert "x::f  dma_map_x_attrs()  UNCHECKED  no passed check names it: x.rs:3" in text
    assert text.endswith("0 of 1 operations are checked on the device")


def test_indirect_needs_its_check(monkeypatch):
    monkeypatch.setattr(api, "INDIRECT", {"dma_map_x_attrs": "dma_unmap_x", "dma_other": "y"})
    other = item("C: `dma_other()`.")
    check = dataclasses.replace(CHECK, evidence=CHECK.evidence.replace("dma_map_x,", ""))
    assert all(row.checks for row in api.rows([MAP, other], api.read_checks([check])))
    assert not any(row.checks for row in api.rows([MAP, other], []))


def test_nothing_is_no_success():
    assert not api.report([], [], lambda line: None)
    assert not api.report(api.rows([MAP], api.read_checks([CHECK])), ["a check failed"], lambda line: None)
