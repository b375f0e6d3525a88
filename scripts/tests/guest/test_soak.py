# SPDX-License-Identifier: GPL-2.0
"""Test random operations: a seed repeats its run, and `make soak` sums up the guests' figures."""

import re

import pytest
from conftest import error_line

from safe_dma.guest import guest, plan, soak, stage
from safe_dma.guest.plan import SPECS, Spec

DIGEST = re.compile(r"# soak: seed (\d+), .* digest ([0-9a-f]{16})$")
# The seeds of guests, by name.
SEEDS = {"soak-first": 41, "soak-second": 41, "soak-other": 42}
SPECS |= {name: Spec("selftest soak", append=f"SAFE_DMA_SEED={seed}") for name, seed in SEEDS.items()}
GOOD = """\
KTAP version 1
1..2
    TAP version 13
    1..1
    # soak: map: 390 done 11 EINVAL
    # soak: seed 7, 8 workers on each of 1 devices, 4042 operations, digest e54119f525cc8955
    ok 1 all is as foretold
    # Totals: pass:1 fail:0 xfail:0 xpass:0 skip:0 error:0
ok 1 soak
    TAP version 13
    1..2
    # cycles: 30 reload, pages and slabs in kB: 11360 2180, then 11312 2184
    # cycles: 20 rebind, pages and slabs in kB: 12416 2216, then 12416 2220
    ok 1 load and unload 30 times
    ok 2 unbind and bind 20 times
    # Totals: pass:2 fail:0 xfail:0 xpass:0 skip:0 error:0
ok 2 cycles
""".splitlines()
WRONG = "    # soak: seed 7 worker 0 operation 370: op=unmap name=m1: errno 16, expected 0"
KERNEL = ["[    1.000000] a line", "[    1.000001] BUG: KASAN: slab-use-after-free in a_function+0x1/0x2"]


def outcome(lines, problem="", kernel=()):
    """Return the outcome of a guest that has printed these lines."""
    return guest.Outcome(problem, lines, 1.0, list(kernel))


def digest(name):
    """Return the digest of a guest's soak."""
    lines = stage.outcome(name).lines
    found = [match.groups() for line in lines if (match := DIGEST.search(line))]
    assert [number for number, _ in found] == [str(SEEDS[name])], lines[-20:]
    return found[0][1]


@pytest.mark.skipif(SPECS["guest-run"].real_time, reason="several processors run in no fixed order")
@pytest.mark.boots(*SEEDS)
def test_same_seed_same_run():
    """Check that a seed repeats its run with one processor, and that another seed differs."""
    assert digest("soak-first") == digest("soak-second")
    assert digest("soak-other") != digest("soak-first")


def test_sum():
    """Check that all guests are summed up."""
    total = soak.Sum()
    total.add(outcome(GOOD))
    total.add(outcome([*GOOD, "    # seed 7: 100 inputs, 40 accepted, 60 refused: EINVAL 60"]))
    assert str(total) == (
        "2 guests, 8084 operations, 100 inputs, 60 load and unload, 40 unbind and bind, 0 mismatches, 0 reports"
    )
    total.add(outcome([WRONG], "the guest's selftest soak failed with status 1", KERNEL))
    assert (total.guests, total.mismatches, total.reports) == (3, 1, 1)


def test_problem():
    """Check the order of problems: a mismatch, the end of the guest, a failed check."""
    assert soak.problem(outcome(GOOD)) == ""
    assert soak.problem(outcome([*GOOD, WRONG], "status 1")) == WRONG.strip().removeprefix("# ")
    assert soak.problem(outcome(GOOD, "the guest hangs")) == "the guest hangs"
    failed = [line.replace("ok 2 unbind", "not ok 2 unbind").replace("ok 2 cycles", "not ok 2 cycles") for line in GOOD]
    assert soak.problem(outcome(failed)).startswith("a check failed: ")
    assert soak.problem(outcome([])) != ""


@pytest.fixture
def guests_that(monkeypatch):
    """Replace guests by outcomes, which a function makes from the seed."""

    def replace(make):
        begun = []

        def boot(seed):
            begun.append(seed)
            return make(seed)

        monkeypatch.setattr(soak, "boot", boot)
        return begun

    return replace


def test_until_the_time_is_over(guests_that):
    """Check that each seed is booted once until the time is over."""
    begun = guests_that(lambda seed: outcome(GOOD))
    total, after, wrong = soak.soak(5, 0.3)
    assert wrong == ""
    assert total.guests == len(begun) > 1
    assert sorted(begun) == list(range(5, after))


def test_stops_at_what_is_wrong(guests_that):
    """Check that a failure names the seed and the log, and that no more guests are booted."""
    begun = guests_that(lambda seed: outcome([*GOOD, WRONG] if seed == 9 else GOOD))
    total, _, wrong = soak.soak(5, 60)
    assert wrong.startswith(f"SEED=9 (scenario {soak.scenario_of(9)}): soak: seed 7 worker 0 operation 370: ")
    assert wrong.endswith("/log/soak-9.log")
    assert total.mismatches == 1
    assert max(begun) < 9 + 20


def test_scenarios_in_turn(monkeypatch):
    """Check that seeds select all scenarios in turn, or the one that the user selected."""
    monkeypatch.setattr(plan, "SCENARIO", "strict")
    seeds = range(100, 100 + len(plan.DEBUG_SCENARIOS))
    assert {soak.scenario_of(seed) for seed in seeds} == {*plan.DEBUG_SCENARIOS}
    monkeypatch.setattr(plan, "SCENARIO", "lazy")
    assert soak.scenario_of(3) == "lazy"


@pytest.mark.parametrize("minutes", ["", "0", "soon", "-1", "1.5"])
def test_minutes(make, minutes):
    """Check that MINUTES must be a number."""
    assert "MINUTES=" in error_line(make("soak", MINUTES=minutes))


def test_seed(make):
    """Check that SEED must be a number."""
    assert "SEED=x is not a number" in error_line(make("soak", MINUTES=1, SEED="x"))
