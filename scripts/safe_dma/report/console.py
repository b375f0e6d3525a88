# SPDX-License-Identifier: GPL-2.0
"""What a guest printed: its checks, its kernel, and how it ended."""

import re
from dataclasses import dataclass

from safe_dma.guest import ktap

# What is behind the name of a check that has moved data.
PLACE = re.compile(r" *\b(?:phys|dma) 0x[0-9a-f]+")
# The subject of what is said of the guest as a whole.
GUEST = "the guest"
# What else is in a console.
KERNEL = re.compile(r"Linux version (\S+) \(\S+\) \((.*)\) #")
IOMMU = re.compile(r"safe_dma \S+: ((?:behind IOMMU|no IOMMU).*)")
END = re.compile(r"\bguest: end, status (\d+)$")
ERRORS = re.compile(r"\bdma-api error_count: (\d+)$")


@dataclass
class Guest:
    """A guest's console, read."""

    checks: list[ktap.Result]
    kernel: str = ""
    compiler: str = ""
    # What the module says of who translates.
    iommu: str = ""


def said(check: ktap.Result) -> str:
    """Why, or what was done and who saw it, without addresses, which differ from guest to guest."""
    return PLACE.sub("", check.reason or check.evidence)


def functions(check: ktap.Result) -> list[str]:
    """The C functions that a check is of."""
    return list(dict.fromkeys(word for word in check.functions if word.startswith("dma_")))


def of_guest(name: str, good: bool, reason: str) -> ktap.Result:
    """A result of the guest itself."""
    status = "passed" if good else "failed"
    return ktap.Result(f"{GUEST}/{name}", status, "" if good else reason, evidence=reason, parent=GUEST)


def read(lines: list[str]) -> Guest:
    """The lines of a console."""

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
