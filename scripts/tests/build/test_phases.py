# SPDX-License-Identifier: GPL-2.0
"""Test long steps: their progress, their failure, and two runs that share a cache."""

import os
import re
import signal
import subprocess
import time

import pytest
from conftest import TOP, gone

# The duration of a step, which depends on the machine.
TIME = re.compile(r"\b\d+:\d\d\b")


@pytest.fixture
def start(tmp_path):
    """Start shell code after sourcing lib.sh, with a cache and logs of its own."""
    prelude = f'. {TOP}/scripts/build/lib.sh\nLOGS={tmp_path}\nsay "started"\n'

    def call(code):
        return subprocess.Popen(
            ["bash", "-c", prelude + code],
            env=os.environ | {"XDG_CACHE_HOME": str(tmp_path)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    return call


def output(process):
    """Return the output after the first line, and the status."""
    text, _ = process.communicate(timeout=20)
    return TIME.sub("TIME", text.split("\n", 1)[1]), process.returncode


def test_success(start):
    """Check that a step prints one line with its time, and hides the command's output."""
    assert output(start("phase 'a step' step : echo noise")) == ("a step  TIME\n", 0)


def test_failure_names_the_log(start, tmp_path):
    """Check that a failed step prints one line, which names the log."""
    text, status = output(start("phase 'a step' step : sh -c 'echo noise; exit 3'"))
    assert (text, status) == (f"safe-dma: error: a step: failed after TIME; log: {tmp_path}/step.log\n", 1)
    assert (tmp_path / "step.log").read_text() == "noise\n"


def test_failure_tells_the_reason(start, tmp_path):
    """Check that the line has the error message of the step."""
    text, status = output(start("step() { fail 'no disk'; }\nphase 'a step' step : step"))
    assert (text, status) == (f"safe-dma: error: a step: no disk; log: {tmp_path}/step.log\n", 1)


def test_failure_with_a_hint(start, tmp_path):
    """Check that another way out is at the end of the line, once."""
    text, _ = output(start("hint '; try X'\nstep() { fail 'no disk'; }\nphase 'a step' step : step"))
    assert text == f"safe-dma: error: a step: no disk; log: {tmp_path}/step.log; try X\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted(start, tmp_path, number):
    """Check that the processes of an interrupted step end with it."""
    process = start(f"step() {{ sleep 1000 & echo $! >{tmp_path}/pid; wait; }}\nphase 'a step' step : step")
    while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
        time.sleep(0.05)
    pid = int((tmp_path / "pid").read_text())
    process.send_signal(number)
    assert output(process)[1] == 128 + number
    gone(pid)


def test_two_at_once(start):
    """Check that the second run waits for the first, and prints that once."""
    first = start("lock_cache; say 'have it'; sleep 1.5; say 'done'")
    assert first.stdout.readline() == "safe-dma: started\n"
    assert first.stdout.readline() == "safe-dma: have it\n"
    begun = time.monotonic()
    second = start("lock_cache; say 'have it'")
    assert output(second) == (
        "safe-dma: another run is filling the cache, waiting for it\nsafe-dma: have it\n",
        0,
    )
    assert time.monotonic() - begun > 0.5
    first.communicate()


def test_killed_run_leaves_no_lock(start):
    """Check that a killed run leaves no lock behind."""
    first = start("lock_cache; say 'have it'; exec sleep 1000")
    first.stdout.readline()
    first.stdout.readline()
    first.kill()
    first.communicate()
    assert output(start("lock_cache; say 'have it'")) == ("safe-dma: have it\n", 0)


@pytest.mark.parametrize(("quotas", "expected"), [([], 4), (["max", "50000"], 1), (["250000", "max"], 3)])
def test_processors(start, tmp_path, quotas, expected):
    """Check that the quota of a cgroup, or of a parent, limits the jobs like affinity does."""
    directory = tmp_path / "cgroup"
    directory.mkdir()
    for quota in quotas:
        (directory / "cpu.max").write_text(f"{quota} 100000\n")
        directory /= "child"
        directory.mkdir()
    assert output(start(f"nproc() {{ echo 4; }}\nprocessors {directory}")) == (f"{expected}\n", 0)
