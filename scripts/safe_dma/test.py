#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Run the tests; the last line of the output is the count.

    python3 -m safe_dma.test [--no-boot] [PYTEST'S ARGUMENTS]

The guests of the selected tests are booted in parallel, while the tests run that need no guest.
Then the other tests judge the results in .build/results. With --no-boot they judge the files of the
last run. A test that judges all results of a guest is counted and listed as that many tests.
"""

import contextlib
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
    """A pytest plugin that boots guests while the tests run that need none."""

    def __init__(self, short: bool):
        # Whether to leave out long tests.
        self.short = short
        self.booting = None

    def pytest_addoption(self, parser):
        """Add an option to the command line."""
        parser.addoption("--no-boot", action="store_true", help="judge the guests that were booted the last time")

    def pytest_configure(self, config):
        """Register the marks of the tests."""
        config.addinivalue_line("markers", "boots(name...): the test judges these guests")
        config.addinivalue_line("markers", "long: of make test-all, and not of make test")

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config, items):
        """Leave out long tests, unless tests are named; run tests without guests first."""
        if self.short:
            config.hook.pytest_deselected(items=[item for item in items if item.get_closest_marker("long")])
            items[:] = [item for item in items if not item.get_closest_marker("long")]
        items.sort(key=lambda item: bool(item.get_closest_marker("boots")))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session):
        """Start booting the guests."""
        if session.config.option.no_boot:
            stage.judge_only()
        elif not session.config.option.collectonly:
            wanted = [name for item in session.items for mark in item.iter_markers("boots") for name in mark.args]
            # A test whose guest is not possible here is skipped, or fails when it reads the
            # outcome.
            self.booting = stage.begin([name for name in wanted if name in plan.SPECS and ENV.kernel("")])

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item):
        """Wait for the guests before the first test that needs one."""
        if self.booting and item.get_closest_marker("boots"):
            # Without a kernel this raises NotBuilt, and the test is skipped.
            str(ENV.kdir)
            stage.SHOWN.set()
            self.booting.join()
            assert self.booting.exitcode == 0, "the stage failed: what it said is above"

    def pytest_sessionfinish(self):
        """End all guests if the tests were interrupted."""
        if self.booting and self.booting.is_alive():
            # It may not have its own process group yet.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.booting.pid, signal.SIGKILL)
            self.booting.kill()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self, item, call):
        """Report the results that a test judged before its own; skip it without a kernel."""
        if call.excinfo and isinstance(call.excinfo.value, NotBuilt):
            reason = str(call.excinfo.value)
            call.excinfo = pytest.CallInfo.from_call(lambda: pytest.skip(reason), call.when).excinfo
        results = getattr(item, "results", []) if call.when == "call" else []
        # Otherwise the progress would exceed 100 %.
        item.session.testscollected += len(results)
        for name, result in results:
            report(item, name, result)


class Reason(str):
    """The text of a failure; its first line is also in the summary."""

    @property
    def reprcrash(self):
        """Return the first line, as pytest expects it."""
        return SimpleNamespace(message=self.partition("\n")[0])


def report(item, name: str, result) -> None:
    """Count a result as a test of its own, beside `item`, which has judged it."""
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
    """A pytest plugin that counts tests, and counts every error as a failure."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def pytest_runtest_logreport(self, report):
        """Count one phase of a test: setup, call or teardown."""
        if report.failed:
            self.failed += 1
        elif report.skipped:
            self.skipped += 1
        elif report.when == "call":
            self.passed += 1

    def pytest_collectreport(self, report):
        """Count a file that cannot be imported as a failure."""
        if report.failed:
            self.failed += 1

    def line(self):
        """Return the last line of the output."""
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        return f"{self.passed} passed, {self.failed} failed{skipped}"


def selection(words: list[str]) -> list[str]:
    """Return pytest's arguments for the named tests: files, or parts of names."""
    files = [word for word in words if (SCRIPTS / word.partition("::")[0]).is_file()]
    names = [word for word in words if word not in files]
    return [*(str(SCRIPTS / file) for file in files), *(["-k", " or ".join(names)] if names else [])]


def main() -> int:
    """Run pytest on scripts/tests, or on the tests that its arguments name."""
    # Tests interrupt programs, which would otherwise inherit an ignored SIGINT from a shell that
    # runs this in the background.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    lock_tree()
    arguments = sys.argv[1:] or selection(ENV.tests.split())
    whole = {*arguments} <= {"--no-boot"}
    # make report needs the results of whole runs.
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
            # By default pytest leaves out tests/build.
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
    if status == pytest.ExitCode.NO_TESTS_COLLECTED:
        print(f"safe-dma: error: TESTS={ENV.tests}: no test has such a name, see scripts/tests", file=sys.stderr)
    if status != 0 and not count.failed:
        # Without a failed test the run may still have been interrupted, or empty, or misused.
        count.failed = 1
    print(count.line(), flush=True)
    return 1 if count.failed else 0


if __name__ == "__main__":
    sys.exit(main())
