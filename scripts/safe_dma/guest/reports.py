# SPDX-License-Identifier: GPL-2.0
"""Find the kernel's reports of problems in its log.

Reports are found by string literals from the kernel's source. A test checks that each literal is
still in the source, since one that was changed would never be found.
"""

import contextlib
import functools
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

ROWS = Path(__file__).resolve().parents[3] / "rust" / "misuse" / "rows"

# String literals by kind and source file, as written there, up to the end of the line.
KINDS = {
    "KASAN": {
        "mm/kasan/report.c": [
            "BUG: KASAN: %s in %pS",
            "BUG: KASAN: invalid-access",
            "KASAN: %s in range [0x%016lx-0x%016lx]",
        ],
    },
    "UBSAN": {"lib/ubsan.c": ["UBSAN: %s in %s:%d:%d"]},
    "lockdep": {
        "kernel/locking/lockdep.c": [
            "WARNING: possible circular locking dependency detected",
            "WARNING: possible recursive locking detected",
            "WARNING: possible irq lock inversion dependency detected",
            "WARNING: %s-safe -> %s-unsafe lock order detected",
            "WARNING: inconsistent lock state",
            "[ BUG: Invalid wait context ]",
            "WARNING: bad unlock balance detected!",
            "WARNING: bad contention detected!",
            "WARNING: held lock freed!",
            "WARNING: Nested lock was not taken",
            "WARNING: %s/%d still has locks held!",
            "WARNING: lock held when returning to user space!",
            "WARNING: suspicious RCU usage",
            "WARNING: chain_key collision",
            "INFO: trying to register non-static key.",
            "BUG: key %px has not been registered!",
            # lockdep turns itself off after these.
            "BUG: MAX_LOCKDEP_ENTRIES too low!",
            "BUG: MAX_LOCKDEP_KEYS too low!",
            "BUG: MAX_LOCKDEP_CHAINS too low!",
            "BUG: MAX_STACK_TRACE_ENTRIES too low!",
            "INFO: lockdep is turned off.",
        ],
        "kernel/panic.c": ["Disabling lock debugging due to kernel taint"],
        "kernel/locking/spinlock_debug.c": [
            "BUG: spinlock %s on CPU#%d, %s/%d",
            "BUG: rwlock %s on CPU#%d, %s/%d, %p",
        ],
    },
    "sleep in atomic context": {
        "kernel/sched/core.c": [
            "BUG: sleeping function called from invalid context at %s:%d",
            "BUG: scheduling while atomic: %s/%d/0x%08x",
            "BUG: assuming atomic context at %s:%d",
            "BUG: scheduling in a non-blocking section: %s/%d/%i",
        ],
        "kernel/workqueue.c": ["BUG: workqueue leaked atomic, lock or RCU: %s[%d]"],
        "lib/smp_processor_id.c": ["BUG: using %s%s() in preemptible [%08x] code: %s/%d"],
    },
    "kmemleak": {
        "mm/kmemleak.c": [
            "%d new suspected memory leaks (see ",
            "Memory pool empty, consider increasing CONFIG_DEBUG_KMEMLEAK_MEM_POOL_SIZE",
            "Kernel memory leak detector disabled",
            "Found object by alias at 0x%08lx",
            "Cannot allocate a kmemleak_object structure",
        ],
    },
    "DMA debugger": {
        "kernel/dma/debug.c": [
            'pr_fmt("%s %s: ")',
            "debugging out of memory - disabling",
            "cacheline tracking ENOMEM, dma-debug disabled",
        ],
    },
    "page in an IOMMU": {"drivers/iommu/iommu-debug-pagealloc.c": ["iommu: Detected page leak!"]},
    "list corruption": {
        "lib/list_debug.c": ["list_add corruption. ", "list_add double add: ", "list_del corruption"],
    },
    "reference count": {"lib/refcount.c": ['"refcount_t: " str ".\\n"']},
    "object debugger": {
        "lib/debugobjects.c": ["ODEBUG: %s %s (active state %u) ", "Out of memory. ODEBUG disabled"],
    },
    "slab": {"mm/slub.c": ["BUG %s (%s): %pV"]},
    "page": {
        "mm/page_alloc.c": ["BUG: Bad page state in process %s  pfn:%05lx"],
        "mm/page_poison.c": ["pagealloc: memory corruption", "pagealloc: single bit error"],
        "mm/memory.c": ["BUG: Bad page map in process %s  "],
    },
    "no memory": {
        "mm/page_alloc.c": ["page allocation failure: order:%u"],
        "mm/oom_kill.c": ["%s invoked oom-killer: "],
    },
    "hang": {
        "kernel/hung_task.c": ["INFO: task %s:%d blocked%s for more than %ld seconds."],
        "kernel/watchdog.c": ["BUG: soft lockup - CPU#%d stuck for %us! [%s:%d]"],
        "kernel/workqueue.c": ["BUG: workqueue lockup - pool"],
        "kernel/rcu/tree_stall.h": [
            "INFO: %s self-detected stall on CPU",
            "INFO: %s detected stalls on CPUs/tasks:",
        ],
        "kernel/rcu/tree_exp.h": ["INFO: %s detected expedited stalls on CPUs/tasks: {"],
        "kernel/irq/spurious.c": ["irq %d: nobody cared"],
    },
    "Rust": {"rust/kernel/lib.rs": ['__LOG_PREFIX: &[u8] = b"rust_kernel\\0"']},
    "oops": {
        "lib/bug.c": ["kernel BUG at %s:%u!"],
        "arch/arm64/kernel/traps.c": ["Internal error: %s: %016lx [#%d] "],
        "arch/arm64/mm/fault.c": ["Unable to handle kernel %s at virtual address %016lx"],
        "kernel/panic.c": ["Kernel panic - not syncing: %s"],
    },
    "fault injection": {"lib/fault-inject.c": ["FAULT_INJECTION: forcing a failure."]},
    "lost messages": {"kernel/printk/printk.c": ["** %lu printk messages dropped **"]},
    # Any other warning.
    "warning": {"kernel/panic.c": ["WARNING: %s:%d at %pS, CPU#%d: %s/%d", "WARNING: at %pS, CPU#%d: %s/%d"]},
    "stack trace": {"arch/arm64/kernel/stacktrace.c": ["%sCall trace:"]},
}

# The printed text of literals that are only a part of it.
PRINTED = {
    'pr_fmt("%s %s: ")': r"DMA-API: \S+ \S+: ",
    '"refcount_t: " str ".\\n"': r"refcount_t: ",
    '__LOG_PREFIX: &[u8] = b"rust_kernel\\0"': r"rust_kernel: ",
    "debugging out of memory - disabling": r"DMA-API: debugging out of memory - disabling",
    "%d new suspected memory leaks (see ": r"kmemleak: \d+ new suspected memory leaks \(see ",
    "Kernel memory leak detector disabled": r"kmemleak: Kernel memory leak detector disabled",
    # Any text may precede these words.
    "%sCall trace:": r"Call trace:$",
}
CONVERSION = re.compile(r"%[-#0-9.*]*(?:hh|ll|h|l|z|t)?(?:p[A-Za-z]*|[a-zA-Z])")

# The kinds that name only a place; other lines of the report say what it is about.
WHERE = ("warning", "stack trace")
# The beginning of reports that are not listed above.
UNNAMED = re.compile(r"(?:^|[ \[])(?:BUG|WARNING|INFO): ")

# A kernel message on the console.
MESSAGE = re.compile(r"^\[ *\d+\.\d+\] (.*)$")
BEGIN = "------------[ cut here ]------------"
END = re.compile(r"^---\[ end trace ")
# The maximum number of lines between a report and its stack trace.
REACH = 60
# The number of lines of a report to show.
LONGEST = 100
# A mark by run.sh and init: a self-test begins or ends.
MARK = re.compile(r"^selftest (\S+) (begins|ends)$")


def misuse_messages() -> list[str]:
    """Return the messages that misuse.ko provokes, from its table."""
    rows = [line.split("\t") for line in ROWS.read_text().splitlines() if line and not line.startswith("#")]
    return [re.escape(row[1]) for row in rows if row[1] != "nothing"]


PENDING = "DMA-API: .* device driver has pending DMA allocations while released from device"

# The kernel warns when it removes an interrupt's files in /proc that it failed to create for lack of
# memory.
NO_FILE = r"^name '(affinity_hint|smp_affinity(_list)?|effective_affinity(_list)?|node|spurious)'$"

# The messages that a script in scripts/selftests/ provokes on purpose while it runs.
PROVOKED = {
    # The DMA API, bounce buffers, dma-iommu, the page table code and its check warn of some, too.
    "misuse": [
        *misuse_messages(),
        r"^WARNING: (arch/arm64/mm/physaddr|kernel/dma/(mapping|swiotlb))\.c:\d+ at ",
        r"^WARNING: drivers/iommu/(dma-iommu|io-pgtable-arm|iommu-debug-pagealloc)\.c:\d+ at ",
    ],
    "forget": [PENDING],
    "mmap_lost": [PENDING],
    "faults": [NO_FILE],
    # These two functions print a stack trace when they fail.
    "nvme_faults": [NO_FILE, r"^fail_nth: vmalloc error: ", r"^__kmem_cache_create_args\(\S+\) failed with error -12$"],
}


# A false report of the DMA debugger when several processors map and sync at once, also from C.
# dma_unmap_phys() in kernel/dma/mapping.c frees the IOVA before debug_dma_unmap_phys() removes its
# entry, so another processor can map the same IOVA meanwhile, and one address has two entries. Of
# these __hash_bucket_find() in kernel/dma/debug.c takes the one whose size, type, direction and
# entries match, or none if several match in part; and a sync (dma_debug_single) never matches the
# type of a mapping (dma_debug_phy). init and common.sh in scripts/selftests/ do not count this
# report.
NO_REASON = "device driver tries to sync DMA memory it has not allocated "
# The number of processors, printed by kernel/smp.c.
PROCESSORS = re.compile(r"^smp: Brought up \d+ nodes?, (\d+) CPUs?$")


@dataclass(frozen=True)
class Report:
    """A report of the kernel."""

    kind: str
    line: str
    # The script that was running.
    during: str = ""

    def __str__(self):
        during = f", during {self.during}" if self.during else ""
        return f"{self.kind}: {self.line}{during}"


def pattern_of(literal: str) -> str:
    """Return a regular expression for the printed text of a literal."""
    if literal in PRINTED:
        return PRINTED[literal]
    return "".join(
        ".*?" if number % 2 else re.escape(part)
        for number, part in enumerate(re.split(f"({CONVERSION.pattern})", literal))
    )


@functools.cache
def patterns() -> list[tuple[str, re.Pattern]]:
    """Return a pair of kind and pattern for each literal."""
    return [
        (kind, re.compile(pattern_of(literal)))
        for kind, files in KINDS.items()
        for literals in files.values()
        for literal in literals
    ]


def kind_of(line: str) -> str:
    """Return the kind of report that a line belongs to; empty if it belongs to none."""
    for kind, pattern in patterns():
        if pattern.search(line):
            return kind
    return "unnamed" if UNNAMED.search(line) else ""


class Scanner:
    """Finds the reports in a log, line by line."""

    def __init__(self):
        self.found = []
        self.during = ""
        self.processors = 1
        # The number of lines since the last report or provoked message.
        self.since = REACH
        self.block = None

    def provoked(self, line: str) -> bool:
        """Return whether the running script provokes the message, or the message is false."""
        if self.processors > 1 and re.search(rf"DMA-API: \S+ \S+: {NO_REASON}", line):
            return True
        return any(re.search(text, line) for text in PROVOKED.get(self.during, []))

    def add(self, kind: str, line: str):
        """Add a report, unless it is provoked; either way its stack trace is no further report."""
        self.since = 0
        if not self.provoked(line):
            self.found.append(Report(kind, line.strip(), self.during))

    def judge_block(self):
        """Take the lines between the kernel's "cut here" and "end trace" as one report."""
        lines, self.block = self.block, None
        kinds = [(kind, line) for line in lines if (kind := kind_of(line))]
        said = [(kind, line) for kind, line in kinds if kind not in WHERE]
        wanted = [line for line in lines if self.provoked(line)]
        if said:
            unwanted = [each for each in said if not self.provoked(each[1])]
            for kind, line in (unwanted or said)[:1]:
                self.add(kind, line)
        elif wanted:
            self.since = 0
        elif kinds:
            self.add(*kinds[0])

    def take(self, line: str):
        """Read the next message."""
        self.since += 1
        if count := PROCESSORS.match(line):
            self.processors = int(count[1])
        mark = MARK.match(line)
        if mark or line == BEGIN:
            if self.block is not None:
                self.judge_block()
            if mark:
                self.during = mark[1] if mark[2] == "begins" else ""
            else:
                self.block = []
        elif self.block is not None:
            if END.match(line):
                self.judge_block()
            else:
                self.block.append(line)
        elif self.provoked(line):
            self.since = 0
        elif (kind := kind_of(line)) and (kind not in WHERE or self.since > REACH):
            self.add(kind, line)

    def end(self) -> list[Report]:
        """Return all reports."""
        if self.block is not None:
            self.judge_block()
        return self.found


# The hash of a crate, which binutils' c++filt adds to its name.
CRATE_HASH = re.compile(r"(?<=\w)\[[0-9a-f]+\](?=::)")
# A record of /dev/kmsg: level and facility, number, microseconds, flags; unprintable bytes are
# escaped.
RECORD = re.compile(r"^\d+,(\d+),(\d+),[^;]*;(.*)$")
ESCAPE = re.compile(r"\\x([0-9a-f]{2})")


class LogError(Exception):
    """The log of a guest is incomplete."""


def from_records(lines: list[str]) -> list[str]:
    """Convert records of /dev/kmsg to the lines of a console; raise an error if one is missing."""
    messages = []
    expected = None
    for line in lines:
        record = RECORD.match(line)
        if not record:
            # Indented lines have the key=value pairs of a record.
            if not line.startswith(" "):
                raise LogError(f"this is no kernel message: {line}")
            continue
        number, time, text = int(record[1]), int(record[2]), record[3]
        if expected is not None and number != expected:
            raise LogError(f"kernel messages {expected} to {number - 1} are missing")
        expected = number + 1
        text = ESCAPE.sub(lambda match: chr(int(match[1], 16)), text)
        messages += [f"[{time // 1000000:5}.{time % 1000000:06}] {part}" for part in text.splitlines() or [""]]
    return messages


def messages(lines: list[str]) -> list[str]:
    """Return the kernel messages among the lines of a console."""
    return [match[1] for line in lines if (match := MESSAGE.match(line))]


def scan(lines: list[str]) -> list[Report]:
    """Return the reports in the kernel messages among `lines`."""
    scanner = Scanner()
    for message in messages(lines):
        scanner.take(message)
    return scanner.end()


def first(lines: list[str]) -> list[str]:
    """Return the messages of the first report, with its stack trace."""
    found, said = scan(lines), messages(lines)
    if not found:
        return []
    begin = next(number for number, message in enumerate(said) if message.strip() == found[0].line)
    said = said[begin : begin + LONGEST]
    return said[: next((number for number, message in enumerate(said) if END.match(message)), None)]


def decode(lines: list[str], kernel: Path, modules: Path) -> list[str]:
    """Add source lines to a report, if there is debug information, and demangle Rust names."""
    if not lines:
        return []
    environment = os.environ | {"LLVM": "1"}
    if "LIBCLANG_PATH" in os.environ:
        environment["PATH"] = f"{Path(os.environ['LIBCLANG_PATH']).parent / 'bin'}:{os.environ['PATH']}"
    text = "".join(f"{line}\n" for line in lines)
    source = kernel / "source" if (kernel / "source").exists() else kernel
    decoder = [source / "scripts" / "decode_stacktrace.sh", kernel / "vmlinux", "auto", modules]
    # Only one of the last two may be there; the second leaves what the first has demangled.
    for command in (decoder, ["llvm-cxxfilt"], ["c++filt"]):
        with contextlib.suppress(FileNotFoundError):
            result = subprocess.run(command, input=text, env=environment, capture_output=True, text=True, check=False)
            text = result.stdout or text
    return CRATE_HASH.sub("", text).replace(f"{modules}/", "").replace(f"{source.resolve()}/", "").splitlines()


def problem(lines: list[str]) -> str:
    """Return one line about the reports; empty if there are none."""
    found = scan(lines)
    if not found:
        return ""
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return f"the kernel reports a problem, {found[0]}{more}"
