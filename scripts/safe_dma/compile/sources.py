# SPDX-License-Identifier: GPL-2.0
"""Read the library's public functions and `unsafe` traits, and their docs, from its sources.

rustfmt formats the sources, so lines and indentation suffice to parse them.
"""

import re
from dataclasses import dataclass
from pathlib import Path

DOC = re.compile(r" *///(?: (.*))?")
FUNCTION = re.compile(r"(    )?(pub )?(?:const )?(unsafe )?fn (\w+)")
# Starts at the beginning of a line, and ends with a brace there.
BLOCK = re.compile(r"(pub )?(unsafe )?(impl|trait|mod|macro_rules!)\b(.*)")
PRIVATE = re.compile(r"^(?:pub\(crate\) )?mod (\w+);", re.MULTILINE)
C_FUNCTION = re.compile(r"`(\w+)\(\)`")
# A type that is or contains a number. The length of a slice is not one that the caller chooses.
NUMBER = re.compile(r"\b([ui](8|16|32|64|128|size)|Alignment|Delta|Flags|Attrs|DmaAddress|PhysAddr)\b")
SLICE = re.compile(r"\[[^\[\];]*\]")


@dataclass(frozen=True)
class Item:
    """A function that users can call, or an `unsafe` trait that they can implement."""

    path: Path
    line: int
    name: str
    docs: tuple[str, ...]
    is_unsafe: bool
    is_trait: bool = False
    # The types of a function's parameters, without `self`.
    parameters: tuple[str, ...] = ()

    @property
    def numbers(self) -> list[str]:
        """The types of the parameters that are or contain numbers."""
        return [kind for kind in self.parameters if NUMBER.search(SLICE.sub("", kind))]

    @property
    def c_functions(self) -> list[str]:
        """The C functions that it calls: those in the paragraph that begins with `C:`."""
        paragraphs = "\n".join(self.docs).split("\n\n")
        return [name for text in paragraphs if text.startswith("C: ") for name in C_FUNCTION.findall(text)]


def without_generics(text: str) -> str:
    """Remove everything in angle brackets from a type or a header."""
    text = text.replace("->", "")
    while "<" in text:
        shorter = re.sub(r"<[^<>]*>", "", text)
        if shorter == text:
            break
        text = shorter
    return text


def parameters_of(text: str) -> tuple[str, ...]:
    """Return the types of a function's parameters; the text begins with its name."""
    parts, depth = [""], 0
    for char in text.replace("->", "  "):
        depth += (char in "(<[") - (char in ")>]")
        # The name and its generics come before the first bracket.
        if depth == 1 and char == ("(" if len(parts) == 1 else ","):
            parts.append("")
        elif depth == 0 and char == ")":
            break
        else:
            parts[-1] += char
    return tuple(" ".join(part.partition(": ")[2].split()) for part in parts[1:] if ": " in part)


def owner(block: re.Match, header: str) -> str | None:
    """Return the type or trait of the functions in a block; None if they are not public."""
    public, kind = block[1], block[3]
    words = without_generics(header).partition("{")[0].partition(" where ")[0].split()
    if kind == "trait":
        return words[words.index("trait") + 1].rstrip(":") if public else None
    if kind == "impl" and "for" not in words:
        return words[words.index("impl") + 1]
    return None


def module_of(path: Path, library: Path) -> list[str]:
    """Return the path of a module as a user writes it, without private modules."""
    parts: list[str] = []
    parent = library
    for name in path.relative_to(library).with_suffix("").parts:
        if name not in PRIVATE.findall(parent.with_suffix(".rs").read_text()):
            parts.append(name)
        parent = parent / name
    return parts


def read(path: Path, library: Path) -> list[Item]:
    """Read the items of one file; `library` is the path of the library's root without `.rs`."""
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
            # Ends at the brace, or at the end of a declaration.
            header = " ".join(lines[number - 1 :])
            header = header[: min(at for at in (header.find("{"), header.find(";"), len(header)) if at >= 0)]
            of = owner(begin, header)
            if begin[1] and begin[2]:
                add(number, [of], True, True)
            # Blocks of one line: `mod x;` and `impl X for Y {}`.
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


def files(tree: Path) -> list[Path]:
    """Return the library's files in a tree."""
    library = tree / "rust" / "dma"
    return sorted([library.with_suffix(".rs"), *library.rglob("*.rs")])


def items(tree: Path) -> list[Item]:
    """Read all items of the library in a tree, by file and line."""
    return [item for path in files(tree) for item in read(path, tree / "rust" / "dma")]
