# SPDX-License-Identifier: GPL-2.0
"""All is as it must be on the kernel that looks for what is wrong, too, and it finds nothing."""

import pytest
from conftest import judge

from safe_dma.guest.plan import booted, debug_guests


def test_debug(debug_result):
    """The results of its guests; the end of each is its kernel's word, too."""
    judge(debug_result)


@pytest.mark.parametrize("name", debug_guests())
def test_who_looks_is_awake(name):
    """What looks for mistakes has not switched itself off, and is there: silence is its word."""
    kernel = booted(*debug_guests()[name]).kernel
    for words in ("KernelAddressSanitizer initialized", "Lock dependency validator: "):
        assert any(words in line for line in kernel), words


def test_nothing_is_lost():
    """It was looked for memory that nobody points to, and there is none."""
    looked = [which for which in debug_guests().values() if which[0] == "leaks"]
    if not looked:
        pytest.skip("the kernel of DEBUG=1 was not built")
    assert any(line.endswith("kmemleak: 0 leaks") for line in booted(*looked[0]).kernel)
