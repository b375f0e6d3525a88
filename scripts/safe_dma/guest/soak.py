#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Soak the module: boot guest after guest, each with its own seed, until the time is over."""

import argparse
import re
import sys
import time
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path

from safe_dma import command
from safe_dma.environment import ENV, LOGS
from safe_dma.guest import guest, ktap, plan, reports

SELFTESTS = Path(__file__).resolve().parents[2] / "selftests"
# The self-tests that a guest runs, in this order.
TESTS = ("soak", "fuzz", "cycles")
# The amount of work of each: one or two minutes for a guest with the kernel of DEBUG=1.
AMOUNTS = {"SAFE_DMA_OPERATIONS": 20000, "SAFE_DMA_INPUTS": 10000, "SAFE_DMA_CYCLES": 10}

# The figures that the self-tests print.
FIGURES = {
    "operations": re.compile(r"# soak: seed \d+, .* (\d+) operations, digest [0-9a-f]+$"),
    "inputs": re.compile(r"# seed \d+: (\d+) inputs, "),
    "load and unload": re.compile(r"# cycles: (\d+) reload, "),
    "unbind and bind": re.compile(r"# cycles: (\d+) rebind, "),
}
# A mismatch that they print.
MISMATCH = re.compile(r"# soak: seed \d+ worker \d+ operation \d+: |# input \d+ of seed \d+: ")


@dataclass
class Sum:
    """The sums of all guests."""

    guests: int = 0
    figures: dict[str, int] = field(default_factory=lambda: dict.fromkeys(FIGURES, 0))
    mismatches: int = 0
    reports: int = 0

    def add(self, outcome: guest.Outcome):
        """Add a guest."""
        self.guests += 1
        for name, pattern in FIGURES.items():
            self.figures[name] += sum(int(match[1]) for line in outcome.lines if (match := pattern.search(line)))
        self.mismatches += sum(bool(MISMATCH.search(line)) for line in outcome.lines)
        self.reports += len(reports.scan(outcome.kernel))

    def __str__(self):
        done = [f"{number} {name}" for name, number in self.figures.items() if number]
        return ", ".join([f"{self.guests} guests", *done, f"{self.mismatches} mismatches", f"{self.reports} reports"])


def problem(outcome: guest.Outcome) -> str:
    """Return the problem of a guest in one line; empty if there is none."""
    said = [line.strip() for line in outcome.lines if MISMATCH.search(line)]
    failed = [result.name for result in ktap.read(outcome.lines) if result.status == "failed"]
    if said:
        return said[0].removeprefix("# ")
    if outcome.problem:
        return outcome.problem
    return f"a check failed: {failed[0]}" if failed else ""


def tests() -> list[str]:
    """Return the self-tests that exist."""
    return [name for name in TESTS if (SELFTESTS / f"{name}.sh").exists()]


def scenario_of(seed: int) -> str:
    """Return the scenario of a seed: always the same, so that a seed repeats its run."""
    names = plan.DEBUG_SCENARIOS if plan.SCENARIO == "strict" else [plan.SCENARIO]
    return names[seed % len(names)]


def boot(seed: int) -> guest.Outcome:
    """Run one guest to its end."""
    words = [f"SAFE_DMA_SEED={seed}", *(f"{name}={number}" for name, number in AMOUNTS.items())]
    return plan.boot(f"soak-{seed}", plan.Spec(" ".join(["selftest", *tests()]), scenario_of(seed), " ".join(words)))


class Progress:
    """Shows progress in one line; without a terminal, in one line every 30 seconds."""

    def __init__(self):
        self.start = time.monotonic()
        self.next = 30

    def elapsed(self) -> str:
        """Return the elapsed time."""
        seconds = int(time.monotonic() - self.start)
        return f"{seconds // 60}:{seconds % 60:02d}"

    def show(self, total: Sum, running: int):
        """Show the progress."""
        text = f"safe-dma: soak  {self.elapsed()}  {total}, {running} running"
        if sys.stderr.isatty():
            print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
        elif time.monotonic() - self.start >= self.next:
            self.next += 30
            print(text, file=sys.stderr, flush=True)

    def end(self):
        """Erase the line."""
        if sys.stderr.isatty():
            print("\r\033[K", end="", file=sys.stderr, flush=True)


def soak(seed: int, seconds: float) -> tuple[Sum, int, str]:
    """Boot guests until the time is over or one fails.

    Return the sums, the seed after the last one, and the failure.
    """
    total = Sum()
    progress = Progress()
    end = progress.start + seconds
    processors = ENV.jobs
    wrong = ""
    running = {}
    with ThreadPoolExecutor(max_workers=processors) as pool:
        try:
            while True:
                while not wrong and len(running) < processors and time.monotonic() < end:
                    running[pool.submit(boot, seed)] = seed
                    seed += 1
                if not running:
                    break
                done, _ = wait(running, timeout=1, return_when=FIRST_COMPLETED)
                for future in done:
                    number = running.pop(future)
                    total.add(future.result())
                    found = problem(future.result())
                    if found and not wrong:
                        log = LOGS / f"soak-{number}.log"
                        wrong = f"SEED={number} (scenario {scenario_of(number)}): {found}; log: {log}"
                progress.show(total, len(running))
        finally:
            progress.end()
    return total, seed, wrong


def main() -> int:
    """Run the soak that the environment describes, see main.sh."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    seed = int(ENV.seed or time.time())
    minutes = float(ENV.minutes)
    print(f"safe-dma: soak: {', '.join(tests())} for {minutes:g} minutes, from SEED={seed}", flush=True)
    start = time.monotonic()
    total, after, wrong = soak(seed, minutes * 60)
    seconds = int(time.monotonic() - start)
    print(f"safe-dma: soak: seeds {seed} to {after - 1} in {seconds // 60}:{seconds % 60:02d}: {total}", flush=True)
    if wrong:
        print(f"safe-dma: error: {wrong}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    command.run(main, *guest.GUEST_ERRORS)
