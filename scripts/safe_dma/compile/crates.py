# SPDX-License-Identifier: GPL-2.0
"""Files that use the library, built by Kbuild in crates with it, and what the compiler said of each."""

import json
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

# Where Kbuild finds the crates, and leaves what it built, and what the compiler said.
PRODUCTS = ".build/crates"


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
    """What became of a file, or of a crate."""

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


def build(tree: Path, kdir: Path, tools: list[str], name: str, lists: list[list[Path]]) -> dict[Path, Built]:
    """Build files that use the library of `tree`, those of a list in one crate, and say what became of each file.

    A crate that does not compile tells nothing of the files that the compiler did not complain of, which it may
    not have come to: they are built once more, without the others. `name` is what the crates are called.
    """
    found: dict[Path, Built] = {}
    number = 0
    while lists:
        names = [f"{name}_{number + index}" for index in range(len(lists))]
        number += len(lists)
        for crate, paths in zip(names, lists, strict=True):
            write(tree / PRODUCTS / f"{crate}.rs", paths)
        made = make(tree, kdir, tools, names)
        lists = [again for crate, paths in zip(names, lists, strict=True) for again in sort(made[crate], paths, found)]
    return found


def write(path: Path, users: list[Path]) -> None:
    """A crate of those files, each a module."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"mod {user.stem} {{ include!({json.dumps(str(user))}); }}\n" for user in users))


def make(tree: Path, kdir: Path, tools: list[str], names: list[str]) -> dict[str, Built]:
    """Have Kbuild build the crates."""
    products = tree / PRODUCTS
    targets = [f"{PRODUCTS}/{name}.o" for name in names]
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


def sort(made: Built, paths: list[Path], found: dict[Path, Built]) -> list[list[Path]]:
    """Put what became of a crate down to its files, in `found`; returns lists of those that it tells nothing of."""
    of = {path: [said for said in made.diagnostics if path in {file for file, _ in said.lines}] for path in paths}
    stray = [said for said in made.diagnostics if not any(said in own for own in of.values())]
    if made.compiled or len(paths) == 1:
        found.update({path: Built(made.compiled, own + stray) for path, own in of.items()})
        return []
    results = {path: Built(False, own) for path, own in of.items()}
    failed = {path: result for path, result in results.items() if result.errors}
    if not failed or Built(False, stray).errors:
        # Nobody knows whose fault it is.
        return [[path] for path in paths]
    found.update(failed)
    rest = [path for path in paths if path not in failed]
    return [rest] if rest else []
