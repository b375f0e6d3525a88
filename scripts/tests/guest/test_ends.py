# SPDX-License-Identifier: GPL-2.0
"""A guest that goes wrong is noticed, in time, and what went wrong is named."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time

import pytest
from conftest import IMAGE, LINUX, gone, with_programs

from safe_dma.guest import guest
from safe_dma.guest.plan import make_guest

# What stands in the place of init.
INITS = {
    # A kernel without init has nothing left but to panic.
    "panic": "#!/bin/busybox sh\nexit 3\n",
    "hang": "#!/bin/busybox sh\necho waiting\nwhile :; do /bin/busybox sleep 1000; done\n",
    "silent": "#!/bin/busybox sh\n/bin/busybox poweroff -f\n",
    "status": '#!/bin/busybox sh\necho "guest: end, status 7"\n/bin/busybox poweroff -f\n',
    "good": '#!/bin/busybox sh\necho "guest: end, status 0"\n/bin/busybox poweroff -f\n',
}


@pytest.fixture(scope="module")
def initramfs(tmp_path_factory):
    """The guest's initramfs with these added."""
    return with_programs(tmp_path_factory.mktemp("inits"), INITS)


@pytest.fixture
def problem(initramfs):
    """Boot with one of them; the problem that was seen."""

    def boot(init, **changes):
        settings = {
            "initramfs": initramfs,
            "rdinit": f"/{init}",
            "scenario": "strict",
            "append": "",
            "timeout": 60,
        }
        return guest.boot(make_guest("run", f"end-{init}", **(settings | changes)), lambda line: None).problem

    return boot


def test_good(problem):
    """They themselves work."""
    assert problem("good") == ""


def test_panic(problem):
    """A panic ends QEMU, and its message is what the user sees."""
    assert problem("panic").startswith("kernel panic in the guest: ")
    assert "Attempted to kill init" in problem("panic")


def test_hang(problem):
    """Nothing happens any more: the time limit ends it."""
    start = time.monotonic()
    assert problem("hang", timeout=4).startswith("the guest hangs: no end line within 4 s; the last line was ")
    assert time.monotonic() - start < 10


def test_no_end_line(problem):
    """A guest that stops by itself has not succeeded."""
    assert problem("silent").startswith("the guest stopped without its end line; the last line was ")


def test_status(problem):
    """What failed in the guest fails on the host."""
    assert problem("status") == "the guest's run failed with status 7"


def test_qemu_fails(problem):
    """QEMU's own message is shown."""
    text = problem("good", extra=["-device", "no-such-device"])
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
    """The kernel's own words for what is fatal."""
    a_guest = make_guest("run", "none")
    assert guest.classify(["a line", line], False, a_guest, 0, "") == f"{name} in the guest: {line}"


def test_interrupt(initramfs, tmp_path):
    """Ctrl-C leaves no QEMU behind."""
    log = tmp_path / "interrupt.log"
    mark = tmp_path / "qemu.pid"
    with subprocess.Popen(
        [
            sys.executable,
            *("-m", "safe_dma.guest.guest"),
            *("--qemu", os.environ["QEMU"], "--image", IMAGE, "--linux", LINUX),
            *("--initramfs", initramfs, "--log", log, "--rdinit", "/hang"),
            *("--qemu-args", f"-pidfile {mark}", "run"),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        # Whatever fails here, no guest stays behind, and nothing waits for it.
        stop = threading.Timer(20, process.kill)
        stop.start()
        try:
            while not log.exists() or "waiting" not in log.read_text():
                assert process.poll() is None
                time.sleep(0.1)
            qemu = int(mark.read_text())
            process.send_signal(signal.SIGINT)
            assert process.wait() == 130
            gone(qemu)
        finally:
            stop.cancel()
            process.kill()
            with contextlib.suppress(ProcessLookupError, FileNotFoundError):
                os.kill(int(mark.read_text()), signal.SIGKILL)
