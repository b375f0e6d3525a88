# SPDX-License-Identifier: GPL-2.0
"""The device is pulled out of its slot while it is in use; and the host that is asked to do so."""

import pytest
from conftest import each

from safe_dma.guest import hotplug, stage
from safe_dma.guest.plan import SPECS, Spec

# What stands in the place of init: it asks, and ends with or without the answer.
INITS = {
    "answer": "read -r answer; echo answer: $answer; ",
    "no-answer": "",
}


def asking(init, scenario="strict", extra=()):
    """A guest that asks to have its device pulled out."""
    script = (
        f'#!/bin/busybox sh\necho host: device_del edu0; {INITS[init]}echo "guest: end, status 0"\n'
        "/bin/busybox poweroff -f\n"
    )
    return Spec("run", scenario, timeout=60, programs=(("init", script),), extra=extra, asks=True)


if hotplug.available():
    SPECS |= {
        "asks-refused": asking("answer"),
        "asks-no-answer": asking("no-answer", "slots"),
        "asks-qemu": asking("answer", extra=("-device", "no-such-device")),
    }
needs_qmp = pytest.mark.skipif(
    not hotplug.available(), reason="the package qemu.qmp is not installed: see setup_qmp in scripts/build/qmp.sh"
)


@pytest.mark.parametrize("name", each(["guest-unplug"], first=stage.END))
def test_unplug(name, judge_all):
    """The scripts of scripts/selftests that need somebody who does it."""
    judge_all(stage.results(name))


@needs_qmp
@pytest.mark.boots("asks-refused")
def test_refused():
    """QEMU's reason reaches the guest."""
    outcome = stage.outcome("asks-refused")
    assert outcome.problem == ""
    assert [line for line in outcome.lines if line.startswith("answer: not done: ")] == [
        "answer: not done: Bus 'pcie.0' does not support hotplugging: device_del edu0"
    ]


@needs_qmp
@pytest.mark.boots("asks-no-answer")
def test_guest_ends_first():
    """Nobody waits for what a guest that has ended was to do."""
    assert stage.outcome("asks-no-answer").problem == ""


@needs_qmp
@pytest.mark.boots("asks-qemu")
def test_qemu_fails():
    """Nor for a QEMU that did not start."""
    text = stage.outcome("asks-qemu").problem
    assert text.startswith("QEMU failed with status 1: ")
