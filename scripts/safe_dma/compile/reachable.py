# SPDX-License-Identifier: GPL-2.0
"""Find the items of the library that safe code can reach although they are not documented.

The methods of a private trait can be called if it is a supertrait of a public one: a bound on that
trait brings them into scope. The public functions and fields of a type in a private module can be
used by code that has a value of the type. A value that dereferences to a type of another crate has
that type's methods.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from safe_dma.compile import sources

PUBLIC = r"( *)(?:(pub)(\([^)]*\))? )?"
BLOCK = re.compile(PUBLIC + r"(?:unsafe )?(impl|trait|mod|struct|enum|union|macro_rules!)(?!\w)")
FUNCTION = re.compile(PUBLIC + r"(?:const |async |unsafe )*fn (\w+)")
FIELD = re.compile(r" *pub (\w+): ")
TUPLE_FIELD = re.compile(r"[(,] *pub ")
TARGET = re.compile(r" *type Target = (.+);")
TYPE = re.compile(r"^ *pub (?:struct|enum|union) (\w+)", re.MULTILINE)
EXPORTS = re.compile(r"^ *pub use [^;]*;", re.MULTILINE)
# A type of which only the library can make a value: a function with such an argument is sealed.
TOKEN = "Sealed"


@dataclass
class Block:
    """A block around a line."""

    indentation: int
    kind: str
    name: str
    is_public: bool
    header: str


def names_of(kind: str, header: str) -> tuple[str, str]:
    """Return the name of a block's type, trait or module, and the trait of an `impl`."""
    plain = sources.without_generics(header).partition("{")[0].partition(" where ")[0].partition(";")[0]
    words = re.findall(r"[\w:]+", plain.partition(kind)[2])
    if kind == "impl" and "for" in words:
        at = words.index("for")
        return words[at + 1], words[at - 1]
    return words[0].rstrip(":"), ""


class Reader:
    """Reads one file."""

    def __init__(self, path: Path, library: Path, own: set[str]):
        # The library's types.
        self.own = own
        self.lines = path.read_text().splitlines()
        is_root = path == library.with_suffix(".rs")
        self.module = [] if is_root else list(path.relative_to(library).with_suffix("").parts)
        # The names that the parents of this module reexport.
        self.exported = set()
        parent, self.hidden = library, False
        for name in self.module:
            text = parent.with_suffix(".rs").read_text()
            for statement in EXPORTS.findall(text):
                self.exported |= set(re.findall(r"\w+", statement))
            self.hidden |= name in sources.PRIVATE.findall(text)
            parent = parent / name
        self.stack: list[Block] = []
        self.found: list[str] = []

    def header(self, number: int) -> str:
        """Return a declaration up to its brace or its end."""
        text = " ".join(line.strip() for line in self.lines[number : number + 20])
        return text[: min(at for at in (text.find("{"), text.find(";"), len(text)) if at >= 0) + 1]

    def path(self, *names: str) -> str:
        """Return the path of an item in the blocks around it."""
        return "::".join([*self.module, *(block.name for block in self.stack), *names])

    def in_tests(self) -> bool:
        return any(block.kind == "mod" and block.name == "tests" for block in self.stack)

    def is_hidden(self, name: str) -> bool:
        """Return whether users cannot name an item here."""
        inner = [block for block in self.stack if block.kind == "mod"]
        if any(not block.is_public for block in inner):
            return True
        return self.hidden and name not in self.exported

    def read(self) -> list[str]:
        """Read all items."""
        for number, line in enumerate(self.lines):
            while self.stack and line == " " * self.stack[-1].indentation + "}":
                self.stack.pop()
            if self.in_tests():
                continue
            if block := BLOCK.match(line):
                self.block(number, block)
            elif function := FUNCTION.match(line):
                self.function(number, function)
            elif self.stack and self.stack[-1].kind == "struct" and (field := FIELD.match(line)):
                if self.stack[-1].is_public:
                    self.found.append(self.path(field[1]))
            elif self.stack and self.stack[-1].kind == "impl" and (target := TARGET.match(line)):
                name, trait = names_of("impl", self.stack[-1].header)
                if trait == "Deref" and re.match(r"\w*", target[1])[0] not in self.own:
                    self.found.append(f"{self.path()}: Deref<Target = {target[1]}>")
        return self.found

    def block(self, number: int, match: re.Match) -> None:
        """Read a declaration of a type, an implementation or a module."""
        kind, is_public = match[4], bool(match[2]) and not match[3]
        header = self.header(number)
        name = names_of(kind, header)[0] if kind != "macro_rules!" else ""
        if kind in ("struct", "enum", "union") and is_public:
            if self.is_hidden(name):
                self.found.append(self.path(name))
            if TUPLE_FIELD.search(header):
                self.found.append(self.path(name, "0"))
        if header.endswith("{") and not self.lines[number].endswith("{}"):
            self.stack.append(Block(len(match[1]), kind, name, is_public, header))

    def function(self, number: int, match: re.Match) -> None:
        """Read a function, a method or an associated function."""
        block = self.stack[-1] if self.stack else None
        types = sources.parameters_of("\n".join(self.lines[number:]).partition("fn ")[2])
        is_public = bool(match[2]) and not match[3]
        if block and block.kind == "trait":
            if block.is_public and self.is_hidden(block.name) and TOKEN not in types:
                self.found.append(self.path(match[4]))
        elif block and block.kind == "impl":
            if is_public and self.is_hidden(block.name):
                self.found.append(self.path(match[4]))
        elif is_public and self.is_hidden(match[4]):
            self.found.append(self.path(match[4]))


def items(tree: Path) -> list[str]:
    """Read all items of the library in a tree, by file and line."""
    paths = sources.files(tree)
    own = {name for path in paths for name in TYPE.findall(path.read_text())}
    return [item for path in paths for item in Reader(path, tree / "rust" / "dma", own).read()]
