# SPDX-License-Identifier: GPL-2.0
"""The proof of what the guests of all scenarios say: by the kernel's tracer, and by QEMU's."""

import functools
import json

from safe_dma.guest import plan
from safe_dma.witness import claims, paths


def path_guests():
    """The guest of each scenario that traces its paths, as plan.booted() takes it."""
    return {name: ("paths", f"paths-{name}", name) for name in plan.matrix()}


def path_results(name):
    """The guest's own end, and the result of each row; what was called is beside the log, as data."""
    which = path_guests()[name]
    outcome = plan.booted(*which)
    a_guest = plan.make_guest(*which)
    facts = paths.facts_of(a_guest.scenario.settings())
    data = {"scenario": name} | paths.trees(outcome.lines, facts)
    a_guest.log.with_suffix(".json").write_text(json.dumps(data) + "\n", encoding="utf-8")
    return [plan.guest_end(*which), *paths.results(outcome.lines, facts)]


@functools.cache
def claims_report(name):
    """What QEMU's trace says of the claims that were made in a scenario; beside the log, as data, too."""
    which = plan.matrix()[name]
    outcome = plan.booted(*which)
    trace = plan.trace_of(which[1])
    report = claims.judge_files(trace, outcome.lines, plan.find(name).settings())
    claims.write_json(report, trace.with_name(f"claims-{name}.json"))
    return report
