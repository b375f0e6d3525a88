#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""The ways of operations through the kernel: what a trace of them must show, and whether it does.

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

# What a scenario is made of, and each value that it may have.
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
# Those of the scenario "strict", which others differ from.
DEFAULTS = {name: values[0] for name, values in FACTS.items()}

# What begins a line of the guest's script.
MARK = "paths: "
CONSOLE = re.compile(r"^(?:\[ *\d+\.\d+\] )?" + MARK)


class TableError(Exception):
    """What is wrong with the table, or with the facts."""


@dataclass
class Rule:
    """What must hold in some scenarios."""

    when: dict
    must: list[str] = field(default_factory=list)
    must_not: list[str] = field(default_factory=list)
    called: bool | str = True
    fails: bool = False

    def fits(self, facts: dict) -> bool:
        """Whether the rule is for a scenario with these facts."""
        return all(facts[name] in (value if isinstance(value, list) else [value]) for name, value in self.when.items())


@dataclass
class Row:
    """One call, and its rules."""

    name: str
    op: str
    entry: str
    rules: list[Rule]


@dataclass
class Table:
    """All rows, and what functions are called elsewhere."""

    names: dict[str, list[str]]
    rows: list[Row]

    def chains(self, function: str) -> list[tuple[str, ...]]:
        """What a rule means by a function: one of these, each a list of functions that call one another."""
        choices = []
        for name in function.split(" > "):
            choice = []
            for other in self.names.get(name, [name]):
                choice += [(name,)] if other == name else self.chains(other)
            choices.append(choice)
        return [tuple(itertools.chain(*parts)) for parts in itertools.product(*choices)]

    def functions(self) -> list[str]:
        """All functions that the tracer is asked for."""
        wanted = [row.entry for row in self.rows]
        wanted += [name for row in self.rows for rule in row.rules for name in rule.must + rule.must_not]
        return sorted({name for function in wanted for chain in self.chains(function) for name in chain})


def check_facts(facts: dict, where: str) -> None:
    """Refuse what is not a fact, or has a value that it cannot have."""
    for name, value in facts.items():
        if name not in FACTS:
            raise TableError(f"{where}: {name!r} is not a fact: there are {', '.join(FACTS)}")
        for one in value if isinstance(value, list) else [value]:
            # True is 1 in Python, and not here.
            if not any(one == known and type(one) is type(known) for known in FACTS[name]):
                raise TableError(f"{where}: {name} cannot be {one!r}: there are {', '.join(map(str, FACTS[name]))}")


def facts_of(settings: dict) -> dict:
    """The facts of a scenario with these settings."""
    facts = {name: value for name, value in settings.items() if name in FACTS}
    # In MiB there.
    return facts | {"cma": bool(settings["cma"])}


def make_rule(data: dict, where: str) -> Rule:
    """A rule of the table."""
    unknown = set(data) - {"when", "must", "must_not", "called", "fails"}
    if unknown:
        raise TableError(f"{where}: no rule has {', '.join(sorted(unknown))}")
    rule = Rule(**({"when": {}} | data))
    check_facts(rule.when, where)
    if rule.called not in (True, False, "maybe"):
        raise TableError(f'{where}: called is true, false or "maybe"')
    if rule.called is False and rule.must:
        raise TableError(f"{where}: what is not called calls nothing")
    return rule


def load(path: Path = TABLE) -> Table:
    """The table, checked."""
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
    """The table for the guest: the rows, and the functions to look for."""
    lines = []
    for row in table.rows:
        entries = [chain[0] for chain in table.chains(row.entry) if len(chain) == 1]
        lines.append("\t".join(["row", row.name, row.op, " ".join(entries)]))
    lines += [f"function\t{name}" for name in table.functions()]
    return "\n".join(lines) + "\n"


@dataclass
class Trace:
    """What the guest printed about one row."""

    status: int | None = None
    lost: int = 0
    lines: list[str] = field(default_factory=list)
    ended: bool = False


@dataclass
class Recording:
    """What the guest printed about all rows."""

    traces: dict[str, Trace] = field(default_factory=dict)
    functions: set[str] = field(default_factory=set)
    cannot: str = ""


def read(lines: list[str]) -> Recording:
    """The recording in a console's lines."""
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
    """Whether this call is the first of the chain, and calls the rest of it."""
    if call.name != chain[0]:
        return False
    return len(chain) == 1 or any(runs(inner, chain[1:]) for inner in call.calls)


class Judge:
    """Holds a row against its trace."""

    def __init__(self, table: Table, recording: Recording, row: Row, facts: dict):
        self.table = table
        self.recording = recording
        self.row = row
        self.rules = [rule for rule in row.rules if rule.fits(facts)]
        self.problems: list[str] = []
        # What stands out in the tree.
        self.marked: set[str] = set()
        self.roots: list[callgraph.Call] = []
        self.result = self.judge()

    def chains(self, function: str) -> list[tuple[str, ...]]:
        """What the function is in this kernel; nothing if there is none."""
        chains = [c for c in self.table.chains(function) if self.recording.functions.issuperset(c)]
        if not chains:
            self.problems.append(f"{function}: no such function in this kernel")
        return chains

    def read(self, trace: Trace) -> None:
        """The calls of the entry, after what can be said about the trace as a whole."""
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
        """Each rule against the calls."""
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
        """What came out."""
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

    What `facts` does not say is as in the scenario "strict".
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
