# SPDX-License-Identifier: GPL-2.0
"""The examples in the library's documentation compile."""

import functools
import re
from pathlib import Path

import pytest
from conftest import KDIR, TOOLS, TOP

from safe_dma.compile import examples

EXAMPLES = examples.find(TOP)


@functools.cache
def built():
    """Build all examples, once in a session."""
    return examples.build(TOP, KDIR, TOOLS, EXAMPLES)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_example_compiles(example):
    assert built()[example.name].problem == ""


def test_there_are_examples():
    assert {"streaming.rs", "transfer.rs", "sg.rs"} <= {example.path.name for example in EXAMPLES}


BROKEN = [
    ("use safe_dma::dma::{", "use safe_dma::mad::{", "error E0432"),
    ("mapping.unmap();", "mapping.unmap(1);", "error E0061"),
    ("let frame = mapping.unmap();", "let mut frame = mapping.unmap();", "warning unused_mut"),
]


def test_broken_examples(tmp_path):
    """A diagnostic names the line of the documentation."""
    text = (TOP / "rust" / "dma" / "streaming.rs").read_text()
    found, expected = [], []
    for number, (old, new, problem) in enumerate(BROKEN):
        path = tmp_path / "rust" / f"broken{number}" / "streaming.rs"
        path.parent.mkdir(parents=True)
        path.write_text(text.replace(old, new, 1))
        line = text[: text.index(old)].count("\n") + 1
        found += [example for example in examples.read(path) if example.line < line][-1:]
        expected.append(f"streaming.rs:{line}: {problem}")
    results = examples.build(TOP, KDIR, TOOLS, found).values()
    assert [problem in result.problem for problem, result in zip(expected, results, strict=True)] == [True] * 3


def read(tmp_path, *lines):
    """Read the examples in documentation of these lines."""
    path = tmp_path / "rust" / "dma" / "x.rs"
    path.parent.mkdir(parents=True)
    path.write_text("".join(f"{line}\n" for line in lines))
    return examples.read(path)


def test_text_is_no_example(tmp_path):
    assert read(tmp_path, "//! ```text", "//! map", "//! ```", "/// Nothing.") == []


def test_lines_are_kept(tmp_path):
    (found,) = read(
        tmp_path, "fn f() {}", "    /// ```", "    /// a();", "    /// # b()?;", "    /// Ok(())", "    /// ```"
    )
    assert found.name == "dma_x_2"
    lines = found.text().splitlines()
    assert lines[2:] == ["a();", "b()?;", "Ok(())", "}"]
    assert lines[0] == ""
    assert lines[1].endswith("fn example() -> kernel::error::Result {")


@pytest.mark.parametrize(
    ("line", "code"), [("# use a;", "use a;"), ("#", ""), ("    # b();", "b();"), ("## c", "# c"), ("#[d]", "#[d]")]
)
def test_hidden_line(line, code):
    assert examples.shown(line) == code


@pytest.mark.parametrize("fence", ["```ignore", "```compile_fail", "```should_panic", "```rust,ignore"])
def test_example_that_is_not_built(tmp_path, fence):
    with pytest.raises(examples.ExampleError, match=re.escape(f"x.rs:1: '{fence}'")):
        read(tmp_path, f"/// {fence}", "/// ```")


def test_example_without_end(tmp_path):
    with pytest.raises(examples.ExampleError, match=re.escape("x.rs:1: the example has no end")):
        read(tmp_path, "/// ```", "/// a();", "fn f() {}")


def test_path_of_a_nested_module():
    assert examples.Example(Path("/t/rust/dma/sg/table.rs"), 7, ()).name == "dma_sg_table_7"
