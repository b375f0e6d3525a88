# SPDX-License-Identifier: GPL-2.0
"""Test that the commands in the greeting of `make shell` work as printed."""

import subprocess

import pytest

from safe_dma.guest.plan import Spec, make_guest


@pytest.fixture(scope="module")
def console():
    """Type the commands of the greeting and `exit`; return them and the lines of the console."""
    with subprocess.Popen(
        make_guest("shell", Spec("shell")).command(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        lines, words = [], []
        for line in process.stdout:
            lines.append(line.rstrip())
            if lines[-1].startswith("  ") and len(words) < 3:
                words.append(lines[-1].strip())
            elif "ends the guest" in line:
                # Type after the greeting: earlier input is lost when the terminal is set up.
                for word in [*words, "rmmod safe_dma", "exit"]:
                    process.stdin.write(word + "; echo status=$?\n" if word != "exit" else "exit\n")
                process.stdin.flush()
        process.wait(timeout=60)
    return words, lines


def test_commands(console):
    """Check that there are three commands, and that each succeeds."""
    words, lines = console
    assert [word.split()[0] for word in words] == ["insmod", "echo", "echo"]
    assert lines.count("status=0") == 4, lines
    assert lines[-1].endswith("guest: end, status 0") or any("guest: end, status 0" in line for line in lines)


def test_what_is_shown(console):
    """Check that the mapping and the result of its transfer are shown."""
    _, lines = console
    assert any(line.startswith("a single bidirectional device dma ") for line in lines)
    assert any(line.startswith("ok 1 op=transfer name=a # size 4096") for line in lines)
    assert "transfers 1" in lines
