# SPDX-License-Identifier: GPL-2.0
"""Read the kernel's calls for each operation from the logs.

The traces of the paths include the tracer's own work; the counts of `make trace` do not.
"""

import contextlib
import json
import re
from dataclasses import dataclass, field
from pathlib import Path

from safe_dma.guest import scenarios
from safe_dma.witness import paths

# The layers: name, files and folders, and a pattern for functions whose file is not known, of which
# the first match counts.
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
    ("pgtable", "drivers/iommu/io-pgtable", r"_*arm_lpae_|visit_|.*io_pgtable"),
    ("smmu", "drivers/iommu/arm/arm-smmu-v3", r"_*arm_smmu_|queue_(inc|poll|write)"),
    ("iommu", "drivers/iommu", r"_*iommu_"),
    ("iova", "drivers/iommu/iova.c", r".*iova"),
    ("arch", "arch/arm64", r"_*(arch_.*dma|dcache_|caches_)"),
    ("mapping", "kernel/dma", r"_*dma_"),
    ("other", "memory, locks and the rest", r""),
)


@dataclass
class Row:
    """An operation in one scenario."""

    name: str
    # The operation of the test device.
    op: str
    status: str = "passed"
    reason: str = ""
    # Depth, function, instructions and file, in order; the last two if they are known.
    calls: list[tuple[int, str, int | None, str]] = field(default_factory=list)

    @property
    def total(self) -> int | None:
        """Return the instructions of all top-level calls, if known."""
        found = [count for depth, _, count, _ in self.calls if depth == 0 and count is not None]
        return sum(found) if found else None


@dataclass
class Recording:
    """The recorded operations of a scenario."""

    rows: dict[str, Row] = field(default_factory=dict)
    problem: str = ""


def layer(function: str, file: str = "") -> int:
    """Return the index of a function's layer."""
    if not file:
        return next(index for index, (_, _, pattern) in enumerate(LAYERS) if re.match(pattern, function))
    # The longest match wins: a file is more specific than its folder.
    parts = [(part, index) for index, (_, places, _) in enumerate(LAYERS) for part in places.split(", ")]
    fitting = [(len(part), index) for part, index in parts if file.startswith(part)]
    return max(fitting)[1] if fitting else len(LAYERS) - 1


def judged(lines: list[str], settings: dict) -> dict[str, Row]:
    """Judge the traces in a console by the rules for a scenario with these settings."""
    rows = {}
    for judge in paths.judge(lines, paths.facts_of(settings)):
        calls = [(depth, call.name, call.nanoseconds, "") for root in judge.roots for depth, call in root.walk()]
        rows[judge.row.name] = Row(judge.row.name, judge.row.op, judge.result.status, judge.result.reason, calls)
    return rows


def flat(calls: list[dict], depth: int = 0) -> list[tuple[int, str, int | None, str]]:
    """Flatten nested calls."""
    found = []
    for call in calls:
        found.append((depth, call["name"], call["total"], call["source"]))
        found += flat(call["calls"], depth + 1)
    return found


def counted(path: Path) -> Row:
    """Read the data of `make trace` about an operation."""
    found = json.loads(path.read_text(encoding="utf-8"))
    return Row(f"{found['operation']}, as make trace counts it", found["operation"], calls=flat(found["trees"]))


def traced(logs: Path, scenario: str, settings: dict) -> Path | None:
    """Return the log of the paths: scenarios that are equal to the rules share a guest."""
    for path in [logs / f"paths-{scenario}.log", *sorted(logs.glob("paths-*.log"))]:
        name = path.stem.removeprefix("paths-")
        with contextlib.suppress(scenarios.ScenarioError):
            same = name == scenario or paths.facts_of(scenarios.find(name).settings()) == paths.facts_of(settings)
            if same and path.exists():
                return path
    return None


def read(logs: Path, scenario: str, settings: dict) -> Recording:
    """Read the calls of a scenario."""
    recording = Recording()
    log = traced(logs, scenario, settings) if settings else None
    if log:
        recording.rows |= judged(log.read_text(encoding="utf-8", errors="replace").splitlines(), settings)
    for path in sorted(logs.glob(f"trace-{scenario}-*.json")):
        try:
            row = counted(path)
        except (ValueError, KeyError, TypeError) as error:
            recording.problem = f"{path.name} cannot be read: {type(error).__name__}: {error}"
        else:
            recording.rows[row.name] = row
    return recording
