# SPDX-License-Identifier: GPL-2.0
"""Build crates that use the library, with Kbuild, and read the compiler's diagnostics."""

import json
import os
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

# Kbuild has the rule for crates in this directory.
PRODUCTS = ".build/crates"

# The root of each crate. The library is `crate::dma`, as `kernel::dma` is for a driver in the tree.
ROOT = """\
//! Users of the library.
#![allow(dead_code, reason = "the functions have no caller")]
#[cfg(CONFIG_BLOCK)]
pub use safe_dma::block;
pub use safe_dma::dma;
#[doc(hidden)]
pub const __LOG_PREFIX: &[u8] = b"users\\0";
"""


class BuildError(Exception):
    """A build that gives no diagnostics of the crates."""


@dataclass
class Diagnostic:
    """One error or warning of the compiler."""

    level: str
    code: str
    message: str
    notes: list[str]
    lines: set[tuple[Path, int]]

    def __str__(self):
        where = ", ".join(f"{path.name}:{line}" for path, line in sorted(self.lines))
        return f"{where or 'no line'}: {self.level}{f' {self.code}' if self.code else ''}: {self.message}"


@dataclass
class Built:
    """The result of building a crate."""

    compiled: bool
    diagnostics: list[Diagnostic] = field(default_factory=list)

    @property
    def errors(self) -> list[Diagnostic]:
        """The diagnostics that are not warnings."""
        return [diagnostic for diagnostic in self.diagnostics if diagnostic.level != "warning"]

    @property
    def problem(self) -> str:
        """The diagnostics of a crate that should have none; empty if it has none."""
        if self.compiled and not self.diagnostics:
            return ""
        return "\n".join(map(str, self.diagnostics)) or "it does not compile, without a diagnostic"


def called(span: dict) -> dict:
    """Return where the outermost macro is called, for a place within a macro."""
    while span["expansion"]:
        span = span["expansion"]["span"]
    return span


def read_diagnostics(text: str) -> list[Diagnostic]:
    """Read errors and warnings from the compiler's JSON, each once.

    An unimplemented trait is reported for each part of an expression that needs it.
    """
    result: list[Diagnostic] = []
    for line in text.splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            # The compiler itself has failed.
            result.append(Diagnostic("error", "", line, [], set()))
            continue
        # The last entries only count the others.
        counts = not entry["spans"] and re.match(r"aborting due to |\d+ warnings? emitted", entry["message"])
        if counts or not entry["level"].startswith(("error", "warning")):
            continue
        spans = [called(span) for span in entry["spans"] if span["is_primary"]]
        lines = {(Path(span["file_name"]), span["line_start"]) for span in spans}
        code = (entry["code"] or {}).get("code", "")
        if all((other.code, other.message, other.lines) != (code, entry["message"], lines) for other in result):
            notes = [child["message"] for child in entry["children"]]
            result.append(Diagnostic(entry["level"], code, entry["message"], notes, lines))
    return result


def identifier(path: Path) -> str:
    """Return the name of a file's module, and of a crate with this file only."""
    return path.stem if path.stem.isidentifier() else f"file_{path.stem}"


@dataclass
class Builder:
    """Builds crates against the library of a tree."""

    tree: Path
    kdir: Path
    tools: list[str]

    def make(self, crates: dict[str, list[Path]]) -> dict[str, Built]:
        """Build crates, given by name; each file is a module."""
        products = self.tree / PRODUCTS
        products.mkdir(parents=True, exist_ok=True)
        for name, paths in crates.items():
            modules = [f"mod {identifier(path)} {{ include!({json.dumps(str(path))}); }}\n" for path in paths]
            (products / f"{name}.rs").write_text(ROOT + "".join(modules))
        command = ["make", "-C", self.kdir, f"M={self.tree}", f"-j{len(os.sched_getaffinity(0))}"]
        command += ["--no-print-directory", *self.tools, *(f"{PRODUCTS}/{name}.o" for name in crates)]
        made = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
        if made.returncode != 0:
            raise BuildError(f"the build of {products} failed:\n{made.stdout}")
        return {
            name: Built((products / f"{name}.o").exists(), read_diagnostics((products / f"{name}.json").read_text()))
            for name in crates
        }

    def build(self, name: str, right: list[Path], wrong: list[Path] = ()) -> dict[Path, Built]:
        """Build files that use the library, and return the result of each.

        The `right` ones are one crate called `name`. If it is not free of errors and warnings, each
        of them is built once more on its own, as each of the `wrong` ones is: an error may hide
        those of other files.
        """
        built = self.make({name: right} | {identifier(path): [path] for path in wrong})
        if built[name].problem:
            built |= self.make({identifier(path): [path] for path in right})
        return {path: built.get(identifier(path), built[name]) for path in [*right, *wrong]}
