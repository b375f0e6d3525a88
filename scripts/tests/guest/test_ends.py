# SPDX-License-Identifier: GPL-2.0
"""Test that the failure of a guest is noticed in time, and described."""

import contextlib
import dataclasses
import os
import signal
import subprocess
import sys
import threading
import time

import pytest
from conftest import gone

from safe_dma.guest import guest, plan, stage
from safe_dma.guest.plan import SPECS, Spec

# Programs that replace init.
INITS = {
    # The kernel panics when init exits.
    "panic": "#!/bin/busybox sh\nexit 3\n",
    "hang": "#!/bin/busybox sh\necho waiting\nwhile :; do /bin/busybox sleep 1000; done\n",
    "silent": "#!/bin/busybox sh\n/bin/busybox poweroff -f\n",
    "status": '#!/bin/busybox sh\necho "guest: end, status 7"\n/bin/busybox poweroff -f\n',
    "good": '#!/bin/busybox sh\necho "guest: end, status 0"\n/bin/busybox poweroff -f\n',
}


SPECS |= {
    f"end-{init}": Spec("run", "strict", rdinit=f"/{init}", programs=tuple(INITS.items()), timeout=60)
    for init in ("good", "panic", "silent", "status")
}
SPECS["end-hang"] = dataclasses.replace(SPECS["end-good"], rdinit="/hang", timeout=8)
SPECS["end-qemu"] = dataclasses.replace(SPECS["end-good"], extra=("-device", "no-such-device"))


def problem(init):
    """Return the problem of the guest with this init."""
    return stage.outcome(f"end-{init}").problem


@pytest.mark.boots("end-good")
def test_good():
    """Check that a good init is no problem."""
    assert problem("good") == ""


@pytest.mark.boots("end-panic")
def test_panic():
    """Check that a panic ends QEMU, and that its message is shown."""
    assert problem("panic").startswith("kernel panic in the guest: ")
    assert "Attempted to kill init" in problem("panic")


@pytest.mark.boots("end-hang")
def test_hang():
    """Check that the time limit ends a guest that hangs."""
    assert problem("hang").startswith("the guest hangs: no end line within 8 s; the last line was ")
    assert stage.outcome("end-hang").seconds < 12


@pytest.mark.boots("end-silent")
def test_no_end_line():
    """Check that a guest without an end line has failed."""
    assert problem("silent").startswith("the guest stopped without its end line; the last line was ")


@pytest.mark.boots("end-status")
def test_status():
    """Check that the status of the guest is passed on."""
    assert problem("status") == "the guest's run failed with status 7"


@pytest.mark.boots("end-qemu")
def test_qemu_fails():
    """Check that QEMU's message is shown."""
    text = problem("qemu")
    assert text.startswith("QEMU failed with status 1: ")
    assert "no-such-device" in text


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("kernel panic", "[    1.000000] Kernel panic - not syncing: Oops: Fatal exception"),
        ("kernel oops", "[    1.000000] Internal error: Oops: 0000000096000004 [#1]  SMP"),
        ("hang", "[  123.000000] INFO: task insmod:42 blocked for more than 60 seconds."),
    ],
)
def test_fatal_lines(name, line):
    """Check that the kernel's fatal messages are recognized."""
    a_guest = plan.make_guest("none", Spec("run"))
    assert guest.classify(["a line", line], False, a_guest, 0, "") == f"{name} in the guest: {line}"


def test_interrupt(tmp_path):
    """Check that Ctrl-C also ends QEMU."""
    mark = tmp_path / "qemu.pid"
    log = plan.make_guest("end-interrupt", SPECS["end-hang"]).log
    log.unlink(missing_ok=True)
    spec = dataclasses.replace(SPECS["end-hang"], timeout=60, extra=("-pidfile", str(mark)))
    code = f"from safe_dma.guest.plan import Spec, boot\nboot('end-interrupt', {spec})"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        # If anything fails here, end the guest and do not wait for it.
        stop = threading.Timer(20, process.kill)
        stop.start()
        try:
            while not log.exists() or "waiting" not in log.read_text():
                assert process.poll() is None
                time.sleep(0.1)
            qemu = int(mark.read_text())
            process.send_signal(signal.SIGINT)
            assert process.wait() == -signal.SIGINT
            gone(qemu)
        finally:
            stop.cancel()
            process.kill()
            with contextlib.suppress(ProcessLookupError, FileNotFoundError):
                os.kill(int(mark.read_text()), signal.SIGKILL)
