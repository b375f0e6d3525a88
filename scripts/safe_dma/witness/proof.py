# SPDX-License-Identifier: GPL-2.0
"""Judge the guests of all scenarios by the kernel's tracer and by QEMU's."""

from safe_dma.guest import plan, stage
from safe_dma.witness import claims, paths, smmu_trace


def path_scenarios():
    """Return the scenarios whose guests trace paths: one for each set of facts."""
    found = {}
    for name in sorted(plan.matrix(), key=lambda name: name in plan.LONG):
        found.setdefault(tuple(paths.facts_of(plan.find(name).settings()).values()), name)
    return list(found.values())


def path_results(name):
    """Return the end of the guest, and the result of each row."""
    outcome = stage.outcome(f"paths-{name}")
    facts = paths.facts_of(plan.find(name).settings())
    return [stage.guest_end(f"paths-{name}"), *paths.results(outcome.lines, facts)]


# By scenario.
REPORTS: dict[str, claims.Report] = {}


def claims_report(name):
    """Judge the claims of a scenario by QEMU's trace."""
    if name not in REPORTS:
        guest = f"scenario-{name}"
        trace = smmu_trace.lines(plan.trace_of(guest))
        REPORTS[name] = claims.judge(trace, stage.outcome(guest).lines, plan.find(name).settings())
    return REPORTS[name]
