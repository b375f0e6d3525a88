# SPDX-License-Identifier: GPL-2.0
"""What the tests share: where things are, and how the results of guests are judged."""

import os
import shutil
import subprocess
import time
from collections import Counter
from pathlib import Path

import pytest

from safe_dma.environment import ENV, TOP
from safe_dma.guest import plan
from safe_dma.witness import proof

KDIR, LINUX, CACHE, TOOLS = ENV.kdir, ENV.linux, ENV.cache, ENV.tools
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
    "TESTS",
    "CHECKS",
    "NAME",
    "JOBS",
    "FRESH",
    "V",
    "MAKEFLAGS",
]


def each(names, guest="{}", first=""):
    """Parameters of a test: these names, of which each judges a guest.

    With `first`, the name of a guest's first result, judge_all() may take the others.
    """

    def parameter(name):
        marks = [pytest.mark.boots(guest.format(name)), *([pytest.mark.long] if name in plan.LONG else [])]
        return pytest.param(name, marks=marks, id=f"{name}: {first}" if first else None)

    return [parameter(name) for name in names]


def pytest_terminal_summary(terminalreporter):
    """What QEMU's traces came to, if they were looked at."""
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
    """Judge results, each as a test: the first is this one, and its name is in this one's."""

    def judge_each(results):
        first, *others = results
        prefix = request.node.callspec.id.removesuffix(first.name)
        often = Counter(result.name for result in results)
        seen = Counter()
        # Where safe_dma/test.py finds them.
        request.node.results = []
        for result in others:
            # As pytest tells parameters apart that are alike.
            suffix = seen[result.name] if often[result.name] > 1 else ""
            seen[result.name] += 1
            request.node.results.append((f"{prefix}{result.name}{suffix}", result))
        judge(first)

    return judge_each


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


def run_command(command, cwd, env, timeout=300):
    """Run a command without input; its result has both outputs in `stdout`."""
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
        return run_command(
            ["make", *words, *(f"{name}={value}" for name, value in variables.items())], cwd, environment
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
