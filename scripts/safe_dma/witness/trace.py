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
from safe_dma.guest import guest, machine, plan
from safe_dma.witness import callgraph, objects, paths
from safe_dma.witness.callgraph import Call

TOP = Path(__file__).resolve().parents[3]
OPERATIONS = TOP / "rust" / "testdev" / "control" / "lifecycles.rs"
OPERATION = re.compile(r'^        name: "(\w+)",\n        what: "([^"]+)",$', re.MULTILINE)
PROGRAM = "(not in the kernel's build)"


class TraceError(Exception):
    """Why there is nothing to show."""


def operations(text: str) -> dict[str, str]:
    """What one can ask for, and what each is, in the test device's source."""
    return dict(OPERATION.findall(text))


@dataclass
class Counted:
    """A call, with the instructions in it: all, and those that are in no call from it."""

    name: str
    source: str
    total: int | None
    own: int | None
    calls: list["Counted"] = field(default_factory=list)


@dataclass
class Recording:
    """What the guest recorded: the calls, by what was traced, as often as it was."""

    runs: dict[str, list[list[Call]]] = field(default_factory=dict)
    status: int = 0


def read(lines: list[str]) -> Recording:
    """The recording in a console's lines."""
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
            # The last word is the number of the run.
            what, graph = " ".join(words[:-1]), []
        elif verb == "end" and what:
            status, lost = map(int, words)
            if lost:
                raise TraceError(f"{lost} calls were lost: the tracer's buffer is too small")
            recording.runs.setdefault(what, []).append(callgraph.parse(graph))
            recording.status = recording.status or status
        elif verb == "done":
            done = True
    if not done:
        raise TraceError("the guest has not recorded all")
    return recording


def every(roots: list[Call]) -> list[Call]:
    """All calls, in order."""
    return [call for root in roots for _, call in root.walk()]


def steady(runs: list[list[Call]], name: str) -> bool:
    """Whether each call of a function took the same time whenever it was recorded."""
    return len({tuple(call.nanoseconds for call in every(run) if call.name == name) for run in runs}) == 1


def shortest(runs: list[list[Call]], name: str) -> list[tuple[int, int]] | None:
    """Of each call of a function the shortest time, and how many other calls were traced within it.

    None if it was not called equally often each time.
    """
    found = [[(call.nanoseconds, len(every([call])) - 1) for call in every(run) if call.name == name] for run in runs]
    if not found or None in {time for run in found for time, _ in run} or len({len(run) for run in found}) != 1:
        return None
    return [min(times) for times in zip(*found, strict=True)]


@dataclass
class Cost:
    """What the tracer itself takes, in instructions."""

    # Of a function's own time, and for each of that of those that it is called from.
    inside: int
    around: dict[str, int]
    # The functions by which that is known, and those that contradict.
    known: dict[str, int]
    wrong: dict[str, int]


def most(counts: Counter) -> int:
    """What is there most often."""
    return counts.most_common(1)[0][0]


def cost(recording: Recording, straight: dict[str, int]) -> Cost:
    """What the tracer takes, by functions whose instructions are known, and by the time of their callers."""
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
            "no function was called whose instructions are known: vmlinux is missing, or not of this kernel"
        )
    values = Counter(value for values in inside.values() for value in set(values))
    best = most(values)
    known = {name: straight[name] for name, values in inside.items() if set(values) == {best}}
    wrong = {name: straight[name] for name in inside if name not in known}
    return Cost(best, around, known, wrong)


class Tree:
    """The calls of an operation, counted."""

    def __init__(self, recording: Recording, straight: dict[str, int], files: dict[str, list[str]]):
        self.files = files
        self.cost = cost(recording, straight)
        shapes = Counter(tuple(shape(run)) for run in recording.runs["all"])
        usual = most(shapes)
        self.roots = next(run for run in recording.runs["all"] if tuple(shape(run)) == usual)
        # Of each function the totals of its calls, in order.
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
        """A call with its numbers; the totals are used up in order."""
        total = self.totals[call.name].pop(0)
        source = self.source(call.name, caller)
        calls = [self.count(inner, source) for inner in call.calls]
        own = None
        if total is not None and all(inner.total is not None for inner in calls):
            own = total - sum(inner.total for inner in calls)
            if own < 0:
                # Took another way when it was traced alone.
                self.varies.append(call.name)
                own = None
        return Counted(call.name, source, total, own, calls)

    def source(self, name: str, caller: str) -> str:
        """The file that a function is in; if there are several, that of the caller."""
        files = self.files.get(name, [])
        if caller in files:
            return caller
        return files[0] if files else PROGRAM


def shape(roots: list[Call]) -> list[tuple[int, str]]:
    """What calls what."""
    return [(depth, call.name) for root in roots for depth, call in root.walk()]


def number(value: int | None) -> str:
    """A number of instructions, if it is known."""
    return "?" if value is None else str(value)


def text(operation: str, scenario: str, what: str, tree: Tree) -> list[str]:
    """All of it, for people."""
    rows = []

    def add(call: Counted, depth: int):
        rows.append((call.source, call.own, call.total, "  " * depth + call.name))
        for inner in call.calls:
            add(inner, depth + 1)

    for root in tree.counted:
        add(root, 0)
    width = max(len(source) for source, *_ in rows)
    lines = [f"{operation} in {scenario}: {what}", "", f"{'own':>7} {'total':>7}  {'source':{width}}  function"]
    shown = None
    for source, own, total, name in rows:
        # A layer is named where it begins.
        lines.append(f"{number(own):>7} {number(total):>7}  {source if source != shown else '':{width}}  {name}")
        shown = source
    layers: Counter = Counter()
    for source, own, _, _ in rows:
        layers[source] += own or 0
    lines += ["", "instructions in each file:"]
    lines += [f"{count:>7}  {source}" for source, count in layers.most_common()]
    known = ", ".join(f"{name} {count}" for name, count in sorted(tree.cost.known.items()))
    lines += [
        "",
        "What is counted: instructions that the guest's CPU executed, of which each is a nanosecond of the guest's",
        "time. total: from a function's first instruction to its return, with all that it calls. own: without the",
        "functions below it here; what the compiler has made a part of a function, and what cannot be traced, is its",
        "own. Each function was timed with no other one traced below it; the tracer's work in that time, "
        f"{tree.cost.inside}",
        "instructions, is taken off. That is how much more it was for functions without a branch, whose instructions",
        f"can be counted in vmlinux: {known}.",
        "The DMA debugger is off (dma_debug=off). A kernel that has it calls sync even if there is nothing to do.",
    ]
    if tree.cost.wrong:
        wrong = ", ".join(f"{name} {count}" for name, count in sorted(tree.cost.wrong.items()))
        lines.append(f"NOT SO for these, so that the numbers are off by a few: {wrong}")
    if tree.varies:
        lines.append(f"?: took another way in another run: {', '.join(dict.fromkeys(tree.varies))}")
    if tree.unsteady:
        lines.append(f"Not the same in each run, so that the shortest counts: {', '.join(tree.unsteady)}")
    return lines


def data(operation: str, scenario: str, facts: dict, tree: Tree) -> dict:
    """All of it, for programs."""
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
    """What one can ask for."""
    width = max(map(len, known))
    return "\n".join(f"  {name:{width}}  {what}" for name, what in known.items())


def boot(operation: str, scenario: str) -> guest.Outcome:
    """The guest that records it."""
    spec = plan.Spec(
        f"trace {operation}",
        scenario,
        # The DMA debugger would be most of it. Its stack traces take longer the more is traced, too.
        append="dma_debug=off",
        # The last option counts.
        extra=("-cpu", machine.COUNTING_CPU),
    )
    if spec.real_time:
        raise TraceError("with several processors time is real, and not a number of instructions: SMP=1")
    name = f"trace-{scenario}-{operation}"
    outcome = plan.boot(name, spec)
    # What it could not do is on the console.
    if outcome.problem and not any(line.startswith("trace: cannot") for line in outcome.lines):
        raise TraceError(f"{outcome.problem}; log: {LOGS / name}.log")
    return outcome


def main() -> int:
    """The command line; what the guest is made of is in the environment, see main.sh."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("operation", nargs="?", default=ENV.op)
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
    straight = objects.straight_functions(ENV.kdir / "vmlinux")
    tree = Tree(recording, straight, objects.sources(ENV.kdir, ENV.linux))
    print("\n".join(text(args.operation, args.scenario, known[args.operation], tree)))
    if recording.status:
        print("The operation was refused in this scenario: what it called until then is above.")
    facts = paths.facts_of(plan.find(args.scenario).settings())
    log = LOGS / f"trace-{args.scenario}-{args.operation}.json"
    log.write_text(json.dumps(data(args.operation, args.scenario, facts, tree), indent=1) + "\n", encoding="utf-8")
    print(f"safe-dma: as data: {log}")
    return 0


if __name__ == "__main__":
    command.run(main, TraceError, callgraph.GraphError, *guest.GUEST_ERRORS)
