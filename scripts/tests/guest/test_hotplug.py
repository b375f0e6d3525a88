# SPDX-License-Identifier: GPL-2.0
"""Test hot-unplug of a device in use, and the host's side of the guest's requests."""

import pytest
from conftest import each

from safe_dma.guest import hotplug, stage
from safe_dma.guest.plan import SPECS, Spec

# Programs that replace init: they send a request, and end after the answer or before it.
INITS = {
    "answer": "read -r answer; echo answer: $answer; ",
    "no-answer": "",
}


def asking(init, scenario="strict", extra=()):
    """Return a guest that requests to unplug its device."""
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
    not hotplug.available(), reason="the package qemu.qmp is not installed: see setup_qmp in scripts/build/pip.sh"
)


@pytest.mark.parametrize("name", each(["guest-unplug"], first=stage.END))
def test_unplug(name, judge_all):
    """Judge the self-tests that need hot-unplug."""
    judge_all(stage.results(name))


@needs_qmp
@pytest.mark.boots("asks-refused")
def test_refused():
    """Check that QEMU's error message is passed to the guest."""
    outcome = stage.outcome("asks-refused")
    assert outcome.problem == ""
    assert [line for line in outcome.lines if line.startswith("answer: not done: ")] == [
        "answer: not done: Bus 'pcie.0' does not support hotplugging: device_del edu0"
    ]


@needs_qmp
@pytest.mark.boots("asks-no-answer")
def test_guest_ends_first():
    """Check that a pending request does not outlive its guest."""
    assert stage.outcome("asks-no-answer").problem == ""


@needs_qmp
@pytest.mark.boots("asks-qemu")
def test_qemu_fails():
    """Check that a QEMU that did not start is reported."""
    text = stage.outcome("asks-qemu").problem
    assert text.startswith("QEMU failed with status 1: ")
