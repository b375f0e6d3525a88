# SPDX-License-Identifier: GPL-2.0
"""What the tests share: where things are, and the results of the guests."""

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from safe_dma.guest import ktap
from safe_dma.guest.plan import GUESTS, boot_together, debug_guests, guest_results, matrix
from safe_dma.witness import proof

TOP = Path(__file__).resolve().parents[2]
KDIR = Path(os.environ["SAFE_DMA_KDIR"])
LINUX = Path(os.environ["SAFE_DMA_LINUX"])
IMAGE = Path(os.environ["SAFE_DMA_IMAGE"])
BUILD = Path(os.environ["SAFE_DMA_BUILD"])
CACHE = Path(os.environ["SAFE_DMA_CACHE"])
# What a user may have set for make.
VARIABLES = [
    "KDIR",
    "LINUX",
    "LINUX_VERSION",
    "SMP",
    "SCENARIO",
    "OP",
    "APPEND",
    "BASELINE",
    "TIMEOUT",
    "QEMU",
    "V",
    "MAKEFLAGS",
]


def pytest_generate_tests(metafunc):
    """A test that takes the results of a guest is run for each of them."""
    # All of them, at the first test that wants any: they are booted side by side.
    if {*GUESTS, "scenario_result", "claim_result", "path_result", "debug_result"} & {*metafunc.fixturenames}:
        guests = [debug_guests(), matrix(), GUESTS, proof.path_guests()]
        boot_together([which for group in guests for which in group.values()])
    if "debug_result" in metafunc.fixturenames:
        cases = [(name, result) for name, which in debug_guests().items() for result in guest_results(*which)]
        cases = cases or [("debug", ktap.Result("none", "skipped", "the kernel of DEBUG=1 was not built"))]
        ids = [f"{name}: {result.name}" for name, result in cases]
        metafunc.parametrize("debug_result", [result for _, result in cases], ids=ids)
    if "scenario_result" in metafunc.fixturenames:
        cases = [(name, result) for name, which in matrix().items() for result in guest_results(*which)]
        metafunc.parametrize("scenario_result", cases, ids=[f"{name}: {result.name}" for name, result in cases])
    for name, which in GUESTS.items():
        if name in metafunc.fixturenames:
            results = guest_results(*which)
            metafunc.parametrize(name, results, ids=[result.name for result in results])


def pytest_terminal_summary(terminalreporter):
    """What QEMU's traces came to, if they were looked at."""
    if proof.claims_report.cache_info().currsize:
        terminalreporter.section("claims of the guests, and QEMU's trace")
        for name in matrix():
            terminalreporter.line(f"{name}: {proof.claims_report(name).summary()}")


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


def with_programs(directory, programs, archive=BUILD / "initramfs.cpio"):
    """A guest's initramfs with these added, by their names, in `directory`: the kernel reads archives in a row."""
    for name, script in programs.items():
        (directory / name).write_text(script)
        (directory / name).chmod(0o755)
    added = subprocess.run(
        ["cpio", "--quiet", "--create", "--format=newc"],
        input="\n".join(programs).encode(),
        cwd=directory,
        stdout=subprocess.PIPE,
        check=True,
    )
    whole = directory / "initramfs.cpio"
    whole.write_bytes(archive.read_bytes() + added.stdout)
    return whole


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
