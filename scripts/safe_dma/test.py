#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Run the tests; the last line of the output is the count.

    python3 -m safe_dma.test [--no-boot] [PYTEST'S ARGUMENTS]

The guests of the selected tests are booted, side by side, while the tests run that need none; then the
others judge what the guests have left in .build/results. With --no-boot they judge the files of the last
time. A guest has many results: a test that takes them all is counted, and listed, as that many tests.
"""

import os
import signal
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from safe_dma.environment import ENV, LOGS, NotBuilt, lock_tree
from safe_dma.guest import plan, stage

SCRIPTS = Path(__file__).resolve().parents[1]


class Stage:
    """A pytest plugin: boots what the selected tests need, while those run that need no guest."""

    def __init__(self, short: bool):
        # Whether to leave out what is long.
        self.short = short
        self.booting = None

    def pytest_addoption(self, parser):
        """Of the command line."""
        parser.addoption("--no-boot", action="store_true", help="judge the guests that were booted the last time")

    def pytest_configure(self, config):
        """The marks of the tests."""
        config.addinivalue_line("markers", "boots(name...): the test judges these guests")
        config.addinivalue_line("markers", "long: of make test-all, and not of make test")

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config, items):
        """`make test` leaves out what is long, unless tests are named; who needs no guest is first."""
        if self.short:
            config.hook.pytest_deselected(items=[item for item in items if item.get_closest_marker("long")])
            items[:] = [item for item in items if not item.get_closest_marker("long")]
        items.sort(key=lambda item: bool(item.get_closest_marker("boots")))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session):
        """The one stage begins."""
        if session.config.option.no_boot:
            stage.judge_only()
        elif not session.config.option.collectonly:
            wanted = [name for item in session.items for mark in item.iter_markers("boots") for name in mark.args]
            # A test of a guest that cannot be had here is skipped, or fails when it asks for the outcome.
            self.booting = stage.begin([name for name in wanted if name in plan.SPECS and ENV.kernel("")])

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item):
        """The first test of a guest waits for the stage."""
        if self.booting and item.get_closest_marker("boots"):
            # Or it is skipped.
            str(ENV.kdir)
            stage.SHOWN.set()
            self.booting.join()
            assert self.booting.exitcode == 0, "the stage failed: what it said is above"

    def pytest_sessionfinish(self):
        """No guest is left behind where the tests were interrupted."""
        if self.booting and self.booting.is_alive():
            os.killpg(self.booting.pid, signal.SIGKILL)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self, item, call):
        """Before a test's own result those that it has taken; without a kernel a test that needs one is skipped."""
        if call.excinfo and isinstance(call.excinfo.value, NotBuilt):
            reason = str(call.excinfo.value)
            call.excinfo = pytest.CallInfo.from_call(lambda: pytest.skip(reason), call.when).excinfo
        results = getattr(item, "results", []) if call.when == "call" else []
        # Or else more would be done than there is.
        item.session.testscollected += len(results)
        for name, result in results:
            report(item, name, result)


class Reason(str):
    """Why a result is a failure: its first line is in the summary, too."""

    @property
    def reprcrash(self):
        """Where pytest looks for that line."""
        return SimpleNamespace(message=self.partition("\n")[0])


def report(item, name: str, result) -> None:
    """Count a result as a test beside `item`, which has taken it."""
    function = item.nodeid.partition("[")[0]
    path, line, _ = item.location
    outcome, longrepr = result.status, None
    if result.status == "skipped":
        longrepr = (str(item.path), line, f"Skipped: {result.reason}")
    elif result.status != "passed":
        outcome, longrepr = "failed", Reason("\n".join([result.reason, *result.log]))
    nodeid = f"{function}[{name}]"
    location = (path, line, nodeid)
    item.ihook.pytest_runtest_logreport(report=pytest.TestReport(nodeid, location, {}, outcome, longrepr, "call"))
    item.ihook.pytest_runtest_logfinish(nodeid=nodeid, location=location)


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


def selection(words: list[str]) -> list[str]:
    """pytest's arguments for the tests that are named: files, or parts of names."""
    files = [word for word in words if (SCRIPTS / word.partition("::")[0]).is_file()]
    names = [word for word in words if word not in files]
    return [*(str(SCRIPTS / file) for file in files), *(["-k", " or ".join(names)] if names else [])]


def main() -> int:
    """pytest on scripts/tests, or on what its arguments name."""
    # Tests interrupt programs, which would inherit that a shell has it ignored in the background.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    lock_tree()
    arguments = sys.argv[1:] or selection(ENV.tests.split())
    whole = {*arguments} <= {"--no-boot"}
    # The page is about whole runs.
    junit = [f"--junit-xml={LOGS / 'junit.xml'}"] if whole else []
    named = any(Path(word.partition("::")[0]).exists() for word in arguments if not word.startswith("-"))
    LOGS.mkdir(parents=True, exist_ok=True)
    count = Count()
    status = pytest.main(
        [
            f"--rootdir={SCRIPTS.parent}",
            *junit,
            "-p",
            "no:cacheprovider",
            # Or else it leaves out tests/build.
            "-o",
            "norecursedirs=.*",
            "--no-header",
            "-rfEs",
            "--tb=short",
            *arguments,
            *([] if named else [str(SCRIPTS / "tests")]),
        ],
        plugins=[Stage(whole and ENV.target == "test"), count],
    )
    if status != 0 and not count.failed:
        # Interrupted, no test at all, or wrong use: not one failed, and yet it is no success.
        count.failed = 1
    print(count.line(), flush=True)
    return 1 if count.failed else 0


if __name__ == "__main__":
    sys.exit(main())
