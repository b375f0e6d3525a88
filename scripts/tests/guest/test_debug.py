# SPDX-License-Identifier: GPL-2.0
"""Test that all checks pass on the debugging kernel, which reports nothing."""

import pytest
from conftest import each

from safe_dma.guest import stage
from safe_dma.guest.plan import debug_guests

pytestmark = pytest.mark.long
GUEST = "debug-{}"
LOOKS_FOR_LEAKS = [name for name, spec in debug_guests().items() if spec.mode == "leaks"]


@pytest.mark.parametrize("name", each(debug_guests(), GUEST, stage.END))
def test_debug(name, judge_all):
    """Judge the results of a guest; a kernel report fails its end."""
    judge_all(stage.results(GUEST.format(name)))


@pytest.mark.parametrize("name", each(debug_guests(), GUEST))
def test_who_looks_is_awake(name):
    """Check that KASAN and lockdep are enabled and have not turned themselves off."""
    kernel = stage.outcome(GUEST.format(name)).kernel
    for words in ("KernelAddressSanitizer initialized", "Lock dependency validator: "):
        assert any(words in line for line in kernel), words


@pytest.mark.parametrize("name", each(LOOKS_FOR_LEAKS, GUEST))
def test_nothing_is_lost(name):
    """Check that kmemleak has scanned memory and found no leak."""
    assert any(line.endswith("kmemleak: 0 leaks") for line in stage.outcome(GUEST.format(name)).kernel)
