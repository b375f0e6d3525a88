# SPDX-License-Identifier: GPL-2.0
"""The modules build, without a warning, for kernels of other configurations."""

import os
import re

import pytest
from conftest import TOP, VARIABLES, run_command

from safe_dma.environment import ENV

# The one list of them is where they are made.
NAMES = re.search(r"^OTHER_KERNELS='(.*)'$", (TOP / "scripts/build/kernels.sh").read_text(), re.MULTILINE)[1].split()

# Where the source comes from is as the user wants it.
UNWANTED = {*VARIABLES, "DEBUG"} - {"LINUX", "LINUX_VERSION"}

# What cannot be had without the network, or any more.
NOT_THERE = re.compile(r"^safe-dma: error: (Debian's configuration for .*)$", re.MULTILINE)


@pytest.mark.long
@pytest.mark.parametrize("name", NAMES)
def test_modules(name):
    """What the compilers, objtool and modpost say is shown if it fails."""
    if not ENV.kernel("debug"):
        pytest.skip("there are none beside a kernel of the user's own")
    env = {key: value for key, value in os.environ.items() if key not in UNWANTED}
    result = run_command(["make", "kernels", f"KERNEL={name}"], TOP, env, timeout=3600)
    missing = NOT_THERE.search(result.stdout)
    if missing:
        pytest.skip(missing[1])
    assert result.returncode == 0, result.stdout
