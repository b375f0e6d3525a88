# SPDX-License-Identifier: GPL-2.0
"""Shared by the tests: paths, fixtures, and the judging of the results of guests."""

import os
import shutil
import subprocess
import time
from collections import Counter
from pathlib import Path

import pytest

from safe_dma.environment import ENV, TOP
from safe_dma.guest import kernel, plan
from safe_dma.witness import proof

KDIR, LINUX, CACHE, TOOLS = ENV.kdir, ENV.linux, ENV.cache, ENV.tools
# Variables of make that the user may have set.
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
    "BUSYBOX",
    "TESTS",
    "CHECKS",
    "NAME",
    "JOBS",
    "FRESH",
    "KERNEL",
    "ROOT",
    "M",
    "SAFE_DMA_DEFAULT_KERNEL",
    "V",
    "MAKEFLAGS",
]


def each(names, guest="{}", first="", long=plan.LONG):
    """Parametrize a test by the names of guests that it judges.

    With `first`, the name of a guest's first result, judge_all() may take the others. `make test`
    leaves those in `long` out.
    """

    def parameter(name):
        marks = [pytest.mark.boots(guest.format(name)), *([pytest.mark.long] if name in long else [])]
        return pytest.param(name, marks=marks, id=f"{name}: {first}" if first else None)

    return [parameter(name) for name in names]


def pytest_terminal_summary(terminalreporter):
    """Print what the checked traces of QEMU have confirmed."""
    if proof.REPORTS:
        terminalreporter.section("claims of the guests, and QEMU's trace")
        for name, report in proof.REPORTS.items():
            terminalreporter.line(f"{name}: {report.summary()}")


def judge(result):
    """Make a pytest outcome of one KTAP result."""
    if result.status == "skipped":
        pytest.skip(result.reason)
    assert result.status == "passed", "\n".join([result.reason, *result.log])


@pytest.fixture
def judge_all(request):
    """Judge results, each as a test of its own; the first one is the result of this test."""

    def judge_each(results):
        first, *others = results
        prefix = request.node.callspec.id.removesuffix(first.name)
        often = Counter(result.name for result in results)
        seen = Counter()
        # Read by safe_dma/test.py.
        request.node.results = []
        for result in others:
            # Number equal names, as pytest does for parameters.
            suffix = seen[result.name] if often[result.name] > 1 else ""
            seen[result.name] += 1
            request.node.results.append((f"{prefix}{result.name}{suffix}", result))
        judge(first)

    return judge_each


@pytest.fixture
def tree(tmp_path):
    """Copy this tree without products, like a clone."""
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


def run_command(command, cwd, env, timeout=300):
    """Run a command without input; `stdout` of the result has both outputs."""
    return subprocess.run(
        command,
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout,
        check=False,
    )


def environment():
    """Return the environment without the user's variables of make."""
    return {name: value for name, value in os.environ.items() if name not in VARIABLES}


@pytest.fixture
def make(tmp_path):
    """Call make as a user does, in `cwd`, with these variables; None removes one."""

    def call(*words, cwd=TOP, env=None, **variables):
        given = environment() | (env or {})
        given = {name: str(value) for name, value in given.items() if value is not None}
        return run_command(["make", *words, *(f"{name}={value}" for name, value in variables.items())], cwd, given)

    return call


@pytest.fixture
def fake_tool(tmp_path):
    """Install a shell script as a program of that name; return a PATH that finds it first."""
    directory = tmp_path / "fake"
    directory.mkdir()

    def add(name, script):
        program = directory / name
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        return f"{directory}:{os.environ['PATH']}"

    return add


def needs(option):
    """Skip the test if the kernel of others lacks an option."""
    if kernel.lacks(option):
        pytest.skip(f"this kernel has no CONFIG_{option}")


def gone(pid):
    """Check that a process ends soon, or is a zombie."""
    for _ in range(50):
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return
        except FileNotFoundError:
            return
        time.sleep(0.1)
    pytest.fail(f"process {pid} is still there")


def error_line(result):
    """Return the last line of a failed call of make, before make's own lines."""
    lines = [line for line in result.stdout.splitlines() if not line.startswith("make")]
    assert result.returncode != 0, result.stdout
    errors = [line for line in lines if line.startswith("safe-dma: error: ")]
    assert len(errors) == 1, result.stdout
    assert "Traceback" not in result.stdout
    return errors[0]
