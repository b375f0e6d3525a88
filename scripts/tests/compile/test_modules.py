# SPDX-License-Identifier: GPL-2.0
"""Check that the modules of the library do not import each other in circles."""

import re
from graphlib import CycleError, TopologicalSorter

import pytest
from conftest import TOP

USE = re.compile(r"^\s*(?:pub(?:\([\w ]+\))? )?use ((?:super|self|crate)\b[^;]*);", re.M)


def paths(tree: str) -> list[list[str]]:
    """Return the paths of a tree of imports."""
    found, path, last = [], [], []
    for token in re.findall(r"\w+|[{},]", re.sub(r"//.*", "", tree)):
        if token == "{":
            path, last = [*path, last], []
        elif token in "},":
            found += [sum(path, []) + last] if last else []
            last = []
            path = path[:-1] if token == "}" else path
        else:
            last = [*last, token]
    return found + ([last] if last else [])


def imports(sources: dict[str, str]) -> dict[str, set[str]]:
    """Return the modules that each imports, by the path of a module below rust/ without suffix."""
    names = {}
    for path in paths(re.search(r"pub use (self::\{.*?\});", sources["dma"], re.S)[1]):
        names[path[-1]] = path[1]
    graph = {}
    for name, text in sources.items():
        here = name.split("/")
        for path in sum((paths(tree) for tree in USE.findall(text)), []):
            at = list(here)
            if path[0] == "crate":
                if path[1] != "dma":
                    continue
                at, path = ["dma"], path[2:]
            while path and path[0] in ("self", "super"):
                at = at[:-1] if path.pop(0) == "super" else at
            if at == ["dma"] and path and path[0] in names:
                path = [names[path[0]]]
            target = next((t for t in ("/".join(at + path[:1]), "/".join(at)) if t in sources), name)
            # A parent publishes items of its children.
            if target != "dma" and not f"{target}/".startswith(f"{name}/"):
                graph.setdefault(name, set()).add(target)
    return graph


def circle(sources: dict[str, str]) -> list[str]:
    """Return the modules of a circle, if there is one."""
    try:
        TopologicalSorter(imports(sources)).prepare()
    except CycleError as error:
        return error.args[1]
    return []


def library() -> dict[str, str]:
    files = [TOP / "rust" / "dma.rs", *TOP.glob("rust/dma/**/*.rs")]
    return {str(file.relative_to(TOP / "rust").with_suffix("")): file.read_text() for file in files}


def test_modules_are_in_no_circle():
    sources = {name: text for name, text in library().items() if not name.endswith("tests")}
    assert len(imports(sources)) > 20
    assert circle(sources) == []


@pytest.mark.parametrize(
    "use",
    ["super::Mapping", "super::{streaming::Mapping, //\n}", "crate::{bindings, dma::{Mapping}}"],
)
def test_a_circle_is_found(use):
    sources = library()
    sources["dma/range"] += f"use {use};\n"
    assert {"dma/range", "dma/streaming"} <= set(circle(sources))
