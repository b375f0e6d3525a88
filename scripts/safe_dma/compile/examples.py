# SPDX-License-Identifier: GPL-2.0
"""Build the examples of the library's documentation.

rustdoc's own `--test` links programs for the host with the standard library, which the library does
not have. Here each code block is a module of a crate that uses the library; see crates.py.
"""

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from safe_dma.compile import crates, sources

# The files of the examples.
PRODUCTS = ".build/examples"

DOC = re.compile(r" *//[/!] ?(.*)")
FENCE = "```"
# What may follow a fence: code, or another language.
CODE = ("", "rust", "no_run")
TEXT = ("text", "c", "sh")

# The function around the code, in the line of the fence. As in rustdoc, code that ends with
# `Ok(())` may use the `?` operator.
BEFORE = "#[allow(unused_variables, unreachable_pub)] fn example()"
RESULT = " -> kernel::error::Result"
ENDS_WITH_RESULT = re.compile(r"\bOk(::<[^;]*>)?\(\(\)\)$")


class ExampleError(Exception):
    """A malformed example."""


@dataclass(frozen=True)
class Example:
    """One block of code; its opening fence is in line `line` of the file."""

    path: Path
    line: int
    code: tuple[str, ...]

    @property
    def name(self) -> str:
        """The name of the module."""
        parts = self.path.with_suffix("").parts
        return "_".join([*parts[parts.index("rust") + 1 :], str(self.line)])

    def text(self) -> str:
        """The module, with each line of code at its line number in the documentation."""
        result = RESULT if self.code and ENDS_WITH_RESULT.search(self.code[-1]) else ""
        return "\n" * (self.line - 1) + "\n".join([f"{BEFORE}{result} {{", *self.code, "}", ""])


def shown(line: str) -> str:
    """Return the code in a line: rustdoc compiles the text after `# `, and does not show it."""
    stripped = line.lstrip()
    if stripped == "#" or stripped.startswith("# "):
        return stripped[2:]
    return line.replace("##", "#", 1) if stripped.startswith("##") else line


def read(path: Path) -> list[Example]:
    """Read the examples in a file."""
    found = []
    code, fence, start = None, "", 0
    for number, line in enumerate([*path.read_text().splitlines(), ""], 1):
        doc = DOC.fullmatch(line)
        text = doc[1] if doc else ""
        if code is None:
            if text.strip().startswith(FENCE):
                code, fence, start = [], text.strip().removeprefix(FENCE), number
                if fence not in CODE + TEXT:
                    raise ExampleError(f"{path}:{number}: '{FENCE}{fence}': neither code nor another language")
        elif not doc:
            raise ExampleError(f"{path}:{start}: the example has no end")
        elif text.strip() == FENCE:
            if fence in CODE:
                found.append(Example(path, start, tuple(code)))
            code = None
        else:
            code.append(shown(text))
    return found


def find(tree: Path) -> list[Example]:
    """Read all examples of the library in a tree, by file and line."""
    return [example for path in sources.files(tree) for example in read(path)]


def build(tree: Path, kdir: Path, tools: list[str], examples: list[Example]) -> dict[str, crates.Built]:
    """Build the examples of a tree; diagnostics refer to the lines of the documentation."""
    products = tree / PRODUCTS
    shutil.rmtree(products, ignore_errors=True)
    products.mkdir(parents=True)
    paths = {products / f"{example.name}.rs": example for example in examples}
    for path, example in paths.items():
        path.write_text(example.text())
    built = crates.Builder(tree, kdir, tools).build("examples", list(paths))
    for result in built.values():
        for diagnostic in result.diagnostics:
            diagnostic.lines = {(paths[path].path if path in paths else path, line) for path, line in diagnostic.lines}
    return {paths[path].name: result for path, result in built.items()}
