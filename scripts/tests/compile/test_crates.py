# SPDX-License-Identifier: GPL-2.0
"""What the compiler says of a crate is put down to the files that it is of, and to no others."""

import os
from pathlib import Path

from conftest import KDIR, TOP

from safe_dma.compile import crates, misuse
from safe_dma.compile.crates import Built, Diagnostic

A, B, LIBRARY = Path("/a.rs"), Path("/b.rs"), Path("/library.rs")


def said(*paths, level="error"):
    """What is said of a line of each of those files."""
    return Diagnostic(level, "E0001", f"of {paths}", [], {(path, 1) for path in paths})


def sort(compiled, *diagnostics, paths=(A, B)):
    """What became of the files, and what has to be built again."""
    found = {}
    again = crates.sort(Built(compiled, list(diagnostics)), list(paths), found)
    return found, again


def test_all_compile():
    """What is said of none of them, a warning, is said of all."""
    of_a, of_library = said(A, level="warning"), said(LIBRARY, level="warning")
    assert sort(True, of_a, of_library) == ({A: Built(True, [of_a, of_library]), B: Built(True, [of_library])}, [])


def test_one_does_not():
    """It is known why; of the other nothing is."""
    assert sort(False, said(A)) == ({A: Built(False, [said(A)])}, [[B]])


def test_none_does():
    """Nothing is left."""
    assert sort(False, said(A), said(B)) == ({A: Built(False, [said(A)]), B: Built(False, [said(B)])}, [])


def test_nobody_knows():
    """It may be each of them, and so each is built alone: also beside one of which something is known."""
    warning = said(A, level="warning")
    for diagnostics in ([], [warning], [said(LIBRARY)], [said(LIBRARY), said(A)]):
        assert sort(False, *diagnostics) == ({}, [[A], [B]])


def test_alone():
    """Whatever it is, it is its own."""
    for compiled, diagnostics in ((False, []), (False, [said(LIBRARY)]), (True, [said(A, level="warning")])):
        assert sort(compiled, *diagnostics, paths=(A,)) == ({A: Built(compiled, diagnostics)}, [])


def test_right_among_wrong(tmp_path):
    """One that compiles is not taken for one that does not, and errors of an early stage hide none of a later one."""
    names = ["span_arithmetic", "turn_over", "turn_over_ok"]
    paths = [TOP / "rust" / "compile_fail" / f"{name}.rs" for name in names]
    built = crates.build(TOP, KDIR, os.environ["SAFE_DMA_TOOLS"].splitlines(), "mixed", [paths])
    early, late, right = (built[path] for path in paths)
    assert misuse.judge(misuse.read_case(paths[0]), early) == ""
    assert misuse.judge(misuse.read_case(paths[1]), late) == ""
    assert right == Built(True)
