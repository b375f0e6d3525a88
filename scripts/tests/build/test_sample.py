# SPDX-License-Identifier: GPL-2.0
"""Test that the library builds in another tree, with the README's commands and no test device."""

import os
import re
import shlex
import textwrap

import pytest
from conftest import KDIR, TOOLS, TOP, run_command

LIBRARY = [
    path for name in ("block", "dma") for path in (TOP / "rust" / f"{name}.rs", *(TOP / "rust" / name).rglob("*.rs"))
]


@pytest.mark.parametrize("path", LIBRARY, ids=lambda path: str(path.relative_to(TOP / "rust")))
def test_library_does_not_know_the_test_device(path):
    """Check that the library uses no part of its crate but itself and the bindings."""
    assert set(re.findall(r"\bcrate::(\w+)", path.read_text())) <= {"bindings", "block", "dma", "plain_struct"}


def commands():
    """Return the README's commands that copy the library to another tree."""
    section = (
        (TOP / "README.md").read_text().partition("## Use the library in your own driver")[2].partition("\n## ")[0]
    )
    block = next(text for text in re.findall(r"(?:^    .*\n|^\n)+", section, re.MULTILINE) if "Kbuild" in text)
    return textwrap.dedent(block)


def take(tree, directory):
    """Run the README's commands in an empty directory."""
    directory.mkdir()
    # The words of TOOLS are split by the shell.
    assert not any(re.search(r"\s", tool) for tool in TOOLS)
    env = os.environ | {"SAFE_DMA": str(tree), "KDIR": str(KDIR), "TOOLS": shlex.join(TOOLS)}
    return run_command(["bash", "-e", "-c", commands()], directory, env)


def test_library_elsewhere(tree, tmp_path):
    """Check that neither the test device nor the checks were copied."""
    elsewhere = tmp_path / "elsewhere"
    result = take(tree, elsewhere)
    assert result.returncode == 0, result.stdout
    assert "warning" not in result.stdout.lower()
    assert (elsewhere / "sample_dma.ko").exists()
    assert not list(elsewhere.rglob("testdev*")) + list(elsewhere.rglob("selftest*"))


def test_library_that_knows_the_test_device(tree, tmp_path):
    path = tree / "rust" / "dma" / "limits.rs"
    path.write_text(path.read_text() + "\n#[allow(unused_imports)]\nuse crate::testdev;\n")
    result = take(tree, tmp_path / "elsewhere")
    assert result.returncode != 0
    assert "testdev" in result.stdout
