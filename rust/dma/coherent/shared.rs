// SPDX-License-Identifier: GPL-2.0

//! Coherent memory of one device, mapped for another one.

use super::memory::CoherentMemory;
use crate::dma::{
    compat,
    limits,
    scatterlist::Entries,
    PhysVec,
    ScatterBuffer, //
};
use kernel::{
    alloc::Flags,
    bindings,
    device::{
        Bound,
        Device, //
    },
    error::to_result,
    prelude::*,
    ptr::KnownSize,
    transmute::{
        AsBytes,
        FromBytes, //
    }, //
};

/// The pages of coherent memory.
///
/// # Invariants
///
/// `table` was filled by `dma_get_sgtable_attrs()` with the pages of `size` bytes of coherent
/// memory.
struct PageTable {
    table: bindings::sg_table,
    size: usize,
}

// SAFETY: A table is only read, and may be freed in any thread.
unsafe impl Send for PageTable {}

// SAFETY: A shared reference to a table gives addresses and lengths only.
unsafe impl Sync for PageTable {}

impl PageTable {
    /// Returns the pages of `memory`, which stay the same until it is freed. Sleeps.
    fn new<T: KnownSize + ?Sized>(memory: &CoherentMemory<'_, T>) -> Result<Self> {
        if !memory.has_pages() {
            return Err(ENXIO);
        }

        let mut table = bindings::sg_table::default();
        // SAFETY: By the invariants of `CoherentMemory`, this memory was allocated for this device
        // with these parameters. It has pages, by the check above, and a kernel mapping, since none
        // of the attributes prevents it. The function initializes `table`.
        to_result(unsafe {
            bindings::dma_get_sgtable_attrs(
                compat::device(memory.dev),
                &mut table,
                memory.as_mut_ptr().cast(),
                memory.addr,
                memory.size(),
                compat::attrs(memory.attrs),
            )
        })?;

        // INVARIANT: The function has filled it.
        let this = Self {
            table,
            size: memory.size(),
        };
        // An entry has 32 bits for its length, which C does not check.
        if this.phys_vecs().map(|vec| vec.len).sum::<usize>() != this.size {
            return Err(EOVERFLOW);
        }
        Ok(this)
    }

    /// Returns the physical ranges of the memory, in order.
    fn phys_vecs(&self) -> impl Iterator<Item = PhysVec> + Clone + '_ {
        // SAFETY: By the invariants the table was filled: `orig_nents` entries have memory.
        let entries = unsafe { Entries::new(self.table.sgl, self.table.orig_nents) };
        // The table is of whole pages.
        let mut left = self.size;

        entries.phys_vecs().map(move |vec| {
            let len = left.min(vec.len);
            left -= len;

            PhysVec { len, ..vec }
        })
    }
}

impl Drop for PageTable {
    fn drop(&mut self) {
        // SAFETY: By the invariants the table was allocated when it was filled, and it is not used
        // again.
        unsafe { bindings::sg_free_table(&mut self.table) };
    }
}

/// A [`CoherentMemory`] that another device owns.
pub struct RawCoherent<'bound, T: KnownSize + ?Sized> {
    /// Neither accessed nor dropped before [`ScatterBuffer::from_raw`] returns it.
    memory: CoherentMemory<'bound, T>,
    table: PageTable,
}

// SAFETY: The pages are RAM, by `is_mappable_for()`, and were allocated for this memory alone, by
// the page: none is in two ranges, holds other data, or comes from `kmalloc()`. All of their bytes
// were set. They stay allocated until the `CoherentMemory` is dropped, which `RawCoherent` owns,
// and for ever if that is forgotten.
//
// The device that they were allocated for, and the CPU, can access them, too, but only through the
// `CoherentMemory`, to which `RawCoherent` gives no access. It holds a pointer and a table, which
// any thread may read.
unsafe impl<'bound, T> ScatterBuffer for CoherentMemory<'bound, T>
where
    T: KnownSize + AsBytes + FromBytes + ?Sized,
{
    type Element = T;
    type Raw = RawCoherent<'bound, T>;

    const SKIP_CPU_SYNC: bool = true;

    /// Returns whether the pages can be mapped for `other`.
    ///
    /// A streaming mapping cleans caches, and copies to bounce buffers, through the linear map,
    /// which is cached. The CPU must access the memory in the same way: the device that it was
    /// allocated for is cache-coherent, and the memory is not its own. `other` is another device.
    ///
    /// A machine that encrypts memory is refused: one device may need pages decrypted that another
    /// does not.
    ///
    /// C: the rules of `dma_get_sgtable_attrs()`,
    /// [`kernel/dma/mapping.c`](srctree/kernel/dma/mapping.c); `cc_platform_has()`,
    /// [`include/linux/cc_platform.h`](srctree/include/linux/cc_platform.h).
    fn is_mappable_for(&self, other: &Device<Bound>) -> bool {
        limits::is_coherent(self.dev)
            && self.has_pages()
            && !core::ptr::eq(self.dev, other)
            && !compat::is_memory_encrypted()
    }

    /// Sleeps, whatever `flags` are.
    fn into_raw(self, _flags: Flags) -> Result<RawCoherent<'bound, T>, Self> {
        match PageTable::new(&self) {
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

    fn phys_vecs(raw: &RawCoherent<'bound, T>) -> impl Iterator<Item = PhysVec> + Clone {
        raw.table.phys_vecs()
    }
}
