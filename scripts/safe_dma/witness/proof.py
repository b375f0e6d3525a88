# SPDX-License-Identifier: GPL-2.0
"""The proof of what the guests of all scenarios say: by the kernel's tracer, and by QEMU's."""

import json

from safe_dma.environment import LOGS
from safe_dma.guest import plan, stage
from safe_dma.witness import claims, paths


def path_scenarios():
    """The scenarios whose guests trace their paths: one of those that are the same to the rules of the paths."""
    found = {}
    for name in sorted(plan.matrix(), key=lambda name: name in plan.LONG):
        found.setdefault(tuple(paths.facts_of(plan.find(name).settings()).values()), name)
    return list(found.values())


def path_results(name):
    """The guest's own end, and the result of each row; what was called is beside the log, as data."""
    outcome = stage.outcome(f"paths-{name}")
    facts = paths.facts_of(plan.find(name).settings())
    data = {"scenario": name} | paths.trees(outcome.lines, facts)
    (LOGS / f"paths-{name}.json").write_text(json.dumps(data) + "\n", encoding="utf-8")
    return [stage.guest_end(f"paths-{name}"), *paths.results(outcome.lines, facts)]


# By scenario.
REPORTS: dict[str, claims.Report] = {}


def claims_report(name):
    """What QEMU's trace says of the claims that were made in a scenario; beside the log, as data, too."""
    if name in REPORTS:
        return REPORTS[name]
    outcome = stage.outcome(f"scenario-{name}")
    trace = plan.trace_of(f"scenario-{name}")
    report = claims.judge_files(trace, outcome.lines, plan.find(name).settings())
    claims.write_json(report, LOGS / f"claims-{name}.json")
    REPORTS[name] = report
    return report
