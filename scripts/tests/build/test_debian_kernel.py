# SPDX-License-Identifier: GPL-2.0
"""Test Debian's own kernel: our module, modules of others, and the package."""

import re
import shutil

import pytest
from conftest import LINUX, environment, run_command

# What this machine or the archive does not have.
NOT_THERE = re.compile(r"^safe-dma: error: (no private Debian 13 can .*|Debian has no arm64 .*)$", re.MULTILINE)


@pytest.fixture
def make_debian(tree):
    """Call make in a copy of the tree; skip if there is no such kernel, or no private Debian 13."""

    def call(*words):
        result = run_command(["make", *words, "DEBUG="], tree, environment(), timeout=1800)
        missing = NOT_THERE.search(result.stdout)
        if missing:
            pytest.skip(missing[1])
        assert result.returncode == 0, result.stdout
        return result.stdout

    return call


@pytest.mark.long
def test_run(make_debian):
    """Check that all checks pass in the unmodified kernel."""
    output = make_debian("run", "KERNEL=debian")
    assert re.search(r"^safe-dma: Linux 7\.3\.\d+\+deb13-arm64, ", output, re.MULTILINE)
    assert "programs of scripts/selftests cannot be built" not in output
    assert re.search(r"^safe-dma: \d{3} checks passed, 0 failed, \d skipped", output, re.MULTILINE)


@pytest.mark.long
def test_other_module(make_debian, tmp_path):
    """Check that a module of another author is built, here a sample of the kernel."""
    module = tmp_path / "module"
    module.mkdir()
    shutil.copy(LINUX / "samples" / "rust" / "rust_minimal.rs", module)
    (module / "Kbuild").write_text("obj-m := rust_minimal.o\n")
    make_debian("kdir", f"M={module}", "KERNEL=debian")
    assert (module / "rust_minimal.ko").exists()


@pytest.mark.long
def test_package(make_debian, tree):
    """Check that the package is built, and that lintian finds nothing."""
    make_debian("deb", "ROOT=debian13")
    assert list((tree / ".build").glob("safe-dma-dkms_*_all.deb"))
