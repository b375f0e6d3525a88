#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Show what the kernel calls for one operation, layer by layer, and count the instructions."""

import argparse
import dataclasses
import json
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from safe_dma import command
from safe_dma.environment import ENV, LOGS
from safe_dma.guest import guest, kernel, machine, plan
from safe_dma.witness import callgraph, objects, paths
from safe_dma.witness.callgraph import Call

TOP = Path(__file__).resolve().parents[3]
OPERATIONS = TOP / "rust" / "testdev" / "control" / "lifecycles.rs"
OPERATION = re.compile(r'^        name: "(\w+)",\n        what: "([^"]+)",$', re.MULTILINE)
PROGRAM = "(not in the kernel's build)"


class TraceError(Exception):
    """There is nothing to show."""


def operations(text: str) -> dict[str, str]:
    """Read the operations and their descriptions in the test device."""
    return dict(OPERATION.findall(text))


@dataclass
class Counted:
    """A call, with its instructions: all, and without those of the calls in it."""

    name: str
    source: str
    total: int | None
    own: int | None
    calls: list["Counted"] = field(default_factory=list)


@dataclass
class Recording:
    """The recorded calls of each run, by what was traced, and the addresses of functions."""

    runs: dict[str, list[list[Call]]] = field(default_factory=dict)
    symbols: list[tuple[int, str]] = field(default_factory=list)
    status: int = 0


def read(lines: list[str]) -> Recording:
    """Read the recording in a console."""
    recording = Recording()
    what, graph, done = None, [], False
    for line in lines:
        word, _, rest = line.partition(": ")
        if word != "trace":
            graph.append(line)
            continue
        if rest.startswith("cannot: "):
            raise TraceError(rest.removeprefix("cannot: "))
        verb, *words = rest.split()
        if verb == "begin":
            # The last word is the number of the run. The function has its name in the source.
            what, graph = " ".join(map(callgraph.plain, words[:-1])), []
        elif verb == "end" and what:
            status, lost = map(int, words)
            if lost:
                raise TraceError(f"{lost} calls were lost: the tracer's buffer is too small")
            recording.runs.setdefault(what, []).append(callgraph.parse(graph))
            recording.status = recording.status or status
        elif verb == "symbol":
            recording.symbols.append((int(words[0], 16), callgraph.plain(words[1])))
        elif verb == "done":
            done = True
    if not done:
        raise TraceError("the guest has not recorded all")
    return recording


def every(roots: list[Call]) -> list[Call]:
    """Return all calls, in order."""
    return [call for root in roots for _, call in root.walk()]


def steady(runs: list[list[Call]], name: str) -> bool:
    """Return whether each call of a function took the same time in all runs."""
    return len({tuple(call.nanoseconds for call in every(run) if call.name == name) for run in runs}) == 1


def shortest(runs: list[list[Call]], name: str) -> list[tuple[int, int]] | None:
    """Return the shortest time of each call of a function, and the number of calls traced in it.

    Return None if the number of calls differs.
    """
    found = [[(call.nanoseconds, len(every([call])) - 1) for call in every(run) if call.name == name] for run in runs]
    if not found or None in {time for run in found for time, _ in run} or len({len(run) for run in found}) != 1:
        return None
    return [min(times) for times in zip(*found, strict=True)]


@dataclass
class Cost:
    """The instructions of the tracer itself."""

    # Those in a function's own time, and those in the time of its callers, by function.
    inside: int
    around: dict[str, int]
    # The functions that confirm `inside`, and those that contradict it.
    known: dict[str, int]
    wrong: dict[str, int]


def most(counts: Counter) -> int:
    """Return the most common value."""
    return counts.most_common(1)[0][0]


def cost(recording: Recording, straight: dict[str, int]) -> Cost:
    """Calculate the tracer's cost from functions with known instructions, and from the entries."""
    inside: dict[str, list[int]] = {}
    around: dict[str, int] = {}
    alone = recording.runs["entries"]
    before = {}
    for number, root in enumerate(alone[0]):
        times = [run[number].nanoseconds for run in alone if len(run) == len(alone[0])]
        before[number] = (min(times), len(every([root])))
    for what, runs in recording.runs.items():
        verb, _, name = what.partition(" ")
        if verb != "one":
            continue
        if name in straight:
            for time, within in shortest(runs, name) or []:
                if not within:
                    inside.setdefault(name, []).append(time - straight[name])
        for number in range(len(alone[0])):
            with_it = [run[number] for run in runs if len(run) == len(alone[0])]
            more = {len(every([root])) - before[number][1] for root in with_it}
            if len(more) == 1 and (count := more.pop()) > 0:
                around[name] = round((min(root.nanoseconds for root in with_it) - before[number][0]) / count)
    if not inside:
        raise TraceError(
            "no function was called whose instructions are known: the kernel's build is not of this kernel"
        )
    values = Counter(value for values in inside.values() for value in set(values))
    best = most(values)
    known = {name: straight[name] for name, values in inside.items() if set(values) == {best}}
    wrong = {name: straight[name] for name in inside if name not in known}
    return Cost(best, around, known, wrong)


class Tree:
    """The counted calls of an operation."""

    def __init__(self, recording: Recording, straight: dict[str, int], files: dict[str, list[str]]):
        # Empty if the kernel's build has no objects.
        self.files = files
        self.cost = cost(recording, straight)
        shapes = Counter(tuple(shape(run)) for run in recording.runs["all"])
        usual = most(shapes)
        self.roots = next(run for run in recording.runs["all"] if tuple(shape(run)) == usual)
        # The totals of the calls of each function, in order.
        self.totals: dict[str, list[int | None]] = {}
        self.varies: list[str] = []
        self.unsteady: list[str] = []
        for name, count in Counter(call.name for call in every(self.roots)).items():
            times = shortest(recording.runs.get(f"one {name}", []), name)
            if times is None or len(times) != count:
                self.varies.append(name)
                self.totals[name] = [None] * count
            else:
                around = self.cost.around.get(name, 0)
                self.totals[name] = [time - self.cost.inside - within * around for time, within in times]
                if not steady(recording.runs[f"one {name}"], name):
                    self.unsteady.append(name)
        self.counted = [self.count(root, "") for root in self.roots]

    def count(self, call: Call, caller: str) -> Counted:
        """Return a call with its numbers, which are taken in order."""
        total = self.totals[call.name].pop(0)
        source = self.source(call.name, caller)
        calls = [self.count(inner, source) for inner in call.calls]
        own = None
        if total is not None and all(inner.total is not None for inner in calls):
            own = total - sum(inner.total for inner in calls)
            if own < 0:
                # It took another path when it was traced alone.
                self.varies.append(call.name)
                own = None
        return Counted(call.name, source, total, own, calls)

    def source(self, name: str, caller: str) -> str:
        """Return the file of a function; if there are several, the caller's."""
        files = self.files.get(name, [])
        if caller in files:
            return caller
        return files[0] if files else PROGRAM


def shape(roots: list[Call]) -> list[tuple[int, str]]:
    """Return depths and names."""
    return [(depth, call.name) for root in roots for depth, call in root.walk()]


def number(value: int | None) -> str:
    """Format a number of instructions."""
    return "?" if value is None else str(value)


def text(operation: str, scenario: str, what: str, tree: Tree) -> list[str]:
    """Format the tree as text."""
    rows = []

    def add(call: Counted, depth: int):
        rows.append((call.source, call.own, call.total, "  " * depth + call.name))
        for inner in call.calls:
            add(inner, depth + 1)

    for root in tree.counted:
        add(root, 0)
    width = max(len(source) for source, *_ in rows)
    column = f"{'source':{width}}  " if tree.files else ""
    lines = [f"{operation} in {scenario}: {what}", "", f"{'own':>7} {'total':>7}  {column}function"]
    shown = None
    for source, own, total, name in rows:
        # A layer is named where it begins.
        column = f"{source if source != shown else '':{width}}  " if tree.files else ""
        lines.append(f"{number(own):>7} {number(total):>7}  {column}{name}")
        shown = source
    layers: Counter = Counter()
    for source, own, _, _ in rows:
        layers[source] += own or 0
    if tree.files:
        lines += ["", "instructions in each file:"]
        lines += [f"{count:>7}  {source}" for source, count in layers.most_common()]
    else:
        lines += ["", "The source files are not known: this kernel's build has no objects."]
    known = ", ".join(f"{name} {count}" for name, count in sorted(tree.cost.known.items()))
    lines += [
        "",
        "Numbers are instructions of the guest's CPU, each a nanosecond of the guest's time.",
        "total: from a function's first instruction to its return, with all that it calls.",
        "own: without the functions below it here, but with inlined ones and those that cannot be traced.",
        "Each function was timed with no other one traced below it. The tracer's work in that time, "
        f"{tree.cost.inside}",
        "instructions, is subtracted: it is the excess for functions without branches, whose instructions",
        f"are counted in the kernel: {known}.",
        "The DMA debugger is off (dma_debug=off). A kernel with it calls sync even if there is nothing to do.",
    ]
    if tree.cost.wrong:
        wrong = ", ".join(f"{name} {count}" for name, count in sorted(tree.cost.wrong.items()))
        lines.append(f"The excess differs for these, so the numbers are off by a few: {wrong}")
    if tree.varies:
        lines.append(f"?: took another path in another run: {', '.join(dict.fromkeys(tree.varies))}")
    if tree.unsteady:
        lines.append(f"Not the same in each run, so the shortest counts: {', '.join(tree.unsteady)}")
    return lines


def data(operation: str, scenario: str, facts: dict, tree: Tree) -> dict:
    """Return the tree as data."""
    return {
        "operation": operation,
        "scenario": scenario,
        "facts": facts,
        "unit": "instructions",
        "tracer": dataclasses.asdict(tree.cost),
        "varies": tree.varies,
        "unsteady": tree.unsteady,
        "trees": [dataclasses.asdict(root) for root in tree.counted],
    }


def listing(known: dict[str, str]) -> str:
    """List the operations."""
    width = max(map(len, known))
    return "\n".join(f"  {name:{width}}  {what}" for name, what in known.items())


def boot(operation: str, scenario: str) -> guest.Outcome:
    """Boot the guest."""
    spec = plan.Spec(
        f"trace {operation}",
        scenario,
        # The DMA debugger would be most of it, and its stack traces take longer with more traced.
        append="dma_debug=off",
        # The last option counts.
        extra=("-cpu", machine.COUNTING_CPU),
    )
    if spec.real_time:
        raise TraceError("with several processors time is real, not a number of instructions: use SMP=1")
    name = f"trace-{scenario}-{operation}"
    outcome = plan.boot(name, spec)
    # read() raises the errors that are on the console.
    if outcome.problem and not any(line.startswith("trace: cannot") for line in outcome.lines):
        raise TraceError(f"{outcome.problem}; log: {LOGS / name}.log")
    return outcome


def main() -> int:
    """Run the command line; the environment describes the guest, see main.sh."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("operation", nargs="?", default="")
    parser.add_argument("--scenario", default=plan.SCENARIO)
    args = parser.parse_args()
    known = operations(OPERATIONS.read_text(encoding="utf-8"))
    if args.operation not in known:
        print(f"Operations, for OP=:\n{listing(known)}")
        if args.operation:
            raise TraceError(f"OP={args.operation}: there is no such operation, see above")
        return 0
    outcome = boot(args.operation, args.scenario)
    recording = read(outcome.lines)
    if recording.status and not any(recording.runs["all"]):
        raise TraceError(f"op={args.operation} is refused in {args.scenario}: there is nothing to show")
    if kernel.is_ours() or (ENV.kdir / "vmlinux").exists():
        straight = objects.straight_functions(ENV.kdir / "vmlinux")
        files = objects.sources(ENV.kdir, ENV.linux)
    else:
        # A kernel from a package: only its image has its instructions.
        straight, files = objects.straight_in_image(ENV.image, recording.symbols), {}
    tree = Tree(recording, straight, files)
    print("\n".join(text(args.operation, args.scenario, known[args.operation], tree)))
    if recording.status:
        print("The operation was refused in this scenario; its calls until then are above.")
    facts = paths.facts_of(plan.find(args.scenario).settings())
    log = LOGS / f"trace-{args.scenario}-{args.operation}.json"
    log.write_text(json.dumps(data(args.operation, args.scenario, facts, tree), indent=1) + "\n", encoding="utf-8")
    print(f"safe-dma: as data: {log}")
    return 0


if __name__ == "__main__":
    command.run(main, TraceError, callgraph.GraphError, *guest.GUEST_ERRORS)
