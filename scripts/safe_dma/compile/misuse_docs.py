# SPDX-License-Identifier: GPL-2.0
"""The table of the misuses in the library's documentation."""

from pathlib import Path

from safe_dma.compile.twins import NOTHING, Twin, TwinError

FILE = Path(__file__).resolve().parents[3] / "rust" / "dma" / "misuse.rs"
# What stands before this line is written by hand, what follows by table().
MARK = "// Below: written by `make misuse-docs`, from the files that the table names.\n"

# The headings, and what the debugger's messages have that stand below them; the first that fits.
GROUPS = (
    ("Unmapping", ("free", "pending", "failed to check map error")),
    ("Syncing", ("sync",)),
    ("What the debugger says nothing of", (NOTHING,)),
    ("Mapping", ("",)),
)
ORDER = ("Mapping", "Unmapping", "Syncing", "What the debugger says nothing of")

NOTES = {
    "silent: arm64": "not on arm64, where the kernel's image is not in the linear map",
    "silent: swiotlb": "not while the kernel has bounce buffers",
    "said by: iommu_map()": "`iommu_map()` says so; the debugger sees nothing",
}


def grouped(misuses, twins: list[Twin]) -> dict[str, list]:
    """The misuses by heading, in the order of the messages in the table of the twins."""
    messages = [twin.debugger for twin in twins]

    def key(misuse):
        known = misuse.debugger in messages
        return messages.index(misuse.debugger) if known else len(messages), misuse.why, misuse.name

    groups = {heading: [] for heading in ORDER}
    for misuse in sorted(misuses, key=key):
        groups[next(name for name, parts in GROUPS if any(part in misuse.debugger for part in parts))].append(misuse)
    return {heading: found for heading, found in groups.items() if found}


def debugger(misuse, twin: Twin | None) -> str:
    """The first cell: the exact message, and why it may not come."""
    if misuse.debugger == NOTHING:
        return f"nothing: {misuse.why}" if misuse.why else NOTHING
    note = NOTES.get(twin.note, "")
    if twin.debugger != twin.message:
        note = f"`dma_map_single()` refuses before that: `{twin.message}`"
    return f"`{misuse.debugger}`" + (f" ({note})" if note else "")


def table(misuses, joined: dict[str, Twin], twins: list[Twin]) -> str:
    """All that follows the mark."""
    lines = []
    for heading, found in grouped(misuses, twins).items():
        lines += [
            "",
            f"# {heading}",
            "",
            "| the DMA debugger | C code that | here | see |",
            "| --- | --- | --- | --- |",
        ]
        for misuse in found:
            cells = [debugger(misuse, joined.get(misuse.name)), misuse.in_c, misuse.result, misuse.see]
            lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return "".join(f"//! {line}".rstrip() + "\n" for line in lines)


def whole(text: str, made: str) -> str:
    """The file with its table made anew."""
    before, mark, _ = text.partition(MARK)
    if not mark:
        raise TwinError(f"{FILE}: the line '{MARK.strip()}' is missing")
    return before + mark + made
