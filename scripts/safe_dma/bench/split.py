# SPDX-License-Identifier: GPL-2.0
"""Divide the instructions of a read of an NVMe disk among the steps of the read.

QEMU has logged each instruction of the kernel during some reads, by its address. A call is an
instruction at the start of a function; a return is one within a function that was called before.
"""

import bisect
import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from safe_dma.report import markup

# The instruction at an address, and one that QEMU has logged but not executed.
EXECUTED = re.compile(r"^Trace \d+: \S+ \[[0-9a-f]+/([0-9a-f]+)/")
STOPPED = "Stopped execution of TB chain"
SYMBOL = re.compile(r"\bbench: (hand|library) ([0-9a-f]+) [tT] (\S+)\t\[")
COUNTED = re.compile(r"\bbench: op=nvme size=(\d+) count=1 by=(hand|library) min=(\d+) median=\d+ max=(\d+) ")
# The function with which a read begins, and the exceptions, whose second half are those of programs.
READ = "__arm64_sys_io_submit"
VECTORS = "vectors"
FROM_PROGRAM = 0x400
# The reads of each size that are logged, of which the first are not counted: see count_reads.c and
# init.
READS, WARM_UP = 24, 16
SIZES = (4096, 131072)
REST = "the rest"
# How many functions are shown that differ.
DIFFERENT = 8
# The steps, and the functions in which they begin. The last that has begun counts.
STEPS = {
    "map": re.compile(r"dma_map_phys$|blk_rq_dma_map_iter_|dma_iova_(try_alloc|link|sync)$"),
    "unmap": re.compile(r"dma_unmap_phys$|dma_iova_(destroy|unlink|free)$"),
    "submit": re.compile(r".*(queue|commit)_rqs?"),
    "complete": re.compile(r"__handle_irq_event_percpu$"),
}


class SplitError(Exception):
    """QEMU has logged other reads, or other instructions, than the processor has counted."""


@dataclass
class Read:
    """The instructions of a read: by step, and by function of the kernel or "driver"."""

    steps: Counter = field(default_factory=Counter)
    functions: Counter = field(default_factory=Counter)


class Symbols:
    """The functions by their addresses."""

    def __init__(self, kernel: Iterable[str], driver: Iterable[tuple[int, str]]):
        """Read System.map, and add the functions of a driver."""
        lines = [line.split() for line in kernel]
        found = {int(address, 16): (name, name) for address, kind, name in lines if kind in "tT"}
        found |= {address: (name, "driver") for address, name in driver}
        self.starts = sorted(found)
        self.names = [found[start] for start in self.starts]

    def at(self, address: int) -> tuple[int, str, str]:
        """Return the start of the function at an address, its name, and the name that is shown."""
        index = bisect.bisect_right(self.starts, address) - 1
        return (self.starts[index], *self.names[index])


def step_of(name: str) -> str:
    """Return the step that begins in a function, or nothing."""
    return next((step for step, pattern in STEPS.items() if pattern.match(name)), "")


def executed(log: Iterable[str]) -> Iterator[int]:
    """Yield the address of each instruction."""
    last = None
    for line in log:
        if line.startswith(STOPPED):
            last = None
        elif match := EXECUTED.match(line):
            if last is not None:
                yield last
            last = int(match[1], 16)
    if last is not None:
        yield last


def reads(addresses: Iterable[int], symbols: list[Symbols]) -> list[Read]:
    """Return the reads in a log. The functions of each driver are in its own part of the log."""
    found: list[Read] = []
    # The start, the step and the shown name of each function that was called.
    stack: list[tuple[int, str, str]] = []
    current = symbols[0]
    for address in addresses:
        start, name, shown = current.at(address)
        if name == VECTORS and address - start >= FROM_PROGRAM:
            stack = [(start, REST, shown)]
        elif not stack or stack[-1][0] != start or address == start:
            depth = next((depth for depth in reversed(range(len(stack))) if stack[depth][0] == start), None)
            if depth is None or address == start or name == VECTORS:
                # An interrupt is no part of the step that it interrupts.
                step = REST if name == VECTORS else step_of(name) or (stack[-1][1] if stack else REST)
                stack.append((start, step, shown))
            else:
                del stack[depth + 1 :]
        if name == READ and address == start:
            found.append(Read())
            current = symbols[min((len(found) - 1) // (READS * len(SIZES)), len(symbols) - 1)]
        if found:
            found[-1].steps[stack[-1][1]] += 1
            found[-1].functions[shown] += 1
    return found


def usual(found: list[Read]) -> Read:
    """Return the read of median length. After the last one there is more in the log."""
    warm = sorted(found[WARM_UP:-1], key=lambda read: read.steps.total())
    return warm[len(warm) // 2]


def table(console: Iterable[str], kernel: Iterable[str], log: Iterable[str]) -> list[str]:
    """Return the lines of a table, and of one with the functions that differ most."""
    drivers: dict[str, list[tuple[int, str]]] = {"hand": [], "library": []}
    counted = {}
    for line in console:
        if match := SYMBOL.search(line):
            drivers[match[1]].append((int(match[2], 16), match[3]))
        elif match := COUNTED.search(line):
            # The last line of each kind is that of the reads that were logged.
            counted[match[2], int(match[1])] = range(int(match[3]), int(match[4]) + 1)
    kernel = [*kernel]
    every = reads(executed(log), [Symbols(kernel, functions) for functions in drivers.values()])
    if len(every) != READS * len(SIZES) * len(drivers):
        raise SplitError(f"{len(every)} reads were logged")
    found = [usual(every[at : at + READS]) for at in range(0, len(every), READS)]
    for (by, size), read in zip(itertools.product(drivers, SIZES), found, strict=True):
        if read.steps.total() not in counted[by, size]:
            raise SplitError(f"{by}, {size}: {read.steps.total()} were logged, {counted[by, size]} counted")
    pairs = dict(zip(SIZES, zip(found[2:], found[:2], strict=True), strict=True))
    heads = "".join(f"{f'{markup.size(size)}: library':>20}{'C':>8}" for size in SIZES)
    lines = [f"nvme, instructions of a read by step     {heads}"]
    for step in [*STEPS, REST, "all"]:
        counts = [read.steps[step] if step != "all" else read.steps.total() for pair in pairs.values() for read in pair]
        lines.append(f"  {step:40}" + "".join(f"{count:{20 - 12 * (at % 2)}}" for at, count in enumerate(counts)))
    for size, (library, hand) in pairs.items():
        more = {name: library.functions[name] - hand.functions[name] for name in library.functions | hand.functions}
        most = sorted(more.items(), key=lambda each: -abs(each[1]))[:DIFFERENT]
        words = ", ".join(f"{name}() {count:+}" for name, count in most if count)
        lines.append(f"  {markup.size(size)}: library, less C: {words}")
    return lines
