# SPDX-License-Identifier: GPL-2.0
"""Test that the modules build without a warning for kernels of other configurations."""

import os
import re

import pytest
from conftest import TOP, VARIABLES, run_command

from safe_dma.environment import ENV

# The only list of these kernels is in the script that builds them.
NAMES = re.search(r"^OTHER_KERNELS='(.*)'$", (TOP / "scripts/build/kernels.sh").read_text(), re.MULTILINE)[1].split()

# The user's source is used, and no other variable.
UNWANTED = {*VARIABLES, "DEBUG"} - {"LINUX", "LINUX_VERSION"}

# The message about a configuration that needs the network, or no longer exists.
NOT_THERE = re.compile(r"^safe-dma: error: (Debian's configuration for .*)$", re.MULTILINE)


@pytest.mark.long
@pytest.mark.parametrize("name", NAMES)
def test_modules(name):
    """Build for a kernel; a failure shows the messages of compilers, objtool and modpost."""
    if not ENV.kernel("debug"):
        pytest.skip("there are none beside a kernel of the user's own")
    env = {key: value for key, value in os.environ.items() if key not in UNWANTED}
    result = run_command(["make", "kernels", f"KERNEL={name}"], TOP, env, timeout=3600)
    missing = NOT_THERE.search(result.stdout)
    if missing:
        pytest.skip(missing[1])
    assert result.returncode == 0, result.stdout
