#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Boot one guest as the environment describes it.

The guest's console is printed on stdout; the exit status is 0 if the guest ended well.
"""

import argparse
import sys

from safe_dma import command
from safe_dma.environment import ENV
from safe_dma.guest import guest, ktap, plan, stage, subjects


def summary(outcome: guest.Outcome) -> tuple[str, bool]:
    """Return a one-line summary of the checks in the output, and whether all passed."""
    results = ktap.read(outcome.lines)
    count = {status: sum(r.status == status for r in results) for status in ("passed", "failed", "skipped")}
    text = f"{count['passed']} checks passed, {count['failed']} failed"
    if count["skipped"]:
        text += f", {count['skipped']} skipped"
    return text, bool(results) and not count["failed"]


def specification(mode: str) -> plan.Spec:
    """Return the specification of the guest for a target of make."""
    if mode == "selftest":
        return plan.Spec(f"selftest {ENV.name}" if ENV.name else "test")
    return plan.Spec(mode, parameters=subjects.parameters(ENV.checks) if ENV.checks else ())


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("mode", choices=("run", "selftest", "shell"))
    parser.add_argument("--verbose", action="store_true", help="show the kernel's start too")
    args = parser.parse_args()
    spec = specification(args.mode)
    name = "guest-checks" if ENV.checks else f"guest-{args.mode}"
    a_guest = plan.make_guest(name, spec)
    if args.mode == "shell":
        return guest.interact(a_guest)
    started, ended = args.verbose, False

    def show(line):
        nonlocal started, ended
        # During self-tests the console has only their results. The kernel's log follows, and is not
        # printed: it is in the file.
        ended = ended or line == guest.LOG_BEGIN
        if started and not ended:
            print(line, flush=True)
        started = started or bool(guest.INIT.search(line))

    outcome, kept = stage.boot(name, spec, show)
    text, good = summary(outcome)
    if outcome.problem:
        for line in guest.report(a_guest, outcome):
            print(line, file=sys.stderr)
        print(f"safe-dma: error: {outcome.problem}; log: {a_guest.log}", file=sys.stderr)
        return 1
    how = "kept from an earlier run of the same; FRESH=1 boots" if kept else f"{outcome.seconds:.1f} s"
    print(f"safe-dma: {text}, {how}")
    if not good:
        print(f"safe-dma: error: not every check passed, or there was none; log: {a_guest.log}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    command.run(main, *guest.GUEST_ERRORS)
