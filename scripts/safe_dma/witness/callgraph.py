# SPDX-License-Identifier: GPL-2.0
"""Call trees out of what the kernel's function graph tracer prints."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

# A call without calls in it, the begin of one with, and its end. Before them the duration, after a
# mark if it was long.
LINE = re.compile(
    r"^\s*(?:[$@*#!+]\s*)?(?:(?P<us>\d+)(?:\.(?P<ns>\d+))? us)?\s*\|\s+"
    r"(?:(?P<name>[^\s({}]+)(?: \[[^]]*\])?\(\)(?P<end>;| \{)"
    r"|(?P<close>\})(?: /\* (?P<closed>\S+)(?: \[[^]]*\])? \*/)?)\s*$"
)
# What the tracer says besides: comments, and where an interrupt begins and ends.
OTHER = re.compile(r"^\s*#|^\s*[=<]=+[=>]?\s*\||^\s*\|\s*/\*.*\*/\s*$|^\s*-+\s*$|^\s*\d+\)\s.*=>|^\s*$")
# What the interrupt of a function enters, besides what it is about: none of it was called by the
# function.
INTERRUPT = frozenset(
    ("irq_enter_rcu", "do_interrupt_handler", "gic_handle_irq", "irq_exit_rcu", "raw_irqentry_exit_cond_resched")
)


class GraphError(Exception):
    """Why this is no call tree."""


@dataclass
class Call:
    """A call of a function, with the calls in it; the duration as the tracer had it."""

    name: str
    nanoseconds: int | None = None
    calls: list["Call"] = field(default_factory=list)

    def walk(self, depth: int = 0) -> Iterator[tuple[int, "Call"]]:
        """This call and all in it, in order, each with its depth."""
        yield depth, self
        for call in self.calls:
            yield from call.walk(depth + 1)

    def show(self, marked: frozenset[str] = frozenset(), indent: str = "") -> list[str]:
        """The tree as text, a line for each call; those with a name that is marked stand out."""
        return [
            f"{indent}{'>>> ' if call.name in marked else ''}{'  ' * depth}{call.name}()" for depth, call in self.walk()
        ]


def plain(name: str) -> str:
    """A function's name as the source has it: compilers add an end to those that they have changed."""
    return name.partition(".")[0]


def nanoseconds(match: re.Match) -> int | None:
    """The duration in a line; the tracer leaves digits out when there are too many."""
    if match["us"] is None:
        return None
    return int(match["us"]) * 1000 + int((match["ns"] or "").ljust(3, "0"))


def parse(lines: list[str]) -> list[Call]:
    """The trees in `lines`, one for each call of the function that the graph starts at."""
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
    """Take out what ran because of an interrupt."""
    call.calls = [inner for inner in call.calls if inner.name not in INTERRUPT]
    for inner in call.calls:
        without_interrupts(inner)
