# SPDX-License-Identifier: GPL-2.0
"""The examples in the library's documentation, built by Kbuild in a crate with it.

rustdoc's own `--test` makes programs for the host, with the standard library, and the library is for the
kernel: there is nothing that they could be linked with. So each code block becomes a module of a crate in
which the library has the name that the documentation gives it, built as the module is.
"""

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from safe_dma.compile import crates

# Where they are written to.
PRODUCTS = ".build/examples"

DOC = re.compile(r" *//[/!] ?(.*)")
FENCE = "```"
# What may stand behind a fence: code, or another language.
CODE = ("", "rust", "no_run")
TEXT = ("text", "c", "sh")

# Before and after the code, in the lines of the fences. As in rustdoc, code that ends with `Ok(())` may
# use the `?` operator.
BEFORE = "#[allow(unused_variables, unreachable_pub)] fn example()"
RESULT = " -> kernel::error::Result"
ENDS_WITH_RESULT = re.compile(r"\bOk(::<[^;]*>)?\(\(\)\)$")


class ExampleError(Exception):
    """Documentation that cannot be understood."""


@dataclass(frozen=True)
class Example:
    """One block of code: `line` is that of its fence, the first one of its file being 1."""

    path: Path
    line: int
    code: tuple[str, ...]

    @property
    def name(self) -> str:
        """A name for its module."""
        parts = self.path.with_suffix("").parts
        return "_".join([*parts[parts.index("rust") + 1 :], str(self.line)])

    def text(self) -> str:
        """A file with each line of code where the documentation has it."""
        result = RESULT if self.code and ENDS_WITH_RESULT.search(self.code[-1]) else ""
        return "\n" * (self.line - 1) + "\n".join([f"{BEFORE}{result} {{", *self.code, "}", ""])


def shown(line: str) -> str:
    """A line as rustdoc takes it: what is behind `# ` is code that is not shown."""
    stripped = line.lstrip()
    if stripped == "#" or stripped.startswith("# "):
        return stripped[2:]
    return line.replace("##", "#", 1) if stripped.startswith("##") else line


def read(path: Path) -> list[Example]:
    """The examples in a file."""
    found = []
    code, fence, start = None, "", 0
    for number, line in enumerate([*path.read_text().splitlines(), ""], 1):
        doc = DOC.fullmatch(line)
        text = doc[1] if doc else ""
        if code is None:
            if text.strip().startswith(FENCE):
                code, fence, start = [], text.strip().removeprefix(FENCE), number
                if fence not in CODE + TEXT:
                    raise ExampleError(f"{path}:{number}: '{FENCE}{fence}': no example that is built, and no text")
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
    """All examples of the library in a tree, by file and line."""
    library = tree / "rust" / "dma"
    return [found for path in sorted([library.with_suffix(".rs"), *library.rglob("*.rs")]) for found in read(path)]


def build(tree: Path, kdir: Path, tools: list[str], examples: list[Example]) -> dict[str, crates.Built]:
    """Build the examples of a tree; what the compiler says of a line is said of the documentation's."""
    products = tree / PRODUCTS
    shutil.rmtree(products, ignore_errors=True)
    products.mkdir(parents=True)
    paths = {products / f"{example.name}.rs": example for example in examples}
    for path, example in paths.items():
        path.write_text(example.text())
    built = crates.build(tree, kdir, tools, "example", [list(paths)])
    for one in built.values():
        for said in one.diagnostics:
            said.lines = {(paths[path].path if path in paths else path, line) for path, line in said.lines}
    return {paths[path].name: result for path, result in built.items()}


def judge(built: crates.Built) -> str:
    """What the compiler has against an example; nothing, as it should be."""
    if built.compiled and not built.diagnostics:
        return ""
    return "\n".join(str(said) for said in built.diagnostics) or "it does not compile, and nothing says why"
