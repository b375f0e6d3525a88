# SPDX-License-Identifier: GPL-2.0
"""Read the console of a guest: its checks, its kernel, and its end."""

import re
from dataclasses import dataclass

from safe_dma.guest import ktap

# The addresses in the evidence of a check.
PLACE = re.compile(r" *\b(?:phys|dma) 0x[0-9a-f]+")
# The subject of results about the whole guest.
GUEST = "the guest"
# Other lines of a console.
KERNEL = re.compile(r"Linux version (\S+) \(\S+\) \((.*)\) #")
IOMMU = re.compile(r"safe_dma \S+: ((?:behind IOMMU|no IOMMU).*)")
END = re.compile(r"\bguest: end, status (\d+)$")
ERRORS = re.compile(r"\bdma-api error_count: (\d+)$")


@dataclass
class Guest:
    """The contents of a guest's console."""

    checks: list[ktap.Result]
    kernel: str = ""
    compiler: str = ""
    # The module's message about its IOMMU.
    iommu: str = ""


def said(check: ktap.Result) -> str:
    """Return the reason or the evidence of a result, without addresses, which vary by guest."""
    return PLACE.sub("", check.reason or check.evidence)


def functions(check: ktap.Result) -> list[str]:
    """Return the C functions that a check tests."""
    return list(dict.fromkeys(word for word in check.functions if word.startswith("dma_")))


def of_guest(name: str, good: bool, reason: str) -> ktap.Result:
    """Return a result about the whole guest."""
    status = "passed" if good else "failed"
    return ktap.Result(f"{GUEST}/{name}", status, "" if good else reason, evidence=reason, parent=GUEST)


def read(lines: list[str]) -> Guest:
    """Read the lines of a console."""

    def first(pattern, missing):
        return next((match.groups() for match in map(pattern.search, lines) if match), missing)

    (status,), (errors,) = first(END, (None,)), first(ERRORS, (None,))
    checks = ktap.read(lines)
    if status is None:
        checks.append(of_guest("ends", False, "its console stops before its end"))
    else:
        checks.append(of_guest("ends", status == "0", f"status {status}"))
    if errors is not None:
        checks.append(of_guest("no error in the DMA debugger", errors == "0", f"error_count {errors}"))
    return Guest(checks, *first(KERNEL, ("", "")), *first(IOMMU, ("",)))
