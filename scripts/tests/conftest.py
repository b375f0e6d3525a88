# SPDX-License-Identifier: GPL-2.0
"""What the tests share: where things are, and guests that are booted once."""

import functools
import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

import guest
import ktap

TOP = Path(__file__).resolve().parents[2]
KDIR = Path(os.environ["SAFE_DMA_KDIR"])
LINUX = Path(os.environ["SAFE_DMA_LINUX"])
IMAGE = Path(os.environ["SAFE_DMA_IMAGE"])
BUILD = Path(os.environ["SAFE_DMA_BUILD"])
CACHE = Path(os.environ["SAFE_DMA_CACHE"])
LOGS = BUILD / "log"
# What a user may have set for make.
VARIABLES = ["KDIR", "LINUX", "LINUX_VERSION", "SMP", "COHERENT", "APPEND", "TIMEOUT", "QEMU", "V", "MAKEFLAGS"]
COHERENT = os.environ.get("COHERENT", "y") == "y"


def make_guest(mode, log, **changes):
    """A guest as `make` boots it, with its log named `log`."""
    settings = {
        "qemu": os.environ["QEMU"],
        "image": IMAGE,
        "initramfs": BUILD / "initramfs.cpio",
        "mode": mode,
        "log": LOGS / f"{log}.log",
        "smp": int(os.environ["SMP"]),
        "append": os.environ["APPEND"],
        "timeout": int(os.environ["TIMEOUT"]),
        "coherent": COHERENT,
    }
    return guest.Guest(**(settings | changes))


# Every buffer is copied to memory that the device can reach, and back: here, and not behind an SMMU
# that a coherent device has, does sync have something to do.
BOUNCE = "iommu.passthrough=1 swiotlb=force"

# The guests whose results are tests, by the name of the test's argument: what booted() takes.
GUESTS = {
    "selftest_result": ("test", "guest-test"),
    "check_result": ("run", "guest-run"),
    "bounced_result": ("run", "guest-bounce", BOUNCE),
    "overlap_result": ("test", "guest-overlap", "swiotlb=noforce"),
    "noncoherent_result": ("run", "guest-noncoherent", "", False),
}


@functools.cache
def booted(mode, log, append="", coherent=COHERENT):
    """The outcome of a guest that was booted under that name, once in a session."""
    print(f"guest: {log}", flush=True)
    words = f"{os.environ['APPEND']} {append}".strip()
    return guest.boot(make_guest(mode, log, append=words, coherent=coherent), lambda line: None)


def guest_results(*which):
    """Each result of a guest's KTAP, and its own end as one more."""
    outcome = booted(*which)
    end = ktap.Result("the guest's end", "failed" if outcome.problem else "passed", outcome.problem)
    return [end, *ktap.parse(outcome.lines, LINUX)]


def pytest_generate_tests(metafunc):
    """A test that takes the results of a guest is run for each of them."""
    for name, which in GUESTS.items():
        if name in metafunc.fixturenames:
            results = guest_results(*which)
            metafunc.parametrize(name, results, ids=[result.name for result in results])


def judge(result):
    """Make a pytest outcome of one KTAP result."""
    if result.status == "skipped":
        pytest.skip(result.reason)
    assert result.status == "passed", "\n".join([result.reason, *result.log])


@pytest.fixture
def tree(tmp_path):
    """A copy of this tree as a clone of it would be, with no products in it."""
    copy = tmp_path / "tree"
    listed = subprocess.run(
        ["git", "-C", TOP, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        check=True,
        capture_output=True,
        text=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (TOP / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(TOP / name, copy / name)
    return copy


@pytest.fixture
def make(tmp_path):
    """Call make as a user does, in `cwd`; variables are given by name, None takes one away."""

    def call(*words, cwd=TOP, env=None, **variables):
        environment = {name: value for name, value in os.environ.items() if name not in VARIABLES}
        for name, value in (env or {}).items():
            if value is None:
                environment.pop(name, None)
            else:
                environment[name] = str(value)
        return subprocess.run(
            ["make", *words, *(f"{name}={value}" for name, value in variables.items())],
            cwd=cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )

    return call


@pytest.fixture
def fake_tool(tmp_path):
    """Put a program of that name, a shell script, before all others; returns the PATH."""
    directory = tmp_path / "fake"
    directory.mkdir()

    def add(name, script):
        program = directory / name
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        return f"{directory}:{os.environ['PATH']}"

    return add


def gone(pid):
    """That process ends soon, or is only waiting for somebody to take notice of its end."""
    for _ in range(50):
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return
        except FileNotFoundError:
            return
        time.sleep(0.1)
    pytest.fail(f"process {pid} is still there")


def error_line(result):
    """The one line that a failed call of make ends with, before make's own."""
    lines = [line for line in result.stdout.splitlines() if not line.startswith("make")]
    assert result.returncode != 0, result.stdout
    errors = [line for line in lines if line.startswith("safe-dma: error: ")]
    assert len(errors) == 1, result.stdout
    assert "Traceback" not in result.stdout
    return errors[0]
