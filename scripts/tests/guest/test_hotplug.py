# SPDX-License-Identifier: GPL-2.0
"""The device is pulled out of its slot while it is in use; and the host that is asked to do so."""

import pytest
from conftest import judge, with_programs

from safe_dma.guest import guest, hotplug
from safe_dma.guest.plan import make_guest

# What stands in the place of init: it asks, and ends with or without the answer.
INITS = {
    "answer": "read -r answer; echo answer: $answer; ",
    "no-answer": "",
}


def test_unplug(unplug_result):
    """The scripts of scripts/selftests that need somebody who does it."""
    judge(unplug_result)


@pytest.fixture
def asking(tmp_path):
    """Boot a guest that asks to have its device pulled out; its outcome."""
    if not hotplug.available():
        pytest.skip("the package qemu.qmp is not installed: see setup_qmp in scripts/build/pip.sh")

    def boot(init, scenario="strict", **changes):
        script = (
            f'#!/bin/busybox sh\necho host: device_del edu0; {INITS[init]}echo "guest: end, status 0"\n'
            "/bin/busybox poweroff -f\n"
        )
        whole = with_programs(tmp_path, {"init": script})
        settings = {"initramfs": whole, "append": "", "timeout": 60, "asks": True}
        a_guest = make_guest("run", f"asks-{init}", scenario, **(settings | changes))
        return guest.boot(a_guest, lambda line: None)

    return boot


def test_refused(asking):
    """QEMU's reason reaches the guest."""
    outcome = asking("answer")
    assert outcome.problem == ""
    assert [line for line in outcome.lines if line.startswith("answer: not done: ")] == [
        "answer: not done: Bus 'pcie.0' does not support hotplugging: device_del edu0"
    ]


def test_guest_ends_first(asking):
    """Nobody waits for what a guest that has ended was to do."""
    assert asking("no-answer", "slots").problem == ""


def test_qemu_fails(asking):
    """Nor for a QEMU that did not start."""
    text = asking("answer", extra=["-device", "no-such-device"]).problem
    assert text.startswith("QEMU failed with status 1: ")
