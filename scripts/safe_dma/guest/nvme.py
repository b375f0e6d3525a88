#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Boot a guest with an NVMe controller behind the SMMU, and run the self-test of the driver.

QEMU's trace of the SMMU shows each access of the controller. The exit status is 0 if all passed.
"""

import sys

from safe_dma import command
from safe_dma.guest import guest, plan
from safe_dma.guest.__main__ import summary
from safe_dma.witness import nvme, smmu_trace


def main() -> int:
    """Run the guest, and judge it."""
    spec = plan.Spec("selftest nvme", disk=True, recorded=smmu_trace.NVME_RECORDED)
    ended = False

    def show(line):
        nonlocal ended
        ended = ended or line == guest.LOG_BEGIN
        if not ended and not guest.TIME.match(line):
            print(line, flush=True)

    outcome = plan.boot("nvme", spec, show)
    text, good = summary(outcome)
    report = nvme.judge(smmu_trace.lines(plan.trace_of("nvme")), spec.settings)
    problem = outcome.problem or ("" if good else "not every check passed, or there was none")
    problem = problem or next(iter(report.problems), "")
    print(f"safe-dma: {text}, {outcome.seconds:.1f} s; {report}")
    if problem:
        print(f"safe-dma: error: {problem}; log: {plan.make_guest('nvme', spec).log}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    command.run(main, *guest.GUEST_ERRORS, smmu_trace.TraceError)
