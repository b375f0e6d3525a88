# SPDX-License-Identifier: GPL-2.0
"""Test that the module's build runs the necessary steps and no others."""

import re
import shutil

import pytest
from conftest import KDIR, LINUX

# Small crates, since building the real ones would take a minute each time.
LIBRARY = """\
//! A library of nothing.

#[allow(dead_code)]
mod bindings;

/// Does nothing.
pub fn nothing() {}
"""

# A crate that uses another.
USER = """\
//! A crate of nothing.

pub use {crate}::nothing;
"""

MODULE = """\
//! A module that does nothing.

use kernel::prelude::*;
{uses}

struct Small;

impl kernel::Module for Small {{
    fn init(_module: &'static ThisModule) -> Result<Self> {{
        nothing();
        Ok(Self)
    }}
}}

module! {{
    type: Small,
    name: "{name}",
    authors: ["The safe-dma developers"],
    description: "Nothing",
    license: "GPL v2",
}}
"""

SMALL = {
    "safe_dma": LIBRARY,
    "safe_dma_edu": USER.format(crate="safe_dma"),
    "safe_dma_selftest": USER.format(crate="safe_dma_edu"),
    "safe_dma_testdev": USER.format(crate="safe_dma_edu"),
    "safe_dma_module": MODULE.format(
        name="safe_dma",
        uses="use safe_dma_selftest::nothing;\n#[allow(unused)]\nuse safe_dma_testdev::nothing as other;",
    ),
    "sample_dma": MODULE.format(name="sample_dma", uses="use safe_dma::nothing;"),
}

# Kbuild's short log: a line for each product.
STEP = re.compile(r"^ +([A-Z]+) (?:\[M\])? *(\S+)$", re.MULTILINE)


def steps(result):
    """Return the products of a build as pairs of kind and file."""
    assert result.returncode == 0, result.stdout
    return [(kind, name) for kind, name in STEP.findall(result.stdout) if kind not in ("MODPOST", "DESCEND")]


@pytest.fixture
def small_tree(tree):
    """Copy the tree, with small crates and one C helper."""
    for name, text in SMALL.items():
        (tree / "rust" / f"{name}.rs").write_text(text)
    for path in (tree / "rust" / "helpers").glob("*.c"):
        if path.name != "dma.c":
            path.unlink()
    return tree


@pytest.fixture
def build(make):
    """Build the modules of a tree, and return the steps."""

    def call(tree, kdir=KDIR):
        return steps(make(cwd=tree, KDIR=kdir, SAFE_DMA_MODULES="safe_dma sample_dma misuse"))

    return call


@pytest.fixture
def built(build, small_tree):
    """Build the modules in the small tree."""
    assert ("LD", "safe_dma.ko") in build(small_tree)
    return small_tree


def test_nothing_changed(build, built):
    """Check that a second build makes nothing."""
    before = (built / "safe_dma.ko").stat().st_mtime_ns
    assert build(built) == []
    assert (built / "safe_dma.ko").stat().st_mtime_ns == before


@pytest.mark.parametrize("header", ["rust/bindings/bindings_helper.h", "rust/helpers/helpers.h"])
def test_header_touched(build, built, header):
    """Check that a changed header rebuilds the bindings, and the crate."""
    (built / header).touch()
    kinds = {kind for kind, _ in build(built)}
    assert {"BINDGEN", "RUSTC", "LD"} <= kinds


# For each crate, the crates that are rebuilt after it has changed, and the modules with one of
# these.
FOLLOWS = {
    "safe_dma": (set(SMALL), {"safe_dma", "sample_dma"}),
    "safe_dma_edu": (set(SMALL) - {"safe_dma", "sample_dma"}, {"safe_dma"}),
    "safe_dma_selftest": ({"safe_dma_selftest", "safe_dma_module"}, {"safe_dma"}),
    "safe_dma_testdev": ({"safe_dma_testdev", "safe_dma_module"}, {"safe_dma"}),
    "safe_dma_module": ({"safe_dma_module"}, {"safe_dma"}),
    "sample_dma": ({"sample_dma"}, {"sample_dma"}),
}


def test_crate_touched(build, built):
    """Check that only the users of a changed crate are compiled again."""
    for crate, (crates, modules) in FOLLOWS.items():
        (built / "rust" / f"{crate}.rs").touch()
        made = build(built)
        assert {name for kind, name in made if kind == "RUSTC"} == {f"rust/{name}.o" for name in crates}, crate
        assert {name for _, name in made if name.endswith(".ko")} == {f"{name}.ko" for name in modules}, crate


@pytest.fixture
def kernel(tmp_path):
    """Return a kernel build with its own copy of `include`, and links for all else."""
    copy = tmp_path / "kernel"
    copy.mkdir()
    for entry in KDIR.iterdir():
        if entry.name not in ("include", "Makefile", "source"):
            (copy / entry.name).symlink_to(entry)
    shutil.copytree(KDIR / "include", copy / "include", symlinks=True)
    (copy / "source").symlink_to(LINUX)
    # The Makefile of a build directory names the directory.
    (copy / "Makefile").write_text(f"export KBUILD_OUTPUT = {copy}\ninclude {LINUX}/Makefile\n")
    return copy


def test_another_configuration(build, small_tree, kernel):
    """Check that a kernel with another option rebuilds the whole module."""
    assert ("LD", "safe_dma.ko") in build(small_tree, kernel)
    assert build(small_tree, kernel) == []
    with (kernel / "include" / "config" / "auto.conf").open("a", encoding="utf-8") as conf:
        conf.write("CONFIG_SAFE_DMA_TEST_OPTION=y\n")
    everything_anew(build(small_tree, kernel))


def test_another_kernel(build, built, kernel):
    """Check that another build of the same configuration rebuilds the whole module."""
    everything_anew(build(built, kernel))


def everything_anew(made):
    """Check that every object was rebuilt."""
    for step in (
        *(("RUSTC", f"rust/{name}.o") for name in SMALL),
        ("CC", "safe_dma.mod.o"),
        ("LD", "safe_dma.ko"),
        ("CC", "rust/misuse/misuse.o"),
        ("LD", "misuse.ko"),
    ):
        assert step in made


def test_clean(make, built):
    """Check that all products are removed, and nothing else."""
    assert (built / "safe_dma.ko").exists()
    assert make("clean", cwd=built).returncode == 0
    left = {path.name for path in built.rglob("*") if path.is_file()}
    assert not {name for name in left if name.endswith((".ko", ".o", ".cmd", ".mod", ".mod.c"))}
    assert {"Makefile", "Kbuild", "safe_dma.rs"} <= left
