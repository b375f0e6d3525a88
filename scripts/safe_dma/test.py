#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Run every test; the last line of the output is the count."""

import os
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).resolve().parents[1]


class Count:
    """A pytest plugin: counts tests, and takes every error for a failure."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def pytest_runtest_logreport(self, report):
        """One phase of one test: set-up, call or tear-down."""
        if report.failed:
            self.failed += 1
        elif report.skipped:
            self.skipped += 1
        elif report.when == "call":
            self.passed += 1

    def pytest_collectreport(self, report):
        """A file that cannot be read is a failure, not silence."""
        if report.failed:
            self.failed += 1

    def line(self):
        """The line that ends the output."""
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        return f"{self.passed} passed, {self.failed} failed{skipped}"


def main() -> int:
    """pytest on scripts/tests, with its arguments from the command line."""
    build = Path(os.environ["SAFE_DMA_BUILD"])
    count = Count()
    status = pytest.main(
        [
            str(SCRIPTS / "tests"),
            f"--rootdir={SCRIPTS.parent}",
            f"--junit-xml={build / 'log' / 'junit.xml'}",
            "-p",
            "no:cacheprovider",
            "--no-header",
            "-rfEs",
            "--tb=short",
            *sys.argv[1:],
        ],
        plugins=[count],
    )
    if status != 0 and not count.failed:
        # Interrupted, no test at all, or wrong use: not one failed, and yet it is no success.
        count.failed = 1
    print(count.line(), flush=True)
    return 1 if count.failed else 0


if __name__ == "__main__":
    sys.exit(main())
