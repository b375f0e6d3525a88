# SPDX-License-Identifier: GPL-2.0
"""The module's build does what is needed, and nothing that is not."""

import re
import shutil

import pytest
from conftest import KDIR, LINUX

# What a crate has does not matter to its build, but the whole module would take a minute each time.
SMALL = """\
//! A module that does nothing.

#[allow(dead_code)]
mod bindings;

use kernel::prelude::*;

struct Small;

impl kernel::Module for Small {{
    fn init(_module: &'static ThisModule) -> Result<Self> {{
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

# Kbuild's short lines, one for each thing that it makes.
STEP = re.compile(r"^ +([A-Z]+) (?:\[M\])? *(\S+)$", re.MULTILINE)


def steps(result):
    """What a build made: (kind, file) pairs."""
    assert result.returncode == 0, result.stdout
    return [(kind, name) for kind, name in STEP.findall(result.stdout) if kind not in ("MODPOST", "DESCEND")]


@pytest.fixture
def small_tree(tree):
    """A copy of the tree, with modules that are small."""
    for name in ("safe_dma", "sample_dma"):
        (tree / "rust" / f"{name}.rs").write_text(SMALL.format(name=name))
    return tree


@pytest.fixture
def built(make, small_tree):
    """The same, with the modules built in it."""
    tree = small_tree
    assert ("LD", "safe_dma.ko") in steps(make(cwd=tree, KDIR=KDIR))
    return tree


def test_nothing_changed(make, built):
    """A second build makes nothing."""
    before = (built / "safe_dma.ko").stat().st_mtime_ns
    assert steps(make(cwd=built, KDIR=KDIR)) == []
    assert (built / "safe_dma.ko").stat().st_mtime_ns == before


@pytest.mark.parametrize("header", ["rust/bindings/bindings_helper.h", "rust/helpers/helpers.h"])
def test_header_touched(make, built, header):
    """The bindings follow their headers, and the crate its bindings."""
    (built / header).touch()
    kinds = {kind for kind, _ in steps(make(cwd=built, KDIR=KDIR))}
    assert {"BINDGEN", "RUSTC", "LD"} <= kinds


@pytest.fixture
def kernel(tmp_path):
    """The kernel's build with an `include` of its own: all else is reached by links."""
    copy = tmp_path / "kernel"
    copy.mkdir()
    for entry in KDIR.iterdir():
        if entry.name not in ("include", "Makefile", "source"):
            (copy / entry.name).symlink_to(entry)
    shutil.copytree(KDIR / "include", copy / "include", symlinks=True)
    (copy / "source").symlink_to(LINUX)
    # The build directory's make file names the directory.
    (copy / "Makefile").write_text(f"export KBUILD_OUTPUT = {copy}\ninclude {LINUX}/Makefile\n")
    return copy


def test_another_configuration(make, small_tree, kernel):
    """The same kernel, built anew with another option: all of the module is built anew."""
    assert ("LD", "safe_dma.ko") in steps(make(cwd=small_tree, KDIR=kernel))
    assert steps(make(cwd=small_tree, KDIR=kernel)) == []
    with (kernel / "include" / "config" / "auto.conf").open("a", encoding="utf-8") as conf:
        conf.write("CONFIG_SAFE_DMA_TEST_OPTION=y\n")
    everything_anew(steps(make(cwd=small_tree, KDIR=kernel)))


def test_another_kernel(make, built, kernel):
    """The same configuration, but another build of the kernel."""
    everything_anew(steps(make(cwd=built, KDIR=kernel)))


def everything_anew(made):
    """Not one object is from before."""
    for step in (
        ("RUSTC", "rust/safe_dma.o"),
        ("CC", "safe_dma.mod.o"),
        ("LD", "safe_dma.ko"),
        ("CC", "rust/misuse/misuse.o"),
        ("LD", "misuse.ko"),
    ):
        assert step in made


def test_clean(make, built):
    """What was built is gone, and nothing else."""
    assert (built / "safe_dma.ko").exists()
    assert make("clean", cwd=built).returncode == 0
    left = {path.name for path in built.rglob("*") if path.is_file()}
    assert not {name for name in left if name.endswith((".ko", ".o", ".cmd", ".mod", ".mod.c"))}
    assert {"Makefile", "Kbuild", "safe_dma.rs"} <= left
