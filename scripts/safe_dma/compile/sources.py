# SPDX-License-Identifier: GPL-2.0
"""The public functions and the `unsafe` traits of the library, with their documentation, out of its sources.

They are formatted by rustfmt, so that lines and their indentation are enough.
"""

import re
from dataclasses import dataclass
from pathlib import Path

DOC = re.compile(r" *///(?: (.*))?")
FUNCTION = re.compile(r"(    )?(pub )?(?:const )?(unsafe )?fn (\w+)")
# What stands at the beginning of a line and ends with a brace there.
BLOCK = re.compile(r"(pub )?(unsafe )?(impl|trait|mod|macro_rules!)\b(.*)")
PRIVATE = re.compile(r"^mod (\w+);", re.MULTILINE)
C_FUNCTION = re.compile(r"`(\w+)\(\)`")
# A type that is a number, or has some in it; a slice has the length of what is there.
NUMBER = re.compile(r"\b([ui](8|16|32|64|128|size)|Alignment|Msecs|Flags|Attrs|DmaAddress|PhysAddr)\b")
SLICE = re.compile(r"\[[^\[\];]*\]")


@dataclass(frozen=True)
class Item:
    """A function, or an `unsafe` trait, that users of the library can call or implement."""

    path: Path
    line: int
    name: str
    docs: tuple[str, ...]
    is_unsafe: bool
    is_trait: bool = False
    # The types of what a function takes, but for itself.
    parameters: tuple[str, ...] = ()

    @property
    def numbers(self) -> list[str]:
        """The types of its parameters that are numbers."""
        return [kind for kind in self.parameters if NUMBER.search(SLICE.sub("", kind))]

    @property
    def c_functions(self) -> list[str]:
        """The C functions behind it: those in the paragraph that begins with `C:`."""
        paragraphs = "\n".join(self.docs).split("\n\n")
        return [name for text in paragraphs if text.startswith("C: ") for name in C_FUNCTION.findall(text)]


def without_generics(text: str) -> str:
    """A type or a header without all that is in angle brackets."""
    text = text.replace("->", "")
    while "<" in text:
        shorter = re.sub(r"<[^<>]*>", "", text)
        if shorter == text:
            break
        text = shorter
    return text


def parameters_of(text: str) -> tuple[str, ...]:
    """The types that a function takes; the text begins with its name, and goes on behind its parameters."""
    parts, depth = [""], 0
    for char in text.replace("->", "  "):
        depth += (char in "(<[") - (char in ")>]")
        # Until the first bracket it is the name, and its generics.
        if depth == 1 and char == ("(" if len(parts) == 1 else ","):
            parts.append("")
        elif depth == 0 and char == ")":
            break
        else:
            parts[-1] += char
    return tuple(" ".join(part.partition(": ")[2].split()) for part in parts[1:] if ": " in part)


def owner(block: re.Match, header: str) -> str | None:
    """Whose functions are in a block; None if they are not public."""
    public, kind = block[1], block[3]
    words = without_generics(header).partition("{")[0].partition(" where ")[0].split()
    if kind == "trait":
        return words[words.index("trait") + 1].rstrip(":") if public else None
    if kind == "impl" and "for" not in words:
        return words[words.index("impl") + 1]
    return None


def module_of(path: Path, library: Path) -> list[str]:
    """The path of a module as a user writes it: private modules are not in it."""
    parts: list[str] = []
    parent = library
    for name in path.relative_to(library).with_suffix("").parts:
        if name not in PRIVATE.findall(parent.with_suffix(".rs").read_text()):
            parts.append(name)
        parent = parent / name
    return parts


def read(path: Path, library: Path) -> list[Item]:
    """The items of one file; `library` is its path without the `.rs` of its root."""
    module = module_of(path, library) if path != library.with_suffix(".rs") else []
    lines = path.read_text().splitlines()
    found: list[Item] = []
    docs: list[str] = []
    block, of, open_attribute = None, None, False

    def add(number, name, is_unsafe, is_trait=False):
        text = "\n".join(lines[number - 1 :]).partition(f"fn {name[-1]}")[2]
        types = () if is_trait else parameters_of(name[-1] + text)
        found.append(Item(path, number, "::".join([*module, *name]), tuple(docs), is_unsafe, is_trait, types))

    for number, line in enumerate(lines, 1):
        if doc := DOC.fullmatch(line):
            docs.append(doc[1] or "")
            continue
        text = line.strip()
        if open_attribute or text.startswith("#["):
            open_attribute = not text.endswith("]")
            continue
        if block is None and (begin := BLOCK.match(line)):
            # To the brace, or the end of a declaration.
            header = " ".join(lines[number - 1 :])
            header = header[: min(at for at in (header.find("{"), header.find(";"), len(header)) if at >= 0)]
            of = owner(begin, header)
            if begin[1] and begin[2]:
                add(number, [of], True, True)
            # All in one line: `mod x;` and `impl X for Y {}`.
            block = None if text.endswith((";", "}")) else begin
        elif function := FUNCTION.match(line):
            public = function[2] or (block and block[3] == "trait")
            if block is None and not function[1] and public:
                add(number, [function[4]], bool(function[3]))
            elif of and function[1] and public:
                add(number, [of, function[4]], bool(function[3]))
        if line == "}":
            block, of = None, None
        docs = []
    return found


def items(tree: Path) -> list[Item]:
    """All items of the library in a tree, by file and line."""
    library = tree / "rust" / "dma"
    return [
        found for path in sorted([library.with_suffix(".rs"), *library.rglob("*.rs")]) for found in read(path, library)
    ]
