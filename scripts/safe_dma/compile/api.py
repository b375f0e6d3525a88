#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Show each operation of the library, the C function behind it, and who has seen it work on the device.

The operations are the library's public functions whose documentation names a C function. Guests are
booted for the checks; a check that passed says behind `#` which C functions it is of, and what witnessed
it. So nothing is written down here, but for what cannot have a check of its own, with the reason.
`make api` calls this with all that it needs.
"""

import argparse
import os
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from safe_dma.compile import sources
from safe_dma.guest.plan import GUESTS, booted, guest_results

TOP = Path(__file__).resolve().parents[3]

# The guests that have the checks: of the module, in the ways that addresses can be made, and in scripts.
BOOTED = ("check_result", "bounced_result", "noncoherent_result", "peer_result", "selftest_result")

# C functions that no check is about, but which work if others do: a check with that witness, or of that
# C function, has used what they returned.
INDIRECT = {
    # Compared with each other, page by page.
    "virt_to_phys": "iova_to_phys",
    "vmalloc_to_pfn": "iova_to_phys",
    "iommu_iova_to_phys": "iova_to_phys",
    # Finds the domain that is asked.
    "iommu_get_domain_for_dev": "iova_to_phys",
    # Its result decides whether there is a mapping.
    "dma_mapping_error": "dma_map_page",
    # The addresses and lengths that the device is given.
    "for_each_sgtable_dma_sg": "dma_map_sgtable",
    "sg_dma_address": "dma_map_sgtable",
    "sg_dma_len": "dma_map_sgtable",
    "for_each_sgtable_sg": "dma_alloc_noncontiguous",
    "sg_phys": "dma_alloc_noncontiguous",
    # Told to the CPU and to the device before and after it had its turn.
    "flush_kernel_vmap_range": "dma_vmap_noncontiguous",
    "invalidate_kernel_vmap_range": "dma_vmap_noncontiguous",
    # What entries of a list are cut to.
    "dma_get_max_seg_size": "dma_map_sgtable",
    "dma_get_seg_boundary": "dma_map_sgtable",
    # That there is no memory where the registers are that are mapped.
    "pfn_valid": "dma_map_resource",
    # Tells the ways of allocation apart.
    "is_vmalloc_addr": "dma_alloc",
}

RESULT = re.compile(r"^(?:.*: )? *ok \d+ (?:- )?([^#]+?) # (.+?)\bwitness: (.+)$")
SUBTEST = re.compile(r"^(?:.*: )? *# Subtest: (.+)$")


@dataclass
class Check:
    """A check that passed: its name, the C functions that it is of, and its witnesses."""

    name: str
    functions: set[str]
    witnesses: list[str]


@dataclass
class Row:
    """A function of the library, one C function behind it, and the checks that have used that one."""

    item: sources.Item
    function: str
    checks: list[Check] = field(default_factory=list)

    @property
    def witnesses(self) -> list[str]:
        """Who has seen it, each once."""
        return list(dict.fromkeys(name for check in self.checks for name in check.witnesses))


def plain(function: str) -> str:
    """A C function by its plain name: that with attributes is the same one."""
    return function.removesuffix("_attrs")


def read_checks(lines: Iterable[str]) -> list[Check]:
    """The checks in a guest's console that passed and say what they have seen."""
    found = []
    subject = ""
    for line in lines:
        if match := SUBTEST.match(line):
            subject = f"{match[1]}/"
        elif match := RESULT.match(line):
            # That something is refused does not show that it works.
            if re.search(r"\brefused\b", match[2]):
                continue
            functions = {plain(word) for word in re.findall(r"\w+", match[2])}
            witnesses = [name.strip() for name in match[3].split(",")]
            found.append(Check(subject + match[1], functions, witnesses))
    return found


def rows(items: list[sources.Item], checks: list[Check]) -> list[Row]:
    """A row for each C function of each item."""

    def checks_of(function):
        own = [check for check in checks if plain(function) in check.functions]
        through = INDIRECT.get(function)
        return own or [check for check in checks if through in check.functions or through in check.witnesses]

    return [Row(item, function, checks_of(function)) for item in items for function in dict.fromkeys(item.c_functions)]


def lines(found: list[Row]) -> list[str]:
    """The table."""
    cells = [("Rust", "C", "result", "seen by")]
    for row in found:
        result, seen = "UNCHECKED", f"no check that passed names it: {row.item.path.name}:{row.item.line}"
        if row.checks:
            result = "passed"
            seen = f"{', '.join(row.witnesses)} ({len(row.checks)} checks, first {row.checks[0].name})"
        cells.append((row.item.name, f"{row.function}()", result, seen))
    widths = [max(len(row[column]) for row in cells) for column in range(3)]
    return [
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[3]]) for row in cells
    ]


def report(found: list[Row], problems: list[str], out=print) -> bool:
    """Print the table, what is wrong, and the count; whether all is right."""
    for line in lines(found):
        out(line)
    for problem in problems:
        out(f"\n{problem}")
    checked = sum(bool(row.checks) for row in found)
    out(f"\n{checked} of {len(found)} operations are checked on the device")
    return bool(found) and checked == len(found) and not problems


def failures(name: str) -> list[str]:
    """What did not pass in a guest."""
    return [
        "\n".join([f"{name}: {result.name}: {result.reason}", *result.log])
        for result in guest_results(*GUESTS[name])
        if result.status == "failed"
    ]


def main() -> int:
    """Print the table; the last line is the count."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    if "SAFE_DMA_KDIR" not in os.environ:
        print("safe-dma: error: call it with 'make api'", file=sys.stderr)
        return 1
    checks = [check for name in BOOTED for check in read_checks(booted(*GUESTS[name]).lines)]
    problems = [problem for name in BOOTED for problem in failures(name)]
    return 0 if report(rows(sources.items(TOP), checks), problems) else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
    except (OSError, UnicodeError) as error:
        print(f"safe-dma: error: {error}", file=sys.stderr)
        sys.exit(1)
