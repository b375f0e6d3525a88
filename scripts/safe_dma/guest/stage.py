# SPDX-License-Identifier: GPL-2.0
"""Boot the guests of a plan in parallel, and write the outcome of each to .build/results/NAME.json.

The tests judge the outcomes later: outcome() and results() read the files.
"""

import contextlib
import dataclasses
import functools
import hashlib
import json
import multiprocessing
import os
import shutil
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from safe_dma.environment import BUILD, ENV
from safe_dma.guest import guest, ktap, plan

RESULTS = BUILD / "results"
# The name of the result for the end of the guest itself.
END = "the guest's end"

# The guests that may be judged: those that this process has booted, or all, see judge_only().
_judged: set[str] | None = set()


class NoOutcome(Exception):
    """The guest was not booted."""


@functools.cache
def digest(path: Path) -> str:
    """Return the hash of a file's contents."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def identity(name: str, spec: plan.Spec) -> str:
    """Return a hash of all inputs of a guest whose run is reproducible; empty for others."""
    if spec.real_time or spec.disk or not ENV.image:
        return ""
    a_guest = plan.make_guest(name, spec)
    qemu = Path(shutil.which(a_guest.qemu) or a_guest.qemu)
    files = [qemu, a_guest.image, a_guest.initramfs]
    if not all(file.exists() for file in files):
        return ""
    parts = [*map(digest, files), *a_guest.command(), str(a_guest.scenario.settings()), repr(spec.programs)]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def file_of(name: str) -> Path:
    """Return the path of a guest's outcome."""
    return RESULTS / f"{name}.json"


def write(name: str, outcome: guest.Outcome, key: str) -> None:
    """Write an outcome to its file."""
    data = dataclasses.asdict(outcome)
    if outcome.kernel is outcome.lines:
        data["kernel"] = None
    RESULTS.mkdir(parents=True, exist_ok=True)
    new = file_of(name).with_suffix(".tmp")
    new.write_text(json.dumps({"key": key} | data), encoding="utf-8")
    new.replace(file_of(name))


def read(name: str) -> tuple[guest.Outcome, str] | None:
    """Read an outcome, and the hash of the guest's inputs, from the file."""
    try:
        data = json.loads(file_of(name).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    key = data.pop("key")
    if data["kernel"] is None:
        data["kernel"] = data["lines"]
    return guest.Outcome(**data), key


def kept(name: str, spec: plan.Spec, key: str) -> guest.Outcome | None:
    """Return the earlier outcome of the same guest if it was good; never if CI is set."""
    if not key or ENV.fresh or os.environ.get("CI"):
        return None
    found = read(name)
    if not found or found[1] != key or found[0].problem:
        return None
    needs_trace = spec.recorded and not plan.trace_of(name).exists()
    return None if needs_trace or not plan.make_guest(name, spec).log.exists() else found[0]


def boot(name: str, spec: plan.Spec, show=lambda line: None) -> tuple[guest.Outcome, bool]:
    """Boot a guest, or reuse its earlier outcome; return whether it was reused."""
    key = identity(name, spec)
    outcome = kept(name, spec, key)
    if outcome:
        for line in outcome.lines:
            show(line)
        return outcome, True
    file_of(name).unlink(missing_ok=True)
    outcome = plan.boot(name, spec, show)
    write(name, outcome, key)
    return outcome, False


# Whether progress may be shown on the terminal, which tests write to meanwhile.
FORK = multiprocessing.get_context("fork")
SHOWN = FORK.Event()
SHOWN.set()


class Progress:
    """Shows the progress of the guests in one line; without a terminal, only the last line."""

    def __init__(self, total: int):
        self.start = time.monotonic()
        self.total = total
        self.done = self.kept = 0

    def __call__(self, name: str, was_kept: bool):
        self.done += 1
        self.kept += was_kept
        if sys.stderr.isatty() and SHOWN.is_set():
            shown = f"{self}, {name}"[: shutil.get_terminal_size().columns]
            print(f"\r\033[K{shown}", end="", file=sys.stderr, flush=True)

    def __str__(self):
        seconds = int(time.monotonic() - self.start)
        kept = f", {self.kept} kept from an earlier run (FRESH=1 boots them again)" if self.kept else ""
        return f"safe-dma: guests  {seconds // 60}:{seconds % 60:02d}  {self.done} of {self.total}{kept}"

    def end(self):
        """Write the last line."""
        text = str(self)
        SHOWN.wait()
        print(f"\r\033[K{text}" if sys.stderr.isatty() else text, file=sys.stderr, flush=True)


def seconds(name: str) -> float:
    """Return the duration of a guest's last run; a guest that was never booted sorts first."""
    found = read(name)
    return found[0].seconds if found else float("inf")


def boot_together(names: list[str]) -> None:
    """Boot guests, the longest first, as many at a time as there are processors.

    One more is booted in parallel if it runs in real time, as such a guest mostly waits.
    """
    names = sorted({*names} - (_judged or set()), key=seconds, reverse=True)
    if not names:
        return
    show = Progress(len(names))
    with contextlib.ExitStack() as stack:
        pools = {
            True: stack.enter_context(ThreadPoolExecutor(1)),
            False: stack.enter_context(ThreadPoolExecutor(ENV.jobs)),
        }
        running = {}
        for name in names:
            spec = plan.SPECS[name]
            running[pools[spec.real_time].submit(boot, name, spec)] = name
        try:
            for future in as_completed(running):
                show(running[future], future.result()[1])
        except BaseException:
            # Start no other guest.
            for future in running:
                future.cancel()
            raise
    _judged.update(names)
    show.end()


def _boot_in_group(names: list[str]) -> None:
    # A process group of its own, so that its guests are ended with it.
    os.setpgrp()
    boot_together(names)


def begin(names: list[str]) -> multiprocessing.Process:
    """Boot guests in a process of its own, which the tests in this process cannot affect."""
    SHOWN.clear()
    process = FORK.Process(target=_boot_in_group, args=[names], daemon=True)
    process.start()
    _judged.update(names)
    return process


def judge_only() -> None:
    """Allow judging all files, whichever process has booted the guests."""
    global _judged
    _judged = None


def outcome(name: str) -> guest.Outcome:
    """Return the outcome of a guest."""
    if _judged is not None and name not in _judged:
        raise NoOutcome(f"{name} is not among the guests that were booted: name it with @pytest.mark.boots")
    return _read(name)


@functools.cache
def _read(name: str) -> guest.Outcome:
    found = read(name)
    if not found:
        raise NoOutcome(f"{file_of(name)} is not there: boot {name} first")
    return found[0]


def guest_end(name: str) -> ktap.Result:
    """Return the end of the guest as a result."""
    found = outcome(name)
    if found.problem:
        a_guest = plan.make_guest(name, plan.SPECS[name])
        return ktap.Result(END, "failed", f"{found.problem}; log: {a_guest.log}", guest.report(a_guest, found))
    return ktap.Result(END, "passed")


@functools.cache
def results(name: str) -> list[ktap.Result]:
    """Return the end of a guest, and then each result of its KTAP."""
    return [guest_end(name), *ktap.read(outcome(name).lines)]
