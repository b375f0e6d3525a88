#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Check traces of operations: the functions that must run, and those that must not.

The table is qemu/paths.toml; the guest's scripts/selftests/paths.sh makes the traces.
"""

import argparse
import itertools
import re
import sys
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from safe_dma import command
from safe_dma.guest import ktap
from safe_dma.witness import callgraph

TABLE = Path(__file__).resolve().parents[3] / "qemu" / "paths.toml"

# The facts of a scenario, and their possible values.
FACTS = {
    "translation": ("strict", "lazy", "identity", "none"),
    "coherent": (True, False),
    "bounce": ("none", "forced", "beyond_mask"),
    "untrusted": (False, True),
    "firmware": ("devicetree", "acpi"),
    "cma": (True, False),
    "pages": ("4K", "16K", "64K"),
    "stage": (1, 2),
}
# The facts of the scenario "strict", from which others differ.
DEFAULTS = {name: values[0] for name, values in FACTS.items()}

# The prefix of the lines of the guest's script.
MARK = "paths: "
CONSOLE = re.compile(r"^(?:\[ *\d+\.\d+\] )?" + MARK)


class TableError(Exception):
    """The table is wrong, or the facts are."""


@dataclass
class Rule:
    """A rule for some scenarios."""

    when: dict
    must: list[str] = field(default_factory=list)
    must_not: list[str] = field(default_factory=list)
    called: bool | str = True
    fails: bool = False

    def fits(self, facts: dict) -> bool:
        """Return whether the rule applies to these facts."""
        return all(facts[name] in (value if isinstance(value, list) else [value]) for name, value in self.when.items())


@dataclass
class Row:
    """A call, and its rules."""

    name: str
    op: str
    entry: str
    rules: list[Rule]


@dataclass
class Table:
    """All rows, and alternative names of functions."""

    names: dict[str, list[str]]
    rows: list[Row]

    def chains(self, function: str) -> list[tuple[str, ...]]:
        """Return the chains of calls, of which any one counts as the function."""
        choices = []
        for name in function.split(" > "):
            choice = []
            for other in self.names.get(name, [name]):
                choice += [(name,)] if other == name else self.chains(other)
            choices.append(choice)
        return [tuple(itertools.chain(*parts)) for parts in itertools.product(*choices)]

    def functions(self) -> list[str]:
        """Return all functions in the table."""
        wanted = [row.entry for row in self.rows]
        wanted += [name for row in self.rows for rule in row.rules for name in rule.must + rule.must_not]
        return sorted({name for function in wanted for chain in self.chains(function) for name in chain})


def check_facts(facts: dict, where: str) -> None:
    """Refuse unknown facts, and values that they cannot have."""
    for name, value in facts.items():
        if name not in FACTS:
            raise TableError(f"{where}: {name!r} is not a fact: there are {', '.join(FACTS)}")
        for one in value if isinstance(value, list) else [value]:
            # In Python True equals 1.
            if not any(one == known and type(one) is type(known) for known in FACTS[name]):
                raise TableError(f"{where}: {name} cannot be {one!r}: there are {', '.join(map(str, FACTS[name]))}")


def facts_of(settings: dict) -> dict:
    """Return the facts in a scenario's settings."""
    facts = {name: value for name, value in settings.items() if name in FACTS}
    # The setting is in MiB.
    return facts | {"cma": bool(settings["cma"])}


def make_rule(data: dict, where: str) -> Rule:
    """Make a rule."""
    unknown = set(data) - {"when", "must", "must_not", "called", "fails"}
    if unknown:
        raise TableError(f"{where}: unknown in a rule: {', '.join(sorted(unknown))}")
    rule = Rule(**({"when": {}} | data))
    check_facts(rule.when, where)
    if rule.called not in (True, False, "maybe"):
        raise TableError(f'{where}: called is true, false or "maybe"')
    if rule.called is False and rule.must:
        raise TableError(f"{where}: called = false excludes must")
    return rule


def load(path: Path = TABLE) -> Table:
    """Read and check the table."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise TableError(f"{path}: {error}") from None
    rows = []
    for number, row in enumerate(data["row"], 1):
        where = f"{path.name}: row {number}, {row.get('name', 'without a name')}"
        if set(row) != {"name", "op", "entry", "rule"}:
            raise TableError(f"{where}: a row has name, op, entry and rule")
        rows.append(Row(row["name"], row["op"], row["entry"], [make_rule(rule, where) for rule in row["rule"]]))
    return Table(data["names"], rows)


def guest_rows(table: Table) -> str:
    """Format the table for the guest: rows, and functions to look for."""
    lines = []
    for row in table.rows:
        entries = [chain[0] for chain in table.chains(row.entry) if len(chain) == 1]
        lines.append("\t".join(["row", row.name, row.op, " ".join(entries)]))
    lines += [f"function\t{name}" for name in table.functions()]
    return "\n".join(lines) + "\n"


@dataclass
class Trace:
    """The trace of a row."""

    status: int | None = None
    lost: int = 0
    lines: list[str] = field(default_factory=list)
    ended: bool = False


@dataclass
class Recording:
    """The traces of all rows."""

    traces: dict[str, Trace] = field(default_factory=dict)
    functions: set[str] = field(default_factory=set)
    cannot: str = ""


def read(lines: list[str]) -> Recording:
    """Read the recording in a console."""
    recording = Recording()
    trace = None
    for line in lines:
        if not CONSOLE.match(line):
            if trace:
                trace.lines.append(line)
            continue
        word, _, rest = CONSOLE.sub("", line.rstrip()).partition(" ")
        if word == "has":
            recording.functions.add(rest)
        elif word == "begin":
            trace = recording.traces[rest] = Trace()
        elif word == "status" and trace:
            trace.status = int(rest)
        elif word == "lost" and trace:
            trace.lost = int(rest)
        elif word == "end" and trace:
            trace.ended = True
            trace = None
        elif word == "cannot:":
            recording.cannot = rest
    return recording


def runs(call: callgraph.Call, chain: tuple[str, ...]) -> bool:
    """Return whether this call begins the chain, and calls the rest of it."""
    if call.name != chain[0]:
        return False
    return len(chain) == 1 or any(runs(inner, chain[1:]) for inner in call.calls)


class Judge:
    """Checks the trace of a row."""

    def __init__(self, table: Table, recording: Recording, row: Row, facts: dict):
        self.table = table
        self.recording = recording
        self.row = row
        self.rules = [rule for rule in row.rules if rule.fits(facts)]
        self.problems: list[str] = []
        # The functions to highlight in the tree.
        self.marked: set[str] = set()
        self.roots: list[callgraph.Call] = []
        self.result = self.judge()

    def chains(self, function: str) -> list[tuple[str, ...]]:
        """Return the function's chains that this kernel has."""
        chains = [c for c in self.table.chains(function) if self.recording.functions.issuperset(c)]
        if not chains:
            self.problems.append(f"{function}: no such function in this kernel")
        return chains

    def read(self, trace: Trace) -> None:
        """Read the calls of the entry, and check the trace as a whole."""
        if not trace.ended or trace.status is None:
            self.problems.append("the trace does not end")
        if trace.lost:
            self.problems.append(f"{trace.lost} calls were lost: the tracer's buffer is too small")
        try:
            self.roots = callgraph.parse(trace.lines)
        except callgraph.GraphError as error:
            self.problems.append(f"the trace cannot be read: {error}")
            return
        fails = any(rule.fails for rule in self.rules)
        if fails and trace.status == 0:
            self.problems.append(f"op={self.row.op} should be refused, and was not")
        elif not fails and trace.status:
            self.problems.append(f"op={self.row.op} failed")

    def hold(self) -> None:
        """Check each rule."""
        called = {rule.called for rule in self.rules}
        if not self.roots:
            if called <= {True}:
                self.problems.append(f"{self.row.entry} must be called, and was not")
            return
        if False in called:
            self.problems.append(f"{self.row.entry} must not be called, and was")
            self.marked.add(self.roots[0].name)
        every = [call for root in self.roots for _, call in root.walk()]
        for function in dict.fromkeys(name for rule in self.rules for name in rule.must):
            chains = self.chains(function)
            if chains and not any(runs(call, chain) for call in every for chain in chains):
                self.problems.append(f"{function} must run, and did not")
        for function in dict.fromkeys(name for rule in self.rules for name in rule.must_not):
            for chain in self.chains(function):
                if any(runs(call, chain) for call in every):
                    self.problems.append(f"{function} must not run, and did")
                    self.marked.add(chain[-1])

    def judge(self) -> ktap.Result:
        """Return the result."""
        name = f"paths/{self.row.name}"
        if self.recording.cannot:
            return ktap.Result(name, "skipped", self.recording.cannot)
        if not self.rules:
            return ktap.Result(name, "failed", "no rule is for this scenario")
        trace = self.recording.traces.get(self.row.name)
        if trace is None:
            if not self.chains(self.row.entry):
                return ktap.Result(name, "failed", self.problems[0])
            return ktap.Result(name, "failed", "the guest has not traced it")
        self.read(trace)
        self.hold()
        if not self.problems:
            return ktap.Result(name, "passed")
        shown = [line for root in self.roots for line in root.show(frozenset(self.marked))]
        return ktap.Result(name, "failed", "; ".join(self.problems), shown or ["nothing was called"])


def judge(lines: list[str], facts: dict, table: Table | None = None) -> list[Judge]:
    """Judge each row by the lines of a console, in a scenario with these facts.

    Facts that are missing are those of the scenario "strict".
    """
    check_facts(facts, "facts")
    table = table or load()
    recording = read(lines)
    return [Judge(table, recording, row, DEFAULTS | facts) for row in table.rows]


def results(lines: list[str], facts: dict, table: Table | None = None) -> list[ktap.Result]:
    """Return the result of each row."""
    return [row.result for row in judge(lines, facts, table)]


def main() -> int:
    """Print the table in the form for the guest."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["rows"])
    parser.parse_args()
    sys.stdout.write(guest_rows(load()))
    return 0


if __name__ == "__main__":
    command.run(main, TableError)
