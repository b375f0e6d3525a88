#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Show each operation of the library, the C function that it calls, and the evidence that it works.

The operations are the public functions whose documentation names a C function. Guests are booted to
run the checks; after `#` a check names the C functions that it tests and the witnesses of the
result. Only the C functions without a check of their own are listed here. `make api` sets the
environment.
"""

import argparse
from collections.abc import Iterable
from dataclasses import dataclass, field

from safe_dma import command
from safe_dma.compile import sources
from safe_dma.environment import TOP
from safe_dma.guest import ktap, stage

# The guests with the checks: of the module, for each kind of DMA address, and of the one self-test
# that names C functions.
BOOTED = ("guest-run", "run-bounce-all", "run-noncoherent", "run-two-devices", "guest-mmap")

# C functions without a check of their own, each with a witness, or a C function, whose checks use
# its result.
INDIRECT = {
    # The results are compared page by page.
    "virt_to_phys": "iova_to_phys",
    "vmalloc_to_pfn": "iova_to_phys",
    # Decides whether there is a mapping.
    "dma_mapping_error": "dma_map_page",
    # The addresses and lengths that the device is given.
    "for_each_sgtable_dma_sg": "dma_map_sgtable",
    "sg_dma_address": "dma_map_sgtable",
    "sg_dma_len": "dma_map_sgtable",
    "for_each_sgtable_sg": "dma_alloc_noncontiguous",
    "sg_phys": "dma_alloc_noncontiguous",
    # Called around each transfer.
    "flush_kernel_vmap_range": "dma_vmap_noncontiguous",
    "invalidate_kernel_vmap_range": "dma_vmap_noncontiguous",
    # Limit the entries of a list.
    "dma_get_max_seg_size": "dma_map_sgtable",
    "dma_get_seg_boundary": "dma_map_sgtable",
    # Refuses memory in place of registers.
    "pfn_valid": "dma_map_resource",
}


@dataclass
class Row:
    """A function of the library, a C function that it calls, and the checks of that C function."""

    item: sources.Item
    function: str
    checks: list[ktap.Result] = field(default_factory=list)

    @property
    def witnesses(self) -> list[str]:
        """The witnesses of all checks, each once."""
        return list(dict.fromkeys(name for check in self.checks for name in check.witnesses))


def plain(function: str) -> str:
    """Return the name of a C function without `_attrs`: both are the same operation."""
    return function.removesuffix("_attrs")


def read_checks(results: Iterable[ktap.Result]) -> list[ktap.Result]:
    """Return the checks that passed and name their witnesses."""
    # A refused call is no evidence that the operation works.
    return [each for each in results if each.status == "passed" and each.witnesses and "refused" not in each.functions]


def rows(items: list[sources.Item], checks: list[ktap.Result]) -> list[Row]:
    """Make a row for each C function of each item."""
    tested = [({plain(word) for word in check.functions}, check) for check in checks]

    def checks_of(function):
        own = [check for functions, check in tested if plain(function) in functions]
        through = INDIRECT.get(function)
        return own or [check for functions, check in tested if through in functions or through in check.witnesses]

    return [Row(item, function, checks_of(function)) for item in items for function in dict.fromkeys(item.c_functions)]


def lines(found: list[Row]) -> list[str]:
    """Format the table."""
    cells = [("Rust", "C", "result", "witnesses")]
    for row in found:
        result, seen = "UNCHECKED", f"no passed check names it: {row.item.path.name}:{row.item.line}"
        if row.checks:
            result = "passed"
            seen = f"{', '.join(row.witnesses)} ({len(row.checks)} checks, first {row.checks[0].name})"
        cells.append((row.item.name, f"{row.function}()", result, seen))
    widths = [max(len(row[column]) for row in cells) for column in range(3)]
    return [
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[3]]) for row in cells
    ]


def report(found: list[Row], problems: list[str], out=print) -> bool:
    """Print the table, the problems and the count; return whether there is no problem."""
    for line in lines(found):
        out(line)
    for problem in problems:
        out(f"\n{problem}")
    checked = sum(bool(row.checks) for row in found)
    out(f"\n{checked} of {len(found)} operations are checked on the device")
    return bool(found) and checked == len(found) and not problems


def failures(name: str) -> list[str]:
    """Return the results of a guest that failed."""
    return [
        "\n".join([f"{name}: {result.name}: {result.reason}", *result.log])
        for result in stage.results(name)
        if result.status == "failed"
    ]


def main() -> int:
    """Print the table; the last line is the count."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    stage.boot_together([*BOOTED])
    checks = [check for name in BOOTED for check in read_checks(stage.results(name))]
    problems = [problem for name in BOOTED for problem in failures(name)]
    return 0 if report(rows(sources.items(TOP), checks), problems) else 1


if __name__ == "__main__":
    command.run(main, UnicodeError)
