# SPDX-License-Identifier: GPL-2.0
"""What a kernel's build knows of its functions: their source files, and their instructions."""

import struct
from collections.abc import Iterator
from pathlib import Path

SYMBOL_TABLE = 2
FUNCTION = 2


class Elf:
    """The symbols and the bytes of an ELF file for 64 bits, little endian; empty if it is none."""

    def __init__(self, path: Path):
        self.data = path.read_bytes()
        self.sections = []
        if self.data[:6] != b"\x7fELF\x02\x01":
            return
        (start,) = struct.unpack_from("<Q", self.data, 40)
        size, count = struct.unpack_from("<HH", self.data, 58)
        for number in range(count):
            # Type, address, offset, size, and the section that it refers to.
            fields = struct.unpack_from("<IIQQQQI", self.data, start + number * size)
            self.sections.append((fields[1], *fields[3:]))

    def functions(self) -> Iterator[tuple[str, int, int]]:
        """Each function that is defined: its name, address and section."""
        for kind, _, offset, size, link in self.sections:
            if kind != SYMBOL_TABLE:
                continue
            strings = self.sections[link][2]
            for at in range(offset, offset + size, 24):
                name, info, _, section, value = struct.unpack_from("<IBBHQ", self.data, at)
                if info & 15 == FUNCTION and 0 < section < len(self.sections):
                    end = self.data.index(b"\0", strings + name)
                    yield self.data[strings + name : end].decode(), value, section

    def words(self, address: int, section: int) -> Iterator[int]:
        """The instructions from an address on, to the end of the section."""
        _, start, offset, size, _ = self.sections[section]
        for at in range(offset + address - start, offset + size - 3, 4):
            yield struct.unpack_from("<I", self.data, at)[0]


RET = 0xD65F03C0
NOP = 0xD503201F
# Masks and values of what may go elsewhere: branches, with and without condition, by register or by
# number of the bit, and exceptions.
ELSEWHERE = (
    (0x7C000000, 0x14000000),
    (0xFF000000, 0x54000000),
    (0x7E000000, 0x34000000),
    (0x7E000000, 0x36000000),
    (0xFE000000, 0xD6000000),
    (0xFF000000, 0xD4000000),
)
# The tracer's, at the start of each function.
PATCHED = 2


def straight(words: Iterator[int]) -> int | None:
    """How many instructions a function has that runs from its first to its last; nothing if it may not.

    The kernel puts others in the place of a NOP while it runs.
    """
    nops = 0
    for count, word in enumerate(words, 1):
        if word == RET:
            return count if nops == PATCHED else None
        nops += word == NOP
        if nops > PATCHED or any(word & mask == value for mask, value in ELSEWHERE):
            return None
    return None


def straight_functions(vmlinux: Path) -> dict[str, int]:
    """The functions of a kernel that always run all of their instructions, and how many that are."""
    elf = Elf(vmlinux)
    found: dict[str, int | None] = {}
    for name, address, section in elf.functions():
        # Which of two with the same name it was, the trace does not tell.
        found[name] = None if name in found else straight(elf.words(address, section))
    return {name: count for name, count in found.items() if count}


# Where to look for the source of a function, in this order: names of static functions are not unique.
PLACES = (
    "kernel/dma",
    "drivers/iommu",
    "mm",
    "kernel",
    "lib",
    "arch/arm64",
    "drivers",
    "fs",
    "block",
    "security",
    "init",
)


def sources(kdir: Path, linux: Path) -> dict[str, list[str]]:
    """The files, as paths in the kernel's source, that define each function; none if there are no objects."""
    found: dict[str, list[str]] = {}
    done = set()
    for place in PLACES:
        for path in sorted((kdir / place).rglob("*.o")):
            name = str(path.relative_to(kdir))
            if name in done or name.endswith(".mod.o"):
                continue
            done.add(name)
            stem = name.removesuffix(".o")
            source = next((stem + end for end in (".c", ".S", ".rs") if (linux / (stem + end)).exists()), None)
            # One that is made of others, which are there as well.
            if source is None:
                continue
            for function, _, _ in Elf(path).functions():
                files = found.setdefault(function.partition(".")[0], [])
                if source not in files:
                    files.append(source)
    return found
