// SPDX-License-Identifier: GPL-2.0

//! The scatter-gather table of coherent memory.

use super::CoherentMemory;
use crate::{
    bindings as helpers,
    dma::{
        raw,
        sg::Piece, //
    },
};
use core::marker::PhantomData;
use kernel::{
    bindings,
    error::to_result,
    prelude::*,
    ptr::KnownSize, //
};

/// The pages of coherent memory.
///
/// # Invariants
///
/// `table` was filled by `dma_get_sgtable_attrs()` with the pages of `size` bytes of coherent memory.
pub(super) struct PageTable {
    table: bindings::sg_table,
    size: usize,
}

// SAFETY: A table is a description that nobody changes; it is freed from any thread.
unsafe impl Send for PageTable {}

// SAFETY: A shared reference to a table gives addresses and lengths only.
unsafe impl Sync for PageTable {}

impl PageTable {
    /// The pages of `memory`, which are those for as long as it is not freed.
    pub(super) fn of<T: KnownSize + ?Sized>(memory: &CoherentMemory<'_, T>) -> Result<Self> {
        if !memory.has_pages() {
            return Err(ENXIO);
        }

        let mut table = bindings::sg_table::default();
        // SAFETY: By the invariants of `CoherentMemory` and `Coherent`, this memory was allocated for
        // this device with these parameters. It has pages, by the check above, and a kernel mapping,
        // since no attribute asked for none. `table` is initialized here, whatever it holds.
        to_result(unsafe {
            bindings::dma_get_sgtable_attrs(
                raw::device(memory.dev),
                &mut table,
                memory.as_mut_ptr().cast(),
                memory.memory.dma_address(),
                memory.size(),
                raw::attrs(memory.attrs),
            )
        })?;

        // INVARIANT: It was filled just now.
        let this = Self {
            table,
            size: memory.size(),
        };
        // An entry has 32 bits for its length, of which C does not take care.
        if this.pieces().map(|piece| piece.len).sum::<usize>() != this.size {
            return Err(EOVERFLOW);
        }
        Ok(this)
    }

    /// The memory, piece by piece, in order.
    pub(super) fn pieces(&self) -> impl Iterator<Item = Piece> + '_ {
        let mut entry = self.table.sgl;
        // The table is of whole pages.
        let mut left = self.size;

        (0..self.table.orig_nents).map(move |_| {
            // SAFETY: The first `orig_nents` entries are valid, and were set when the table was made.
            let (phys, len) = unsafe { (helpers::helper_sg_phys(entry), (*entry).length) };

            // SAFETY: `entry` is one of them.
            entry = unsafe { bindings::sg_next(entry) };

            // CAST: From 32 bits to at least as many.
            let len = left.min(len as usize);
            left -= len;

            Piece {
                phys,
                len,
                may_be_part: false,
            }
        })
    }
}

impl Drop for PageTable {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: By the invariants the table was allocated when it was filled.
        unsafe { bindings::sg_free_table(&mut self.table) };
    }
}

/// The pages of coherent memory, to be looked at.
///
/// It borrows the memory, which therefore is not freed, nor given to a transfer, while the table is
/// there. It gives no access to the memory. To let another device use the memory, map it with
/// [`SgMapping`](crate::dma::sg::SgMapping).
///
/// C: `struct sg_table`, `include/linux/scatterlist.h`.
///
/// # Examples
///
/// ```
/// use kernel::prelude::*;
/// use safe_dma::dma::coherent::CoherentMemory;
///
/// fn show(memory: &CoherentMemory<'_, [u8]>) -> Result {
///     for piece in memory.sg_table()?.pieces() {
///         pr_info!("{} bytes\n", piece.len());
///     }
///     Ok(())
/// }
/// ```
pub struct CoherentTable<'a> {
    // INVARIANT: Of memory that is borrowed for `'a`.
    table: PageTable,
    _memory: PhantomData<&'a ()>,
}

impl<'a> CoherentTable<'a> {
    pub(super) fn of<T: KnownSize + ?Sized>(memory: &'a CoherentMemory<'_, T>) -> Result<Self> {
        Ok(Self {
            table: PageTable::of(memory)?,
            _memory: PhantomData,
        })
    }

    /// The memory, piece by piece, in order.
    pub fn pieces(&self) -> impl Iterator<Item = Piece> + '_ {
        self.table.pieces()
    }
}
