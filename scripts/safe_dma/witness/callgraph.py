# SPDX-License-Identifier: GPL-2.0
"""Read call trees from the output of the function graph tracer."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

# A leaf call, or the begin or end of another call; first the duration, with a mark if it is long.
LINE = re.compile(
    r"^\s*(?:[$@*#!+]\s*)?(?:(?P<us>\d+)(?:\.(?P<ns>\d+))? us)?\s*\|\s+"
    r"(?:(?P<name>[^\s({}]+)(?: \[[^]]*\])?\(\)(?P<end>;| \{)"
    r"|(?P<close>\})(?: /\* (?P<closed>\S+)(?: \[[^]]*\])? \*/)?)\s*$"
)
# Other lines of the tracer: comments, task switches, and the begin and the end of an interrupt.
OTHER = re.compile(r"^\s*#|^\s*[=<]=+[=>]?\s*\||^\s*\|\s*/\*.*\*/\s*$|^\s*-+\s*$|^\s*\d+\)\s.*=>|^\s*$")
# The functions that an interrupt enters, which the interrupted function did not call.
INTERRUPT = frozenset(
    ("irq_enter_rcu", "do_interrupt_handler", "gic_handle_irq", "irq_exit_rcu", "raw_irqentry_exit_cond_resched")
)


class GraphError(Exception):
    """The lines are no call tree."""


@dataclass
class Call:
    """A call of a function, with the calls in it and the tracer's duration."""

    name: str
    nanoseconds: int | None = None
    calls: list["Call"] = field(default_factory=list)

    def walk(self, depth: int = 0) -> Iterator[tuple[int, "Call"]]:
        """Yield this call and all in it, in order, with depths."""
        yield depth, self
        for call in self.calls:
            yield from call.walk(depth + 1)

    def show(self, marked: frozenset[str] = frozenset(), indent: str = "") -> list[str]:
        """Return a line for each call; those with a marked name are highlighted."""
        return [
            f"{indent}{'>>> ' if call.name in marked else ''}{'  ' * depth}{call.name}()" for depth, call in self.walk()
        ]


def plain(name: str) -> str:
    """Return a function's name in the source: compilers add suffixes."""
    return name.partition(".")[0]


def nanoseconds(match: re.Match) -> int | None:
    """Return the duration in a line; the tracer omits digits of long ones."""
    if match["us"] is None:
        return None
    return int(match["us"]) * 1000 + int((match["ns"] or "").ljust(3, "0"))


def parse(lines: list[str]) -> list[Call]:
    """Return the trees in `lines`, one for each call of the function that is traced."""
    roots: list[Call] = []
    path: list[Call] = []
    for line in lines:
        match = LINE.match(line)
        if not match:
            if OTHER.match(line):
                continue
            raise GraphError(f"this is not of a function graph: {line.strip()!r}")
        if match["close"]:
            if not path:
                raise GraphError(f"the end of a call that did not begin: {line.strip()!r}")
            call = path.pop()
            if match["closed"] and plain(match["closed"]) != call.name:
                raise GraphError(f"the end of {match['closed']}() where that of {call.name}() is due")
            call.nanoseconds = nanoseconds(match)
            continue
        call = Call(plain(match["name"]), nanoseconds(match))
        (path[-1].calls if path else roots).append(call)
        if match["end"] != ";":
            path.append(call)
    if path:
        raise GraphError(f"{path[-1].name}() does not end")
    for root in roots:
        without_interrupts(root)
    return roots


def without_interrupts(call: Call) -> None:
    """Remove the calls of interrupts."""
    call.calls = [inner for inner in call.calls if inner.name not in INTERRUPT]
    for inner in call.calls:
        without_interrupts(inner)
