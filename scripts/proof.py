# SPDX-License-Identifier: GPL-2.0
"""The proof of the paths, in each scenario that a guest is booted in."""

import json

import guests
import ktap
import paths


def matrix():
    """The guest of each scenario, as guests.booted() takes it."""
    return {name: ("paths", f"paths-{name}", name) for name in guests.matrix()}


def results(name, which):
    """The guest's own end, and the result of each row; what was called is beside the log, as data."""
    outcome = guests.booted(*which)
    a_guest = guests.make_guest(*which)
    facts = paths.facts_of(a_guest.scenario.settings())
    data = {"scenario": name} | paths.trees(outcome.lines, facts)
    a_guest.log.with_suffix(".json").write_text(json.dumps(data) + "\n", encoding="utf-8")
    end = ktap.Result(guests.END, "passed")
    if outcome.problem:
        end = ktap.Result(guests.END, "failed", f"{outcome.problem}; log: {a_guest.log}")
    return [end, *paths.results(outcome.lines, facts)]
