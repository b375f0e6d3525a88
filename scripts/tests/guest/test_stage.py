# SPDX-License-Identifier: GPL-2.0
"""Test booting and judging guests, and that the outcome of a reproducible guest is reused."""

import dataclasses
import re
import subprocess
import sys
import threading

import pytest
from conftest import error_line

from safe_dma.environment import ENV
from safe_dma.guest import guest, plan, stage, subjects
from safe_dma.guest.plan import Spec

SPEC = Spec("run", "strict")


@pytest.fixture
def booted(tmp_path, monkeypatch):
    """Replace booting; return the names of the guests that would have been booted, in order."""
    names = []

    def boot(name, spec, show):
        names.append(name)
        return guest.Outcome("it failed" if spec.mode == "fail" else "", ["a line"], 1.0, ["a message"])

    for name in ("qemu", "image", "initramfs"):
        (tmp_path / name).write_text(name)
    (tmp_path / "log").mkdir()
    environment = dataclasses.replace(ENV, qemu=str(tmp_path / "qemu"), image=tmp_path / "image", fresh=False, jobs=2)
    monkeypatch.setattr(plan, "ENV", environment)
    monkeypatch.setattr(plan, "BUILD", tmp_path)
    monkeypatch.setattr(plan, "LOGS", tmp_path / "log")
    monkeypatch.setattr(plan, "boot", boot)
    monkeypatch.setattr(stage, "ENV", environment)
    monkeypatch.setattr(stage, "RESULTS", tmp_path)
    monkeypatch.setattr(stage, "_judged", set())
    monkeypatch.setattr(stage, "SHOWN", threading.Event())
    stage.SHOWN.set()
    monkeypatch.delenv("CI", raising=False)
    (tmp_path / "initramfs.cpio").write_text("archive")
    (tmp_path / "log" / "a.log").touch()
    stage.digest.cache_clear()
    yield names
    stage.digest.cache_clear()
    stage._read.cache_clear()


def test_kept(booted):
    """Check that the same guest is booted once, and that its whole outcome is kept."""
    first = stage.boot("a", SPEC)
    assert stage.boot("a", SPEC) == (first[0], True)
    assert first[0].kernel == ["a message"]
    assert booted == ["a"]


@pytest.mark.parametrize(
    "change",
    [
        lambda path, monkeypatch: monkeypatch.setenv("CI", "true"),
        lambda path, monkeypatch: (path / "initramfs.cpio").write_text("another"),
        lambda path, monkeypatch: (path / "image").write_text("another"),
        lambda path, monkeypatch: (path / "qemu").write_text("another"),
        lambda path, monkeypatch: (path / "log" / "a.log").unlink(),
        lambda path, monkeypatch: (path / "a.json").write_text("{"),
    ],
)
def test_not_kept(booted, tmp_path, monkeypatch, change):
    """Check that changed inputs, a missing log or CI boot a guest again."""
    stage.boot("a", SPEC)
    change(tmp_path, monkeypatch)
    stage.digest.cache_clear()
    assert not stage.boot("a", SPEC)[1]
    assert booted == ["a", "a"]


@pytest.mark.parametrize(
    "spec",
    [
        Spec("fail", "strict"),
        Spec("run", "smp"),
        Spec("run", "strict", asks=True),
        Spec("run", "strict", recorded=("smmuv3_*",)),
    ],
)
def test_never_kept(booted, spec):
    """Check that failures, guests in real time, and guests without their trace are not reused."""
    stage.boot("a", spec)
    assert not stage.boot("a", spec)[1]


def test_another_command_line(booted):
    stage.boot("a", SPEC)
    assert not stage.boot("a", dataclasses.replace(SPEC, append="quiet"))[1]


def test_outcome(booted, monkeypatch):
    """Check that only guests of this run are judged, even if others have files."""
    monkeypatch.setattr(plan, "SPECS", {"a": SPEC, "b": SPEC})
    stage.boot("b", SPEC)
    stage.boot_together(["a", "a"])
    stage.boot_together(["a"])
    assert booted == ["b", "a"]
    assert stage.outcome("a").lines == ["a line"]
    with pytest.raises(stage.NoOutcome, match="b is not among the guests that were booted"):
        stage.outcome("b")
    stage.judge_only()
    assert stage.outcome("b").lines == ["a line"]
    with pytest.raises(stage.NoOutcome, match="boot c first"):
        stage.outcome("c")


RESULTS = """\
from safe_dma.guest.ktap import Result

def test_guest(request):
    request.node.results = [
        ("good", Result("good", "passed")),
        ("bad", Result("bad", "failed", "the reason", ["a line of its log"])),
        ("none", Result("none", "skipped", "no device")),
    ]
"""


def test_each_result_counts(tmp_path):
    """Check that each result counts as a test, and that a failed one is listed with its reason."""
    file = tmp_path / "test_guest.py"
    file.write_text(RESULTS)
    done = subprocess.run(
        [sys.executable, "-m", "safe_dma.test", file], stdout=subprocess.PIPE, text=True, check=False, timeout=300
    )
    lines = done.stdout.splitlines()
    assert lines[-1] == "2 passed, 1 failed, 1 skipped"
    assert any(re.search(r"\.Fs\. +\[100%\]$", line) for line in lines), lines
    assert any(line.startswith("FAILED ") and line.endswith("::test_guest[bad] - the reason") for line in lines)
    assert "a line of its log" in lines
    assert done.returncode == 1


def test_subjects(make):
    """Check that CHECKS= is converted to a mask for the module."""
    known = subjects.names()
    assert known[0] == "coherent"
    assert {"sync", "sg", "numbers", "concurrency"} <= {*known}
    assert "forget" not in known
    assert subjects.parameters("coherent,sg") == (f"subjects={1 | 1 << known.index('sg'):#x}",)


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"JOBS": "0"}, "JOBS=0 is not a number of jobs"),
        ({"FRESH": "yes"}, "FRESH=yes is not 1"),
    ],
)
def test_options(make, variables, said):
    """Check that invalid options are refused before anything is built."""
    assert said in error_line(make("run", **variables))


def test_no_such_selftest(make):
    assert "NAME=control fast: there is no self-test fast" in error_line(make("selftest", NAME="control fast"))
