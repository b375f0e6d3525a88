# SPDX-License-Identifier: GPL-2.0
"""Small crates that have the library, built by Kbuild, and what the compiler said of each."""

import json
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path


class BuildError(Exception):
    """A build that told nothing."""


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
    """What became of a crate."""

    compiled: bool
    diagnostics: list[Diagnostic] = field(default_factory=list)

    @property
    def errors(self) -> list[Diagnostic]:
        """The diagnostics that are no warnings."""
        return [said for said in self.diagnostics if said.level != "warning"]


def read_diagnostics(text: str) -> list[Diagnostic]:
    """The errors and warnings in the compiler's JSON, each once.

    A type that lacks a trait is reported for every part of an expression that needs it.
    """
    result: list[Diagnostic] = []
    for line in text.splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            # Not a diagnostic: the compiler itself has failed.
            result.append(Diagnostic("error", "", line, [], set()))
            continue
        # The last ones only count those before.
        counts = not entry["spans"] and re.match(r"aborting due to |\d+ warnings? emitted", entry["message"])
        if counts or not entry["level"].startswith(("error", "warning")):
            continue
        lines = {(Path(span["file_name"]), span["line_start"]) for span in entry["spans"] if span["is_primary"]}
        code = (entry["code"] or {}).get("code", "")
        same = [said for said in result if (said.code, said.message, said.lines) == (code, entry["message"], lines)]
        if not same:
            notes = [child["message"] for child in entry["children"]]
            result.append(Diagnostic(entry["level"], code, entry["message"], notes, lines))
    return result


def build(tree: Path, kdir: Path, tools: list[str], directory: str, names: list[str]) -> dict[str, Built]:
    """Build crates by their names, all at once; Kbuild has a rule for objects in `directory` of `tree`."""
    products = tree / directory
    targets = [f"{directory}/{name}.o" for name in names]
    command = ["make", "-C", str(kdir), f"M={tree}", "--no-print-directory", "-j2", *tools, *targets]
    made = subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if made.returncode != 0:
        raise BuildError(f"the build of {products} failed:\n{made.stdout}")
    return {
        name: Built(
            (products / f"{name}.o").exists(),
            read_diagnostics((products / f"{name}.json").read_text()),
        )
        for name in names
    }
