# SPDX-License-Identifier: GPL-2.0
"""The diagnostics of a crate are those of its files."""

import pytest
from conftest import KDIR, TOOLS, TOP

from safe_dma.compile import misuse
from safe_dma.compile.crates import PRODUCTS, Builder, BuildError, Built, Diagnostic, read_diagnostics

TOOLS = TOOLS


def test_wrong_among_right():
    """A file that does not compile is reported, and the files in its crate that do are not."""
    # The first has an error of an early stage of the compiler, the second one of a late stage.
    wrong = [misuse.read_case(misuse.CASES / f"{name}.rs") for name in ("range_arithmetic", "cpu_owned_over")]
    right = wrong[1].right
    built = Builder(TOP, KDIR, TOOLS).build("mixed", [*(case.path for case in wrong), right])
    assert [misuse.judge(case, built[case.path]) for case in wrong] == ["", ""]
    assert built[right] == Built(True)
    # The symbol of its function: code is generated, although the function has no caller.
    assert b"cpu_owned_over_ok4next" in (TOP / PRODUCTS / f"{right.stem}.o").read_bytes()


def test_library_that_does_not_compile(tree):
    path = tree / "rust" / "dma.rs"
    path.write_text(path.read_text() + "fn wrong() -> u8 {}\n")
    with pytest.raises(BuildError, match="mismatched types"):
        Builder(tree, KDIR, TOOLS).build("right", [misuse.CASES / f"cpu_owned_over{misuse.OK}.rs"])


def test_build_that_fails(tmp_path):
    with pytest.raises(BuildError, match="failed"):
        Builder(TOP, tmp_path, []).build("none", [])


def test_compiler_that_crashes():
    text = "thread 'rustc' panicked"
    assert read_diagnostics(text) == [Diagnostic("error", "", text, [], set())]


@pytest.mark.parametrize("built", [Built(False), Built(True, read_diagnostics("panicked"))])
def test_problem(built):
    assert built.problem
    assert Built(True).problem == ""
