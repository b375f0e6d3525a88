# SPDX-License-Identifier: GPL-2.0
"""Read KTAP results from the lines of a console with the kernel's own parser."""

import importlib
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path


@dataclass
class Result:
    """One result without subtests."""

    name: str
    status: str  # "passed", "failed" or "skipped"
    reason: str = ""
    log: list[str] = field(default_factory=list)
    # The text after `#`: the C functions that were tested, and the witnesses.
    evidence: str = ""


# The first line of a report, with the device if the driver prints it.
START = re.compile(r"^(?:\[ *\d+\.\d+\] )?(?:safe_dma (\S+): )?KTAP version 1$")


# A result from the driver or a script: its indentation, its name, and the text after `#`.
LINE = re.compile(r"^(?:\[ *\d+\.\d+\] )?(?:safe_dma \S+: )?( *)(?:not )?ok \d+ (?:- )?([^#]*?) *(?:# (.*))?$")


def evidence(lines: list[str]) -> Iterator[tuple[str, str]]:
    """Yield the name of each result without subtests, and the text after `#`.

    kunit_parser drops that text.
    """
    above: list[int] = []
    for line in lines:
        if match := LINE.match(line):
            depth = len(match[1])
            if not above or above[-1] <= depth:
                yield match[2], match[3] or ""
            above = [*(other for other in above if other < depth), depth]


def parse(lines: list[str], linux: Path) -> list[Result]:
    """Return the results in `lines`, in order; `linux` is a kernel source.

    Malformed KTAP is a failure. If several devices have results, the names begin with the device.
    """
    starts = [(number, match[1]) for number, line in enumerate(lines) if (match := START.match(line))]
    if len(starts) < 2:
        return parse_one(lines, linux)
    results = []
    for (begin, device), (end, _) in zip(starts, [*starts[1:], (len(lines), None)], strict=True):
        for result in parse_one(lines[begin:end], linux):
            results.append(replace(result, name=f"{device}/{result.name}" if device else result.name))
    return results


def parse_one(lines: list[str], linux: Path) -> list[Result]:
    """Return the results of a single report."""
    directory = str(linux / "tools" / "testing" / "kunit")
    if directory not in sys.path:
        sys.path.insert(0, directory)
    # Write no byte code to the source, which may be the user's own.
    sys.dont_write_bytecode = True
    parser = importlib.import_module("kunit_parser")
    base = importlib.import_module("kunit_printer").Printer
    errors: list[str] = []

    class Printer(base):
        """Keeps the errors about malformed KTAP, which the parser only prints and counts."""

        def print_with_timestamp(self, message):
            if message.startswith("[ERROR]"):
                errors.append(message.splitlines()[0])

    said = evidence(lines)
    main = parser.parse_run_tests(lines, Printer(print=False))
    good = (parser.TestStatus.SUCCESS, parser.TestStatus.SKIPPED)
    results: list[Result] = []

    def visit(node, path):
        path = [*path, node.name or "(no name)"]
        before = len(results)
        for child in node.subtests:
            visit(child, path)
        failed_below = any(result.status == "failed" for result in results[before:])
        # A test that fails although all its subtests passed is a failure of its own.
        if node.subtests and (node.status in good or failed_below):
            return
        if node.status not in good:
            status, reason = "failed", node.status.name
        elif node.status == parser.TestStatus.SKIPPED:
            status, reason = "skipped", getattr(node, "skip_reason", "")
        else:
            status, reason = "passed", ""
        log = list(node.log)
        seen = next((seen for name, seen in said if name == node.name), "") if not node.subtests else ""
        if not reason and status == "skipped":
            # With ktap_helpers.sh a skipped test can only have a description, which has the reason.
            reason = (node.name or "").partition(": ")[2] or "no reason given"
        results.append(Result("/".join(path), status, reason, log, seen))

    for child in main.subtests:
        visit(child, [])
    results.extend(Result("form of the results", "failed", error) for error in errors)
    return results
