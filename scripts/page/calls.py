# SPDX-License-Identifier: GPL-2.0
"""Calls of the kernel's functions, as the test run has recorded them for each operation."""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

# The layers, by what the functions of each are called; the first one that fits. Name, file, pattern.
LAYERS = (
    (
        "debug",
        "kernel/dma/debug.c",
        r"debug_dma_|dma_debug|check_(unmap|sync)|.*dma_entry|.*active_cacheline|.*hash_bucket|bucket_find",
    ),
    ("swiotlb", "kernel/dma/swiotlb.c", r"_*(is_|default_)?swiotlb"),
    ("direct", "kernel/dma/direct.c", r"_*dma_direct_"),
    ("cma", "kernel/dma/contiguous.c, mm/cma.c", r"_*(dma_(alloc|free)_contiguous|dma_release_from_contiguous|cma_)"),
    ("pool", "kernel/dma/pool.c, mm/dmapool.c", r"_*(dma_pool_|pool_|dma_(alloc|free)_from_pool)"),
    ("dma-iommu", "drivers/iommu/dma-iommu.c", r"_*(iommu_dma_|dma_iova_|fq_)"),
    ("iova", "drivers/iommu/iova.c", r".*iova"),
    ("pgtable", "drivers/iommu/io-pgtable-arm.c", r"_*arm_lpae_|.*io_pgtable"),
    ("smmu", "drivers/iommu/arm/arm-smmu-v3", r"_*arm_smmu_|queue_(inc|poll|write)"),
    ("iommu", "drivers/iommu/iommu.c", r"_*iommu_"),
    ("arch", "arch/arm64/mm", r"_*(arch_.*dma|dcache_|caches_)"),
    ("mapping", "kernel/dma/mapping.c", r"_*dma_"),
    ("other", "memory, locks and the rest", r""),
)
PATTERNS = [re.compile(pattern) for _, _, pattern in LAYERS]
# A tree that has more is cut: nobody reads it.
MOST = 4000


@dataclass
class Row:
    """An operation in one scenario."""

    name: str
    op: str
    status: str
    reason: str = ""
    # Depth, function and instructions, in order.
    calls: list[tuple[int, str, int | None]] = field(default_factory=list)

    @property
    def total(self) -> int | None:
        """The instructions of all calls of the operation's function."""
        found = [count for depth, _, count in self.calls if depth == 0 and count is not None]
        return sum(found) if found else None


@dataclass
class Recording:
    """All operations of a scenario."""

    rows: dict[str, Row] = field(default_factory=dict)
    problem: str = ""


def layer(function: str) -> int:
    """The index of a function's layer."""
    return next(index for index, pattern in enumerate(PATTERNS) if pattern.match(function))


def flat(calls: list[dict], depth: int = 0) -> list[tuple[int, str, int | None]]:
    """Nested calls in a row."""
    found = []
    for call in calls:
        found.append((depth, call["name"], call["nanoseconds"]))
        found += flat(call["calls"], depth + 1)
    return found


def read(path: Path) -> Recording:
    """What paths.py has written about one scenario."""
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))["rows"]
        found = [Row(row["name"], row["op"], row["status"], row["reason"], flat(row["calls"])) for row in rows]
        return Recording({row.name: row for row in found})
    except (ValueError, KeyError, TypeError) as error:
        return Recording(problem=f"{path.name} cannot be read: {type(error).__name__}: {error}")
