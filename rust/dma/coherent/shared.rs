// SPDX-License-Identifier: GPL-2.0

//! Coherent memory of one device, mapped for another one.

use super::{
    table::PageTable,
    CoherentMemory, //
};
use crate::{
    bindings as helpers,
    dma::{
        limits,
        sg::{
            Piece,
            Scattered, //
        }, //
    }, //
};
use kernel::{
    alloc::Flags,
    device::{
        Bound,
        Device, //
    },
    prelude::*,
    ptr::KnownSize,
    transmute::{
        AsBytes,
        FromBytes, //
    }, //
};

/// A [`CoherentMemory`] while another device has it.
pub struct RawCoherent<'bound, T: KnownSize + ?Sized> {
    /// Not looked into, nor dropped, before it is taken back; what it has is a pointer.
    memory: CoherentMemory<'bound, T>,
    table: PageTable,
}

// SAFETY: The pages are RAM, as `may_be_mapped_for()` asks, and were allocated for this memory alone, by
// the page: none is in two pieces, or holds anything else, or comes from `kmalloc()`. They were allocated
// with all of their bytes set, and stay until the `CoherentMemory` is dropped, which `RawCoherent` owns,
// for ever if that is forgotten.
//
// The device that they were allocated for reaches them, too, but is given them only by who has the
// `CoherentMemory`; so does the CPU, and `RawCoherent` shows it to nobody. What it holds is a pointer and
// a table, which any thread may read.
unsafe impl<'bound, T> Scattered for CoherentMemory<'bound, T>
where
    T: KnownSize + AsBytes + FromBytes + ?Sized,
{
    type Element = T;
    type Raw = RawCoherent<'bound, T>;

    const HAS_OTHER_MAPPING: bool = true;

    /// Whether the pages can be mapped for `other`.
    ///
    /// A streaming mapping cleans caches, and copies to bounce buffers, through the linear map, where
    /// memory is cached. So that must be how the CPU has the memory: the device that it was allocated for
    /// is cache-coherent, and has not allocated it from memory of its own. Nor is `other` that device,
    /// which needs no second mapping.
    ///
    /// On a machine that encrypts memory none can: one device may need pages decrypted, and another
    /// not.
    ///
    /// C: the rules of `dma_get_sgtable_attrs()`, `kernel/dma/mapping.c`; `cc_platform_has()`,
    /// `include/linux/cc_platform.h`.
    fn may_be_mapped_for(&self, other: &Device<Bound>) -> bool {
        limits::is_coherent(self.dev)
            && self.has_pages()
            && !core::ptr::eq(self.dev, other)
            // SAFETY: May be called at any time.
            && !unsafe { helpers::helper_memory_is_encrypted() }
    }

    /// Sleeps, whatever `flags` are.
    fn into_raw(self, _flags: Flags) -> Result<RawCoherent<'bound, T>, Self> {
        match PageTable::of(&self) {
            Ok(table) => Ok(RawCoherent {
                memory: self,
                table,
            }),
            Err(_) => Err(self),
        }
    }

    unsafe fn from_raw(raw: RawCoherent<'bound, T>) -> Self {
        raw.memory
    }

    fn pieces(raw: &RawCoherent<'bound, T>) -> impl Iterator<Item = Piece> {
        raw.table.pieces()
    }
}
