# SPDX-License-Identifier: GPL-2.0
"""Test that the documentation builds without a warning, and its tables match the sources."""

import re
from pathlib import Path

from conftest import KDIR, LINUX, TOP

from safe_dma.compile import sources

PATHS = TOP / "rust" / "dma" / "paths.md"
PROMISES = TOP / "rust" / "dma" / "promises.md"
# A row of the table of promises: the item, and whether it is implemented or called.
ROW = re.compile(r"\| `([\w:]+)`, to (call|implement) \| (.+) \|")


def test_documentation(make, tree):
    result = make("doc", cwd=tree, KDIR=KDIR)
    assert result.returncode == 0, result.stdout
    assert "warning" not in result.stdout
    index = tree / ".build" / "doc" / "safe_dma" / "index.html"
    assert result.stdout.splitlines()[-1] == f"safe-dma: the documentation: {index}"
    library = index.parent / "dma"
    # No test device, and a link to mainline.
    assert not (index.parent / "testdev").exists()
    assert "https://rust.docs.kernel.org/kernel/dma/" in (library / "index.html").read_text()
    links = re.findall(r'href="([^":#]+\.html)', (library / "index.html").read_text())
    assert links
    assert [link for link in links if not (library / link).exists()] == []
    # Files in C.
    links = {link for page in index.parent.rglob("*.html") for link in re.findall(r'href="(/[^"]+)"', page.read_text())}
    assert {link.removeprefix(f"{LINUX.resolve()}/") for link in links} >= {"kernel/dma/mapping.c", "mm/gup.c"}
    assert [link for link in links if not Path(link).is_file()] == []


BROKEN = {
    "See [`streaming::Nowhere`].": "no item named `Nowhere`",
    "A <section>.": "unclosed HTML tag",
    "A `tick.": "unescaped backtick",
    "https://docs.kernel.org": "not a hyperlink",
}


def test_broken_documentation(make, tree):
    path = tree / "rust" / "dma.rs"
    before, after = path.read_text().split("//! C header:", 1)
    path.write_text(before + "".join(f"//! {line}\n//!\n" for line in BROKEN) + "//! C header:" + after)
    result = make("doc", cwd=tree, KDIR=KDIR)
    assert result.returncode != 0
    errors = result.stdout.split("\nerror: ")
    first = before.count("\n") + 1
    for number, problem in enumerate(BROKEN.values()):
        place = f"rust/dma.rs:{first + 2 * number}:"
        assert [error for error in errors if problem in error and place in error], result.stdout
    assert "safe-dma: error: rustdoc failed, see above" in result.stdout


def test_functions_of_the_paths_are_there():
    """Check that each function is in a file of the table of layers, or in a header of the API."""
    text = PATHS.read_text()
    files = [name for name in re.findall(r"`([\w/.-]+\.c)`", text) if (LINUX / name).is_file()]
    assert len(files) == len(set(re.findall(r"`([\w/.-]+\.c)`", text))) > 8
    headers = ["include/linux/dma-mapping.h", "include/linux/dma-map-ops.h", "include/linux/iommu-dma.h"]
    headers += [
        "include/linux/of_device.h",
        "include/acpi/acpi_bus.h",
        "kernel/dma/ops_helpers.c",
        "kernel/dma/direct.h",
    ]
    source = "".join((LINUX / name).read_text() for name in [*files, *headers])
    functions = set(re.findall(r"\b(\w+)\(\)", text))
    assert len(functions) > 50
    assert {name for name in functions if not re.search(rf"\b{name}\(", source)} == set()


def promises(text):
    """Return the items of the table, each to be implemented or called."""
    rows = [match.groups() for match in map(ROW.fullmatch, text.splitlines()) if match]
    assert len(rows) == sum(line.startswith("| `") for line in text.splitlines())
    assert all(len(reason) > 5 for _, _, reason in rows)
    return sorted((item, how) for item, how, _ in rows)


def test_every_unsafe_item_is_a_promise_with_a_reason():
    found = [item for item in sources.items(TOP) if item.is_unsafe]
    assert promises(PROMISES.read_text()) == sorted(
        (item.name, "implement" if item.is_trait else "call") for item in found
    )


def library(tmp_path, files):
    """Read the items of a library of these files."""
    for name, text in files.items():
        (tmp_path / "rust" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "rust" / name).write_text(text)
    return {item.name: item for item in sources.items(tmp_path)}


SOURCE = """
/// One.
///
/// C: `dma_one()`, and
/// `dma_two()`; `kernel/dma/mapping.c`.
///
/// See `dma_other()`.
#[inline]
pub fn one(dev: &Device) -> u64 {
    0
}

fn hidden() {}

pub(super) fn for_others() {}

pub unsafe trait Promise<T>: Sized {
    /// C: `dma_three()`.
    unsafe fn keep(&self);
}

unsafe trait Own {
    fn own(&self);
}

impl<'a, T: Into<Vec<u8>>> Thing<'a, T>
where
    T: Fn() -> u8,
{
    #[allow(
        dead_code
    )]
    pub const unsafe fn raw(self) {}

    fn private(&self) {}
}

impl<T> Promise<T> for Thing<'_, T> {
    unsafe fn keep(&self) {}
}

macro_rules! make {
    () => {
        pub fn made() {}
    };
}

mod tests {
    pub fn test() {}
}"""


def test_sources(tmp_path):
    found = library(tmp_path, {"dma.rs": "pub mod x;\n", "dma/x.rs": SOURCE})
    assert list(found) == ["x::one", "x::Promise", "x::Promise::keep", "x::Thing::raw"]
    assert found["x::one"].c_functions == ["dma_one", "dma_two"]
    assert found["x::Promise::keep"].c_functions == ["dma_three"]
    assert [item.is_unsafe for item in found.values()] == [False, True, True, True]
    assert found["x::one"].line == 9


def test_private_module_is_not_in_the_name(tmp_path):
    files = {
        "dma.rs": "pub mod x;\n",
        "dma/x.rs": "mod y;\npub mod z;\n",
        "dma/x/y.rs": "pub fn f() {}\n",
        "dma/x/z.rs": "pub fn g() {}\n",
    }
    assert list(library(tmp_path, files)) == ["x::f", "x::z::g"]
