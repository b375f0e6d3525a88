# SPDX-License-Identifier: GPL-2.0
"""Reads the KTAP results in a console with the kernel's own parser."""

import importlib
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field

from safe_dma.environment import ENV

# The name of a failed result that stands for malformed KTAP.
FORM = "form of the results"
# The name of a test whose result is missing.
MISSING = "(no name)"

# The time of a kernel message, the device of one by the driver, and the indentation.
LINE = re.compile(r"(?:\[ *\d+\.\d+\] )?(?:safe_dma (\S+): )?( *)(.*)")
VERSION = re.compile(r"K?TAP version \d+")
RESULT = re.compile(r"(?:not )?ok \d+\b[^#]*(?:# *(.*))?")
FORMAL = re.compile(rf"{VERSION.pattern}|1\.\.\d+(?: *#.*)?|# Subtest: .*|{RESULT.pattern}")


@dataclass
class Result:
    """A result without subtests."""

    # With the names of the tests around it, and that of the device if several have results.
    name: str
    status: str  # "passed", "failed" or "skipped"
    # Why it was skipped or failed.
    reason: str = ""
    # The lines of the console since the result before.
    log: list[str] = field(default_factory=list)
    # The text after `#`: the C functions that were tested, and the witnesses.
    evidence: str = ""
    device: str = ""
    # The names of the tests around it.
    parent: str = ""

    @property
    def functions(self) -> list[str]:
        """The evidence before the witnesses, which has the C functions that are tested."""
        return re.findall(r"\w+", self.evidence.partition("witness: ")[0])

    @property
    def witnesses(self) -> list[str]:
        """The witnesses of the result."""
        names = self.evidence.partition("witness: ")[2]
        return [name.strip() for name in names.split(",")] if names else []

    @property
    def case(self) -> str:
        """The name alone."""
        return self.name.removeprefix(f"{self.device}/").removeprefix(f"{self.parent}/")


def reports(lines: list[str]) -> dict[tuple[str, int], list[str]]:
    """Split a console into reports, by device and number, and return the parser's lines.

    A line that is not KTAP becomes a comment with its number, and each result has one before it:
    the parser keeps comments, but neither prefixes of the kernel's log nor the text after `#`.
    """
    found: dict[tuple[str, int], list[str]] = {}
    current: dict[str, tuple[str, int]] = {}
    last: list[str] = []
    for number, line in enumerate(lines):
        device, indent, text = LINE.match(line).groups("")
        if VERSION.fullmatch(text) and not indent:
            current[device] = (device, number)
            found[current[device]] = []
        if device in current and FORMAL.fullmatch(text):
            last = found[current[device]]
            if RESULT.fullmatch(text):
                last.append(f"# {number}")
            last.append(indent + text)
        else:
            last.append(f"# {number}")
    return found


def parse(lines: list[str]) -> tuple[object, list[str]]:
    """Return the kernel's parser's tree of tests, and its errors about malformed KTAP."""
    directory = str(ENV.linux / "tools" / "testing" / "kunit")
    if directory not in sys.path:
        sys.path.insert(0, directory)
    # Write no byte code to the source, which may be the user's own.
    sys.dont_write_bytecode = True
    parser = importlib.import_module("kunit_parser")
    errors: list[str] = []

    class Printer(importlib.import_module("kunit_printer").Printer):
        """Keeps the errors about malformed KTAP, which the parser only prints and counts."""

        def print_with_timestamp(self, message):
            if message.startswith("[ERROR]"):
                errors.append(message.splitlines()[0])

    return parser.parse_run_tests(lines, Printer(print=False)), errors


def read_report(device: str, report: list[str], lines: list[str]) -> list[Result]:
    """Return the results of one report, whose comments are numbers of `lines`."""
    tree, errors = parse(report)
    results: list[Result] = []

    def visit(test, path: list[str]) -> None:
        before = len(results)
        name, status = test.name or MISSING, test.status.name
        for below in test.subtests:
            visit(below, [*path, name])
        good = status in ("SUCCESS", "SKIPPED")
        # A test that fails although all its subtests passed is a failure of its own.
        if test.subtests and (good or any(result.status == "failed" for result in results[before:])):
            return
        log = [lines[int(number)] for number in re.findall(r"^# (\d+)$", "\n".join(test.log), re.MULTILINE)]
        match = RESULT.search(LINE.match(log[-1])[3]) if log and not test.subtests else None
        evidence = (match[1] or "").strip() if match else ""
        reason = "" if good else evidence or status
        if status == "SKIPPED":
            # With ktap_helpers.sh a skipped test can only have a description, which has the reason.
            reason = test.skip_reason or name.partition(": ")[2] or "no reason given"
        status = {"SUCCESS": "passed", "SKIPPED": "skipped"}.get(status, "failed")
        log = log[:-1] if match else log
        results.append(Result("/".join([*path, name]), status, reason, log, evidence, device, "/".join(path)))

    for test in tree.subtests:
        visit(test, [])
    return [*results, *(Result(FORM, "failed", error, device=device) for error in errors)]


def read(lines: Iterable[str]) -> list[Result]:
    """Return the results in a console, in order; malformed KTAP, or none, is a failure."""
    lines = [line.rstrip() for line in lines]
    found = [read_report(device, report, lines) for (device, _), report in reports(lines).items()]
    results = [result for report in found for result in report]
    if not results:
        return [Result(FORM, "failed", "there are no results", lines[-10:])]
    if len({result.device for result in results}) > 1:
        for result in results:
            if result.device:
                result.name = f"{result.device}/{result.name}"
    return results
