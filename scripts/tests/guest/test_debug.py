# SPDX-License-Identifier: GPL-2.0
"""All is as it must be on the kernel that looks for what is wrong, too, and it finds nothing."""

import pytest
from conftest import each

from safe_dma.guest import stage
from safe_dma.guest.plan import debug_guests

pytestmark = pytest.mark.long
GUEST = "debug-{}"
LOOKS_FOR_LEAKS = [name for name, spec in debug_guests().items() if spec.mode == "leaks"]


@pytest.mark.parametrize("name", each(debug_guests(), GUEST, stage.END))
def test_debug(name, judge_all):
    """The results of its guests; the end of each is its kernel's word, too."""
    judge_all(stage.results(GUEST.format(name)))


@pytest.mark.parametrize("name", each(debug_guests(), GUEST))
def test_who_looks_is_awake(name):
    """What looks for mistakes has not switched itself off, and is there: silence is its word."""
    kernel = stage.outcome(GUEST.format(name)).kernel
    for words in ("KernelAddressSanitizer initialized", "Lock dependency validator: "):
        assert any(words in line for line in kernel), words


@pytest.mark.parametrize("name", each(LOOKS_FOR_LEAKS, GUEST))
def test_nothing_is_lost(name):
    """It was looked for memory that nobody points to, and there is none."""
    assert any(line.endswith("kmemleak: 0 leaks") for line in stage.outcome(GUEST.format(name)).kernel)
