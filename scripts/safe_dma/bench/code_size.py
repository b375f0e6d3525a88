# SPDX-License-Identifier: GPL-2.0
"""Measure the code size of the library's operations in the benchmark's module, and of C."""

import re
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from safe_dma.environment import ENV

FUNCTION = re.compile(r"^[0-9a-f]+ <(.+)>:$")
INSTRUCTION = re.compile(r"^ *[0-9a-f]+:\s+\S")
CALL = re.compile(r"R_AARCH64_(?:CALL|JUMP)26\s+(\S.*)$")

# Functions of rust/bench/ for the library and for C, by the ends of their names in the symbol
# table.
PAIRS = {
    "map, unmap 4 KiB": (("streaming::library_single::<", "ToDevice, 4096>"), ("by_hand_single",)),
    "map, unmap a page": (("streaming::library_page",), ("by_hand_page",)),
    "map, unmap registers": (("streaming::library_resource",), ("by_hand_resource",)),
    "sg list": (("lists::library_sg",), ("by_hand_sg_joined",)),
    "IOVA range": (("lists::library_iova",), ("by_hand_iova",)),
    "sync, whole": (("sync::library_sync",), ("by_hand_sync",)),
    "coherent memory": (("memory::library_coherent",), ("by_hand_coherent",)),
    "object of a dma_pool": (("memory::library_pool",), ("by_hand_pool",)),
}


class SizeError(Exception):
    """The sizes cannot be measured."""


@dataclass
class Code:
    """A function: the size of its instructions in bytes, and the functions that it calls."""

    size: int = 0
    calls: set[str] = field(default_factory=set)


def functions(listing: list[str]) -> dict[str, Code]:
    """Read the functions of a disassembly with relocations."""
    found: dict[str, Code] = {}
    current = None
    for line in listing:
        if match := FUNCTION.match(line):
            current = found.setdefault(match[1], Code())
        elif current is None:
            continue
        elif match := CALL.search(line):
            current.calls.add(match[1])
        elif INSTRUCTION.match(line):
            current.size += 4
    return found


def whole(code: dict[str, Code], name: str) -> int:
    """Return the size of a function and of all functions of the module that it reaches."""
    seen = set()
    todo = [name]
    while todo:
        each = todo.pop()
        if each in code and each not in seen:
            seen.add(each)
            todo += code[each].calls
    return sum(code[each].size for each in seen)


def find(code: dict[str, Code], words: tuple[str, ...]) -> str:
    """Return the function whose name ends with the last word and contains the others."""
    found = [name for name in code if name.endswith(words[-1]) and all(word in name for word in words)]
    if len(found) != 1:
        raise SizeError(f"the module has {len(found)} functions that are called {'...'.join(words)}, and not one")
    return found[0]


def objdump() -> str:
    """Return the disassembler of the kernel's tool chain, or any other."""
    tools = dict(tool.split("=", 1) for tool in ENV.tools if "=" in tool)
    llvm = tools.get("LLVM", "")
    names = [f"llvm-objdump{llvm}"] if llvm.startswith("-") else [f"{llvm}llvm-objdump"] if llvm.endswith("/") else []
    for name in [*names, "llvm-objdump", "llvm-objdump-19"]:
        if shutil.which(name):
            return name
    raise SizeError("llvm-objdump is missing: install the package llvm-19")


def read(module: Path) -> dict[str, Code]:
    """Disassemble a module."""
    command = [objdump(), "--disassemble", "--reloc", "--demangle", "--no-show-raw-insn", str(module)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SizeError(f"{' '.join(command)}: {done.stderr.strip()}")
    return functions(done.stdout.splitlines())


def table(module: Path) -> list[str]:
    """Format the table."""
    code = read(module)
    lines = [f"{'code in bytes, with what is called in the module':51}{'library':>9}{'C':>9}{'alone':>9}{'C':>9}"]
    for label, (library, hand) in PAIRS.items():
        names = find(code, library), find(code, hand)
        both = [whole(code, name) for name in names] + [code[name].size for name in names]
        lines.append(f"  {label:49}" + "".join(f"{size:9}" for size in both))
    return lines
