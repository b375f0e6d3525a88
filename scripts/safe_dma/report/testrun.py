# SPDX-License-Identifier: GPL-2.0
"""Read the logs of the last test run."""

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field
from pathlib import Path

from safe_dma.guest import ktap, scenarios
from safe_dma.report import calls, console
from safe_dma.witness import claims, smmu_trace


class NoRun(Exception):
    """There are no logs."""


@dataclass
class Scenario:
    """A guest of the matrix."""

    name: str
    about: str
    settings: dict
    guest: console.Guest
    calls: calls.Recording
    # The claims, judged by QEMU's trace, if there is one.
    witness: claims.Report | None = None

    @property
    def failed(self) -> list[ktap.Result]:
        """Return the failed checks."""
        return [check for check in self.guest.checks if check.status == "failed"]


@dataclass
class Run:
    """A run of the tests."""

    scenarios: list[Scenario]
    # The results of the tests on the host and in all guests: counts by status.
    counts: dict[str, int] = field(default_factory=dict)
    # The start of the tests, from junit.xml.
    began: str = ""
    # Problems of the run as a whole.
    remarks: list[str] = field(default_factory=list)
    # Tools and their versions.
    versions: dict[str, str] = field(default_factory=dict)
    # The counts of make bench, if it was run.
    bench: Path | None = None


def about(name: str) -> tuple[str, dict]:
    """Return the scenario's description and settings."""
    try:
        found = scenarios.find(name)
        return found.about, found.settings()
    except (scenarios.ScenarioError, OSError):
        return "its file no longer exists", {}


def of(path: Path) -> Scenario:
    """Read a scenario's log."""
    name = path.stem.removeprefix("scenario-")
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    told, settings = about(name)
    trace = path.with_suffix(".trace")
    judged = claims.judge(smmu_trace.lines(trace), lines, settings) if settings and trace.exists() else None
    return Scenario(name, told, settings, console.read(lines), calls.read(path.parent, name, settings), judged)


def order(path: Path) -> tuple:
    """Return a sort key: default first, combinations last."""
    name = path.stem.removeprefix("scenario-")
    return name != "strict", name.count("+"), name


def read_junit(run: Run, path: Path) -> None:
    """Read the counts; report scenarios that were not tested."""
    try:
        suite = ElementTree.parse(path).getroot().find("testsuite")
        tests, failures, errors, skipped = (
            int(suite.get(name, "0")) for name in ("tests", "failures", "errors", "skipped")
        )
    except (OSError, ElementTree.ParseError, AttributeError, ValueError):
        run.remarks.append("junit.xml, the results of the last make test, is not there or cannot be read")
        return
    run.counts = {"passed": tests - failures - errors - skipped, "failed": failures + errors, "skipped": skipped}
    run.began = suite.get("timestamp", "").partition(".")[0].replace("T", " ")
    names = [re.match(r"test_checks\[([^:\]]+): ", case.get("name", "")) for case in suite.iter("testcase")]
    seen = {match[1] for match in names if match}
    old = [scenario for scenario in run.scenarios if scenario.name not in seen]
    if old:
        which = "no scenario is" if len(old) == len(run.scenarios) else f"{', '.join(s.name for s in old)}: not"
        run.remarks.append(f"{which} among the results of the last make test: these logs are of a run before it")


def read_versions(run: Run, path: Path) -> None:
    """Read the versions of the guests' kernels and of the tools."""
    for title, attribute in (("Linux", "kernel"), ("built by", "compiler")):
        values = dict.fromkeys(getattr(scenario.guest, attribute) for scenario in run.scenarios)
        run.versions[title] = "; ".join(filter(None, values)) or "not known"
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    known = dict(line.split(" ", 1) for line in lines if " " in line)
    for title in ("rustc", "QEMU"):
        run.versions[title] = known.get(title, "not known: run make test again")


def read(logs: Path) -> Run:
    """Read the logs of a run."""
    paths = sorted(logs.glob("scenario-*.log"), key=order)
    if not paths:
        raise NoRun(f"no test run in {logs}: call 'make test' first")
    run = Run([of(path) for path in paths])
    counted = logs / "bench.csv"
    run.bench = counted if counted.exists() else None
    read_junit(run, logs / "junit.xml")
    read_versions(run, logs / "versions")
    return run
