# SPDX-License-Identifier: GPL-2.0
"""Test that the guest calls each function that takes a number with boundary values."""

import re

import pytest
from conftest import TOP

from safe_dma.compile import sources
from safe_dma.guest import stage

FILE = TOP / "rust" / "selftest" / "numbers.rs"
ROW = re.compile(r'\(\s*"(\w+(?:::\w+)*)",\s*[\w:]+,?\s*\)')

FLAG_WORDS = ("u8", "le16", "le32")

# Functions without a row, and the reasons.
EXCEPTIONS = {
    "PhysVec::new": "a value: what is mapped of it is a condition of the unsafe trait ScatterBuffer",
    "MmioRegion::from_raw": "unsafe: its condition is that the numbers are right",
    "Range::new": "unsafe: its condition is that the numbers are right",
    "Wait::wait": "implemented by drivers, and called with what is left of the time of Transfer::wait",
    "Untrusted::index": "a comparison, which a KUnit test checks",
    **{f"EntryFlag::{word}": "a constant, checked where an entry has it" for word in FLAG_WORDS},
}


def with_numbers(items):
    """Return the names of the functions that take a number."""
    return {item.name for item in items if item.numbers}


FUNCTIONS = with_numbers(sources.items(TOP))
ROWS = ROW.findall(FILE.read_text())


def test_every_function_has_a_row():
    assert sorted(FUNCTIONS - set(ROWS) - EXCEPTIONS.keys()) == []


def test_every_row_has_a_function():
    assert sorted(set(ROWS) - FUNCTIONS) == []
    assert len(ROWS) == len(set(ROWS))


def test_exceptions_are_needed():
    assert sorted(EXCEPTIONS.keys() - FUNCTIONS) == []
    assert sorted(EXCEPTIONS.keys() & set(ROWS)) == []


@pytest.mark.boots("guest-run")
def test_every_row_has_a_result():
    """Check that the guest has called all of them."""
    results = {result.name: result for result in stage.results("guest-run")}
    found = {name for name in ROWS if any(result.endswith(f"numbers/{name}") for result in results)}
    assert sorted(set(ROWS) - found) == []


def functions_of(tmp_path, text):
    """Return the functions with numbers of a library that consists of this file."""
    (tmp_path / "rust" / "dma").mkdir(parents=True)
    (tmp_path / "rust" / "dma.rs").write_text("pub mod x;\n")
    (tmp_path / "rust" / "dma" / "x.rs").write_text(text)
    return with_numbers(sources.items(tmp_path))


def test_numbers_are_seen(tmp_path):
    text = """\
pub fn free(len: usize) {}

pub(super) fn hidden(len: usize) {}

pub fn slice(bytes: &mut [u8], name: &CStr) -> usize {}

pub fn nothing() -> Option<usize> {}

impl<'a, T> Thing<'a, T> {
    pub fn range(&self, range: Range<usize>) -> Result {}

    pub fn generic<F: FnOnce(usize) -> u32>(&self, f: F) {}

    pub fn constant<'b, const SIZE: usize, U: Copy>(&self, bar: &Bar<SIZE>, value: U) {}

    pub fn long(
        dev: &'a Device<Bound>,
        make: impl FnMut() -> Result<u64>,
        align: Option<Alignment>,
    ) -> Result<Self>
    where
        T: Copy,
    {
    }

    pub unsafe fn flags(flags: Flags) {}

    fn private(len: usize) {}
}

pub trait Trait {
    fn attrs(&self, attrs: Attrs);
}

trait Private {
    fn attrs(&self, attrs: Attrs);
}
"""
    expected = {"free", "Thing::range", "Thing::long", "Thing::flags", "Trait::attrs"}
    assert functions_of(tmp_path, text) == {f"x::{name}" for name in expected}
