# SPDX-License-Identifier: GPL-2.0
"""Read the source files and the instructions of functions from a kernel's build."""

import struct
from collections.abc import Iterator
from pathlib import Path

SYMBOL_TABLE = 2
FUNCTION = 2


class Elf:
    """The symbols and the bytes of a 64-bit little-endian ELF file; empty for other files."""

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
        """Yield name, address and section of each defined function."""
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
        """Yield the instructions from an address to the section's end."""
        _, start, offset, size, _ = self.sections[section]
        for at in range(offset + address - start, offset + size - 3, 4):
            yield struct.unpack_from("<I", self.data, at)[0]


RET = 0xD65F03C0
NOP = 0xD503201F
# Masks and values of branches, with and without condition, by register or by number of the bit, and
# of exceptions.
ELSEWHERE = (
    (0x7C000000, 0x14000000),
    (0xFF000000, 0x54000000),
    (0x7E000000, 0x34000000),
    (0x7E000000, 0x36000000),
    (0xFE000000, 0xD6000000),
    (0xFF000000, 0xD4000000),
)
# No function without branches is longer, in bytes.
LONGEST = 4096
# The number of NOPs for the tracer at the start of each function.
PATCHED = 2


def straight(words: Iterator[int]) -> int | None:
    """Return the number of instructions of a function without branches, None for others.

    The kernel may patch a NOP to a branch at run time.
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
    """Return the number of instructions of each of a kernel's functions without branches."""
    elf = Elf(vmlinux)
    found: dict[str, int | None] = {}
    for name, address, section in elf.functions():
        # The trace does not distinguish functions with the same name.
        found[name] = None if name in found else straight(elf.words(address, section))
    return {name: count for name, count in found.items() if count}


def straight_in_image(image: Path, symbols: list[tuple[int, str]]) -> dict[str, int]:
    """Return the same for functions of a kernel's image, by the addresses in its /proc/kallsyms."""
    data = image.read_bytes()
    names = [name for _, name in symbols]
    begin = [address for address, name in symbols if name == "_text"]
    found = {}
    for address, name in symbols:
        offset = address - begin[0] if begin else -1
        if names.count(name) > 1 or not 0 <= offset < len(data) or offset % 4:
            continue
        words = (word for (word,) in struct.iter_unpack("<I", data[offset : offset + LONGEST]))
        if count := straight(words):
            found[name] = count
    return found


# The order to look for a function's source: names of static functions are not unique.
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
    """Return the source files that define each function; none if there are no objects."""
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
            # It is linked from other objects, which are read as well.
            if source is None:
                continue
            for function, _, _ in Elf(path).functions():
                files = found.setdefault(function.partition(".")[0], [])
                if source not in files:
                    files.append(source)
    return found
