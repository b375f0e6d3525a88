# SPDX-License-Identifier: GPL-2.0
"""Check which kernels lack what tests need: a kernel of ours never does."""

import dataclasses

import pytest

from safe_dma.environment import ENV
from safe_dma.guest import kernel


@pytest.fixture
def kdir(tmp_path, monkeypatch):
    """Use a kernel whose only options are KUNIT and a module."""
    (tmp_path / "include" / "config").mkdir(parents=True)
    (tmp_path / "include" / "config" / "auto.conf").write_text("CONFIG_KUNIT=y\nCONFIG_EDU=m\nCONFIG_DMA_API=y\n")
    monkeypatch.setattr(kernel, "ENV", dataclasses.replace(ENV, kdir=tmp_path))
    return tmp_path


def test_kernel_of_others(kdir):
    assert not kernel.is_ours()
    assert not kernel.lacks("KUNIT")
    assert not kernel.lacks("EDU")
    assert kernel.lacks("DMA_API_DEBUG")
    assert kernel.lacks("KUN")


def test_kernel_of_ours(kdir):
    """Check that no test is skipped because an option is missing by mistake."""
    (kdir / "complete").touch()
    assert kernel.is_ours()
    assert not kernel.lacks("DMA_API_DEBUG")


def test_kernel_without_a_configuration(kdir):
    (kdir / "include" / "config" / "auto.conf").unlink()
    with pytest.raises(FileNotFoundError):
        kernel.lacks("KUNIT")
