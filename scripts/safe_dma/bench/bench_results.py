# SPDX-License-Identifier: GPL-2.0
"""Read the counts of the benchmark from the guest's console and QEMU's trace, and compare them."""

import csv
import re
import statistics
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from safe_dma.report import markup

LINE = re.compile(r"\bbench: (.*)$")
SERIES = re.compile(r"op=(\w+) size=(\d+) count=(\d+) by=(library|hand) min=(\d+) median=(\d+) max=(\d+) mark=(\d+)$")
TURN = re.compile(r"threads=(\d+) by=(library|hand) turn=(\d+) rounds=(\d+) ns=(\d+)$")
NOTHING = re.compile(r"nothing=(\d+) rounds=(\d+)$")
TOOL = re.compile(r"tool -m (\d) -g (\d+)$")
LATENCY = re.compile(r"average (map|unmap) latency\(us\):(\d+)\.(\d) ")
MISSING = re.compile(r"op=(\w+) size=(\d+) count=(\d+) is not possible$")
KERNEL = re.compile(r"Linux version (\S+) \(\S+\) \(\w* ?(clang version [\d.]+|gcc \S* ?[^)]*\) [\d.]+)")
END = "end"

# In QEMU's trace: the mark where a series begins or ends, and a command for the SMMU.
MARK = re.compile(r"memory_region_ops_write .* addr 0x[0-9a-f]*00000 value (0x[0-9a-f]+) size 4 name 'edu-mmio'$")
COMMAND = re.compile(r"smmuv3_cmdq_opcode <--- (\w+)")

COLUMNS = ("scenario", "op", "size", "count", "by", "min", "median", "max", "commands")


class BenchError(Exception):
    """There is nothing to compare."""


@dataclass(frozen=True)
class Operation:
    """An operation: its name, its size in bytes, and the number of pieces."""

    name: str
    size: int
    count: int

    def __str__(self):
        return LABELS.get(self.name, "{name} {size} x{count}").format(
            name=self.name, size=markup.size(self.size), count=self.count
        )


# The operations' names in the table.
LABELS = {
    "single": "map, unmap {size}",
    "single_from_device": "map, unmap {size}, from device",
    "page": "map, unmap a page",
    "resource": "map, unmap registers",
    "sg": "sg list, pages anywhere: {count}",
    "sg_plain": "... C does not look at limits: {count}",
    "sg_rows": "sg list, pages in rows: {count}",
    "iova": "IOVA range, pages anywhere: {count}",
    "coherent": "coherent memory, {size}",
    "dma_pool": "object of a dma_pool",
    "dma_pool_arc": "object of a dma_pool, counted",
    "sync": "sync, whole ({size})",
    "sync_part": "sync, part ({size})",
    "beside": "map, unmap beside {count} mappings",
    "user": "pinned user pages: {count}",
    "request": "block request, {size}",
    "kept": "buffer that stays mapped",
    "copied": "copy {size} into one that stays mapped",
    "in_flight": "command in flight, submitted and reaped",
    "ring": "descriptor in a ring, posted and reaped",
    "round_trip": "transfer of 4 KiB, whole",
    "nvme": "nvme: read {size}",
}

# Operations without a twin in C, and the operation in C that they are compared with.
INSTEAD = {
    "dma_pool_arc": Operation("dma_pool", 64, 1),
    "kept": Operation("single", 4096, 1),
}

# The scenarios in which an IOMMU translates, where a buffer that stays mapped saves most.
TRANSLATED = ("strict", "lazy")
KEPT = 1 / 8
# The number of instructions of a mapping that depend on its address, and so on its place in the
# page table.
ADDRESS = 20
MAPPING = 1000


@dataclass(frozen=True)
class Limit:
    """The maximum ratio of library to C where it is not 1, and the reason."""

    # The names of the operations; none means all.
    names: tuple[str, ...]
    most: float
    why: str
    scenarios: tuple[str, ...] = ()
    # The maximum size in bytes.
    up_to: int = 1 << 30


REQUEST = (
    "map() clears and writes count, length, type and state behind the request (stp, stp, str, str), and looks at its"
    " operation (ldrb, lsl, and, tst) and size (ldr, cbz); helper_blk_rq_dma_map_single() is not in line (4 more)"
)

NVME = (
    "submission takes more: Namespace::queue_rq() with Queue::prepare(), Vtable::queue_rq(),"
    " helper_blk_rq_dma_map_single() and memcpy() do what nvme_prep_rq(), nvme_queue_rq(), nvme_setup_rw(),"
    " nvme_setup_cmd() and dma_map_page_attrs() do; completion takes 24 more. make bench prints the steps. Of a read of"
    " 4 KiB 31 instructions depend on when the interrupt comes"
)

# The first match counts.
LIMITS = (
    Limit(("kept",), KEPT, "nothing is mapped; two locks are taken", TRANSLATED),
    Limit(("kept",), 1.2, "the same, and C maps nothing here"),
    Limit(
        ("dma_pool_arc",),
        1.19,
        "library_counted() calls rust_helper_refcount_inc() and rust_helper_refcount_dec_and_test() (33 instructions;"
        " 184 in all with kernel::sync::atomic, 176 with ldxr and stxr in line, 175 with one of them); C leaves 3",
    ),
    Limit(
        ("in_flight",),
        1.12,
        "library_submit() and library_reap() set up frames by stp, mov and ldp of x29 (6 instructions), which clang"
        " leaves out in a leaf, and library_submit() compares devices by ldr, ldr, cmp and b.eq (4)",
    ),
    Limit(
        ("ring",),
        1.13,
        "library_post() and library_reap() set up frames, as the kernel compiles Rust with -Cforce-frame-pointers=y"
        " and clang leaves them out of a leaf: stp, mov and ldp in each (6 instructions)",
    ),
    Limit(
        ("iova",),
        1.002,
        "library_iova() takes 7 more, none of them in the loop: it is given and returns the vector through memory (ldp,"
        " ldr, stp, str), and checks that the number of pages fits (lsr, cbnz)",
    ),
    Limit(("request",), 1.061, REQUEST, ("passthrough",)),
    Limit(("request",), 1.007, REQUEST),
    Limit(("nvme",), 1.035, NVME, up_to=4096),
    Limit(("nvme",), 1.004, NVME),
    Limit((), 1.02, "what waits, or is bounced, is in another state each time", ("lazy", "bounce-all")),
)


@dataclass(frozen=True)
class Sample:
    """The instructions of a round, of many, and the commands for the SMMU in each round."""

    least: int
    median: int
    most: int
    commands: float | None = None


@dataclass
class Counts:
    """The counts of a scenario: the samples of each operation, by implementation."""

    scenario: str
    samples: dict[Operation, dict[str, Sample]] = field(default_factory=dict)
    # The instructions by the kernel's own benchmark, to the nearest hundred.
    tool: dict[Operation, int] = field(default_factory=dict)
    # The kernel's version string.
    kernel: str = ""
    # The operations that the machine does not support.
    missing: list[Operation] = field(default_factory=list)

    def hand(self, operation: Operation) -> Sample | None:
        """Return the sample of C: of the same operation, or of the one that it is compared with."""
        found = self.samples.get(operation, {}).get("hand")
        instead = INSTEAD.get(operation.name)
        if instead and not found:
            found = self.samples.get(instead, {}).get("hand")
        if operation.name == "copied" and not found:
            found = self.samples.get(Operation("single", operation.size, 1), {}).get("hand")
        return found

    def ratio(self, operation: Operation) -> float | None:
        """Return the ratio of library to C: the smaller of those of the minima and of the medians.

        The kernel's caches, of addresses or bounce buffers, are in another state in each round, for
        both implementations. The instructions of the library itself count in each round.
        """
        hand = self.hand(operation)
        library = self.samples[operation].get("library")
        if not hand or not library or not hand.least:
            return None
        return min(library.least / hand.least, library.median / hand.median)


def commands(trace: Iterable[str]) -> dict[int, Counter]:
    """Return the number of commands of each kind to the SMMU between two marks."""
    found: dict[int, Counter] = {}
    current = None
    for line in trace:
        if match := COMMAND.match(line):
            if current is not None:
                current[match[1]] += 1
        elif line.startswith("memory_region_ops_write") and (match := MARK.match(line.rstrip())):
            current = found.setdefault(int(match[1], 16), Counter())
    return found


def read(scenario: str, console: Iterable[str], trace: Iterable[str] = ()) -> Counts:
    """Read the counts from a guest's console and QEMU's trace."""
    counts = Counts(scenario)
    given = commands(trace)
    rounds, ended, tool = 0, False, None
    for line in console:
        if not counts.kernel and (found := KERNEL.search(line)):
            counts.kernel = f"Linux {found[1]}, {found[2]}"
        match = LINE.search(line.rstrip())
        if not match:
            continue
        said = match[1]
        if found := SERIES.match(said):
            name, size, count, by, *numbers = found.groups()
            least, median, most, mark = map(int, numbers)
            seen = given.get(mark)
            sample = Sample(least, median, most, seen.total() / rounds if seen is not None and rounds else None)
            counts.samples.setdefault(Operation(name, int(size), int(count)), {})[by] = sample
        elif found := NOTHING.match(said):
            rounds = int(found[2])
        elif found := TOOL.match(said):
            mode, granule = map(int, found.groups())
            tool = Operation("sg", 4096, granule) if mode else Operation("single", granule * 4096, 1)
        elif found := LATENCY.match(said):
            # A microsecond is 1000 instructions.
            counts.tool[tool] = counts.tool.get(tool, 0) + int(found[2]) * 1000 + int(found[3]) * 100
        elif found := MISSING.match(said):
            counts.missing.append(Operation(found[1], int(found[2]), int(found[3])))
        elif said == END:
            ended = True
    if not ended:
        raise BenchError(f"{scenario}: the benchmark in the guest did not come to its end")
    return counts


def limit(scenario: str, operation: Operation) -> tuple[float, str]:
    """Return the maximum ratio of an operation, and the reason."""
    for each in LIMITS:
        here = not each.scenarios or scenario in each.scenarios
        if (not each.names or operation.name in each.names) and here and operation.size <= each.up_to:
            return each.most, each.why
    return 1.0, ""


def allowed(counts: Counts, operation: Operation) -> float | None:
    """Return the maximum ratio of an operation in a scenario; None without a limit."""
    hand = counts.hand(operation)
    if counts.ratio(operation) is None or operation.name == "copied":
        return None
    most, _ = limit(counts.scenario, operation)
    return most + (ADDRESS / hand.least if hand.least > MAPPING and most >= 1 else 0)


def too_dear(counts: Counts) -> list[str]:
    """Return a line for each operation that takes more than its limit."""
    found = []
    for operation in counts.samples:
        most = allowed(counts, operation)
        if most is not None and counts.ratio(operation) > most:
            words = f"{counts.ratio(operation):.3f} of what C takes, and at most {most:.3f} is allowed"
            found.append(f"{counts.scenario}: {operation}: {words}")
    return found


def crossover(counts: Counts) -> float | None:
    """Return the size in bytes from which mapping is cheaper than copying; None without one."""
    sizes = sorted(op.size for op in counts.samples if op.name == "copied" and counts.hand(op))
    pairs = [
        (size, counts.samples[op]["library"].median - counts.hand(op).median)
        for size in sizes
        for op in (Operation("copied", size, 1),)
    ]
    for (low, below), (high, above) in zip(pairs, pairs[1:], strict=False):
        if below < 0 <= above:
            return low + (high - low) * -below / (above - below)
    return None


def turns(console: Iterable[str]) -> dict[int, list[tuple[float, float]]]:
    """Return the nanoseconds of an operation in each turn, of the library and of C, by threads."""
    found: dict[tuple[int, int], dict[str, float]] = {}
    for line in console:
        match = LINE.search(line.rstrip())
        if match and (said := TURN.match(match[1])):
            threads, by, turn, rounds, taken = said.groups()
            found.setdefault((int(threads), int(turn)), {})[by] = int(taken) / int(rounds)
    result: dict[int, list[tuple[float, float]]] = {}
    for (threads, _), pair in sorted(found.items()):
        result.setdefault(threads, []).append((pair["library"], pair["hand"]))
    return result


def in_turn(pairs: list[tuple[float, float]]) -> tuple[float, float, float]:
    """Return the minimum, the median and the maximum ratio of the library's time to that of C."""
    ratios = sorted(library / hand for library, hand in pairs)
    return ratios[0], statistics.median(ratios), ratios[-1]


def write(path: Path, everything: list[Counts]) -> None:
    """Write the counts as CSV, for spreadsheets, the report, and later comparisons."""
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(COLUMNS)
        for counts in everything:
            for operation, samples in counts.samples.items():
                for by, sample in samples.items():
                    given = "" if sample.commands is None else f"{sample.commands:.2f}"
                    rows.writerow(
                        [counts.scenario, operation.name, operation.size, operation.count, by]
                        + [sample.least, sample.median, sample.most, given]
                    )
            for operation, median in counts.tool.items():
                rows.writerow(
                    [counts.scenario, operation.name, operation.size, operation.count, "tool", "", median, "", ""]
                )


def load(path: Path) -> list[Counts]:
    """Read the counts that write() has written."""
    found: dict[str, Counts] = {}
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = csv.DictReader(file)
            if tuple(rows.fieldnames or ()) != COLUMNS:
                raise BenchError(f"{path} is no table of make bench: its first line is not {','.join(COLUMNS)}")
            for row in rows:
                counts = found.setdefault(row["scenario"], Counts(row["scenario"]))
                operation = Operation(row["op"], int(row["size"]), int(row["count"]))
                if row["by"] == "tool":
                    counts.tool[operation] = int(row["median"])
                    continue
                given = float(row["commands"]) if row["commands"] else None
                sample = Sample(int(row["min"]), int(row["median"]), int(row["max"]), given)
                counts.samples.setdefault(operation, {})[row["by"]] = sample
    except OSError as error:
        raise BenchError(f"{path}: {error.strerror}") from None
    except (ValueError, TypeError) as error:
        raise BenchError(f"{path} is no table of make bench: {error}") from None
    return list(found.values())


def table(counts: Counts) -> list[str]:
    """Format the table of a scenario."""
    lines = [f"{counts.scenario:42}{'library':>9}{'C':>9}{'ratio':>8}{'tool':>8}{'commands':>10}"]
    for operation, samples in counts.samples.items():
        library, hand, ratio = samples.get("library"), counts.hand(operation), counts.ratio(operation)
        if not library:
            continue
        tool = counts.tool.get(operation)
        lines.append(
            f"  {str(operation):40}{library.median:9}{hand.median if hand else '':>9}"
            f"{'' if ratio is None else f'{ratio:.3f}':>8}{'' if tool is None else tool:>8}"
            f"{'' if library.commands is None else f'{library.commands:.1f}':>10}"
        )
    for operation in dict.fromkeys(counts.missing):
        lines.append(f"  {str(operation):40}{'not in this scenario':>26}")
    at = crossover(counts)
    if at is not None:
        lines.append(f"  to copy into a buffer that stays mapped is cheaper than to map, up to {at:.0f} bytes")
    return lines


def overview(everything: list[Counts]) -> list[str]:
    """Format the table of all scenarios: the counts of the first one, and the ratios in each."""
    names = [counts.scenario for counts in everything]
    heads = [f"{names[0]}: library", "C", "tool", *names]
    lines = [f"{'instructions':40}{heads[0]:>16}{heads[1]:>8}{heads[2]:>8}" + "".join(f"{name:>12}" for name in names)]
    for operation in everything[0].samples:
        hand = everything[0].hand(operation)
        library = everything[0].samples[operation].get("library")
        if not library or not hand:
            continue
        tool = everything[0].tool.get(operation, "")
        ratios = [counts.ratio(operation) if operation in counts.samples else None for counts in everything]
        words = "".join(f"{'-' if ratio is None else f'{ratio:.3f}':>12}" for ratio in ratios)
        lines.append(f"{str(operation):40}{library.median:16}{hand.median:8}{tool:8}{words}")
    return lines


def changes(new: list[Counts], old: list[Counts]) -> list[str]:
    """Return a line for each count of the library or of C that has changed."""
    before = {counts.scenario: counts for counts in old}
    lines = []
    for counts in new:
        was = before.get(counts.scenario)
        if not was:
            lines.append(f"{counts.scenario}: not in the other table")
            continue
        for operation, samples in counts.samples.items():
            for by, sample in samples.items():
                other = was.samples.get(operation, {}).get(by)
                if other is None:
                    lines.append(f"{counts.scenario}: {operation}, {by}: {sample.median}, new")
                elif other.median != sample.median:
                    part = f" ({sample.median / other.median - 1:+.1%})" if other.median else ""
                    lines.append(f"{counts.scenario}: {operation}, {by}: {other.median} to {sample.median}{part}")
        for operation in was.samples:
            if operation not in counts.samples:
                lines.append(f"{counts.scenario}: {operation}: gone")
    return lines
