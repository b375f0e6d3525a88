# SPDX-License-Identifier: GPL-2.0
"""What is known of the device's addresses in one guest: mappings, and what the device did with them.

Either the guest made claims, which were held against QEMU's trace (claims.py, as JSON), or there is what
its checks printed: one place of each.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path

from safe_dma.report import console


@dataclass
class Mapping:
    """Addresses of the device, from one moment to another; moments only tell what came first."""

    device: str
    subject: str
    check: str
    dma: int
    size: int
    permission: str
    # What is behind them: physical addresses and sizes. Less than `size` if not all is known.
    pieces: list[tuple[int, int]]
    begin: int
    end: int | None
    # The device has a copy of the pieces.
    copy: bool = False
    # In place of a mapping: the SMMU must report this event for an access to these addresses.
    event: str = ""
    translations: int = 0
    begin_time: float | None = None
    end_time: float | None = None


@dataclass
class Transfer:
    """A command to the device, and what it accessed."""

    device: str
    subject: str
    check: str
    moment: int
    direction: str
    address: int
    size: int
    # DMA address, physical address, bytes.
    accesses: list[tuple[int, int, int]]
    # DMA address, event.
    faults: list[tuple[int, str]]


@dataclass
class Evidence:
    """All of it."""

    mappings: list[Mapping] = field(default_factory=list)
    transfers: list[Transfer] = field(default_factory=list)
    # Of who compared the guest's words with QEMU's trace.
    summary: str = ""
    contradictions: list[tuple[str, str, str]] = field(default_factory=list)
    # Whether it is all, or what the checks printed.
    whole: bool = False
    problem: str = ""


def mapping(claim: dict) -> Mapping:
    """A claim."""
    begin, end = claim["mapped"], claim["unmapped"] or {}
    return Mapping(
        claim["device"],
        claim["subject"],
        claim["check"],
        claim["dma"],
        claim["size"],
        claim["permission"],
        [tuple(piece) for piece in claim["pieces"]],
        begin["line"],
        end.get("line"),
        claim["copy"],
        claim["event"] if claim["kind"] == "fault" else "",
        claim["translations"],
        begin["time"],
        end.get("time"),
    )


def transfer(data: dict) -> Transfer:
    """A transfer."""
    return Transfer(
        data["device"],
        data["subject"],
        data["check"],
        data["line"],
        data["direction"],
        data["address"],
        data["size"],
        [tuple(access) for access in data["accesses"]],
        [tuple(fault) for fault in data["faults"]],
    )


def from_claims(path: Path) -> Evidence:
    """What claims.py has written."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        # A claim without a line was not seen in the trace.
        mappings = [mapping(claim) for claim in found["claims"] if claim["mapped"]["line"]]
        return Evidence(
            sorted(mappings, key=lambda each: each.begin),
            [transfer(each) for each in found["transfers"]],
            found["summary"],
            [(each["subject"], each["check"], each["problem"]) for each in found["contradictions"]],
            True,
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        return Evidence(problem=f"{path.name} cannot be read: {type(error).__name__}: {error}")


PERMISSIONS = {"to_device": "r", "from_device": "w", "bidirectional": "rw"}


def from_checks(checks: list[console.Check]) -> Evidence:
    """What the checks printed: the place of the first page, and only of those that passed."""
    found = Evidence()
    for moment, check in enumerate(checks):
        if check.numbers is None:
            continue
        size, phys, dma = check.numbers
        direction = next((name for name in PERMISSIONS if f" {name} size " in check.detail), "bidirectional")
        # Of a larger one it is not known what comes after the first page.
        piece = (phys, min(size, 4096 - phys % 4096))
        found.mappings.append(
            Mapping(
                check.device,
                check.subject,
                check.name,
                dma,
                size,
                PERMISSIONS[direction],
                [piece],
                moment,
                moment + 1,
                copy="bounce" in check.detail,
            )
        )
    return found
