# SPDX-License-Identifier: GPL-2.0
"""Each undocumented item that safe code can reach has a reason: see reachable.py."""

from conftest import TOP

from safe_dma.compile import reachable

OF_THE_ERROR = "an error: the caller owns all of it"
OWN_BYTES = "plain memory that is not mapped"
COMPLETED = "of a command that has ended: the caller owns all of it"
RAW = "without a public field or method"
LENT = "memory that the CPU owns until the guard is dropped"

# Each item, and the reason why reaching it is sound.
REASONS = {
    "sealed::Sealed": "the token: only the library can make a value",
    "buffer::Pages: Deref<Target = [u8]>": OWN_BYTES,
    "buffer::whole_pages::PageBox: Deref<Target = T>": OWN_BYTES,
    "buffer::PagesPart: Deref<Target = [u8]>": OWN_BYTES,
    "buffer_pool::CpuBuffer: Deref<Target = [T]>": LENT,
    "cpu_owned::CpuAccess: Deref<Target = M::Data>": LENT,
    "cpu_owned::CpuOwned: Deref<Target = M::Data>": LENT,
    "error::ErrorWith::error": OF_THE_ERROR,
    "error::ErrorWith::value": OF_THE_ERROR,
    "in_flight::error::UnknownCompletion::id": OF_THE_ERROR,
    "in_flight::error::UnknownCompletion::reason": OF_THE_ERROR,
    "in_flight::error::UnknownCompletion::status": OF_THE_ERROR,
    "in_flight::Completed::memory": COMPLETED,
    "in_flight::Completed::value": COMPLETED,
    "in_flight::Completed::status": COMPLETED,
    "engine::Opened: Deref<Target = S>": "the state: only the methods of its engine get a value",
    "contiguous::Contiguous": RAW,
    "contiguous::private::AsContiguous::frame": "a type without a public field or method; no bound names the trait",
    "cpu_owned::Part": RAW,
    "coherent::shared::RawCoherent": RAW,
    "owner::Owner: Deref<Target = H>": "a mapping of the library; only the library has an `Owner`",
    "scatter_buffer::RawBuffers": RAW,
    "scatter_buffer::RawVec": RAW,
    "user::RawUserPages": RAW,
}

ITEMS = reachable.items(TOP)


def test_every_item_has_a_reason():
    assert sorted(set(ITEMS) - REASONS.keys()) == []


def test_every_reason_has_an_item():
    assert sorted(REASONS.keys() - set(ITEMS)) == []


def found_in(tmp_path, text, root="pub mod x;\n"):
    """Read the items of a library of one file."""
    (tmp_path / "rust" / "dma").mkdir(parents=True)
    (tmp_path / "rust" / "dma.rs").write_text(root)
    (tmp_path / "rust" / "dma" / "x.rs").write_text(text)
    return reachable.items(tmp_path)


SEALED = """\
pub trait Trait: private::Trait {}

mod private {
    pub trait Trait {
        fn open(&mut self);

        fn sealed(&mut self, _: Sealed);

        unsafe fn of_number(&self, number: usize) -> u32
        where
            Self: Sized,
        {
            0
        }
    }

    pub struct Value {
        pub field: u32,
        pub(super) hidden: u32,
    }

    impl Value {
        pub fn method(&self) {}

        fn own(&self) {}
    }

    pub struct Pair(u32, pub u32);

    pub(super) struct Own {
        pub field: u32,
    }
}
"""


def test_private_module(tmp_path):
    found = ["Trait::open", "Trait::of_number", "Value", "Value::field", "Value::method", "Pair", "Pair::0"]
    assert found_in(tmp_path, SEALED) == [f"x::private::{name}" for name in found]


PUBLIC = """\
pub struct Shown {
    pub field: u32,
    own: u32,
}

impl Shown {
    pub fn new() -> Self {}
}

impl<T> Deref for Shown {
    type Target = Coherent<T>;

    fn deref(&self) -> &Coherent<T> {}
}

impl Deref for Other {
    type Target = Shown;
}

pub fn free() {}

mod tests {
    pub struct Mock {
        pub field: u32,
    }
}
"""


def test_public_module(tmp_path):
    assert found_in(tmp_path, PUBLIC) == ["x::Shown::field", "x::Shown: Deref<Target = Coherent<T>>"]


def test_file_of_its_own(tmp_path):
    """A private module may be a file of its own; the names that its parent reexports are public."""
    found = found_in(tmp_path, PUBLIC, "mod x;\n\npub use self::x::{Shown, Other};\n")
    assert found == ["x::Shown::field", "x::Shown: Deref<Target = Coherent<T>>", "x::free"]
