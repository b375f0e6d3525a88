#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Add the crates of this tree to the rust-project.json of the kernel's crates.

The kernel's script reads the crates of an external module from its Kbuild file, and does not
support crates that use each other. The build's .cmd files have the root and the dependencies of
each crate.
"""

import json
import re
from pathlib import Path

TOP = Path(__file__).resolve().parents[3]
PROJECT = TOP / "rust-project.json"

SOURCE = re.compile(r"^source_\S+ := (\S+\.rs)$", re.MULTILINE)
# Matches only crates of this tree: the kernel passes its own crates by name.
METADATA = re.compile(r"^  \./rust/lib(\w+)\.rmeta ", re.MULTILINE)
KERNEL = ["core", "kernel", "pin_init", "zerocopy", "zerocopy_derive"]


def built() -> dict[Path, list[str]]:
    """Return the roots of the crates that were built, and the crates that each uses."""
    texts = [path.read_text() for path in TOP.glob("rust/**/.*.o.cmd")]
    return {TOP / match[1]: METADATA.findall(text) for text in texts if (match := SOURCE.search(text))}


def main() -> None:
    """Add the crates, each with the configuration of the kernel."""
    project = json.loads(PROJECT.read_text())
    crates = project["crates"]
    kernel = next(crate for crate in crates if crate["display_name"] == "kernel")
    roots = built()
    # A crate must be listed before its users, and depends on fewer crates than they do.
    for root in sorted(roots, key=lambda root: len(roots[root])):
        known = {crate["display_name"]: index for index, crate in enumerate(crates)}
        deps = [{"crate": known[name], "name": name} for name in [*KERNEL, *roots[root]]]
        crates.append(kernel | {"display_name": root.stem, "root_module": str(root), "deps": deps})
        crates[-1].pop("source", None)
    PROJECT.write_text(json.dumps(project, indent=4) + "\n")


if __name__ == "__main__":
    main()
