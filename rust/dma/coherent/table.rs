// SPDX-License-Identifier: GPL-2.0

//! The scatter-gather table of coherent memory.

use super::CoherentMemory;
use crate::{
    bindings as helpers,
    dma::{
        limits,
        raw,
        sg::Piece, //
    },
};
use core::marker::PhantomData;
use kernel::{
    bindings,
    device::{
        Bound,
        Device, //
    },
    error::to_result,
    prelude::*,
    ptr::KnownSize, //
};

/// The pages of coherent memory, for another device.
///
/// It borrows the memory, which therefore is not freed, nor given to a transfer, while the table is
/// there. It gives no access to the memory, and says by [`CoherentTable::may_be_mapped_for`] who can
/// be given it.
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
///         pr_info!("{} bytes at {:#x}\n", piece.len, piece.phys);
///     }
///     Ok(())
/// }
/// ```
///
/// # Invariants
///
/// `table` was filled by `dma_get_sgtable_attrs()` with the pages of `size` bytes that were allocated for
/// `dev` and stay so for `'a`.
pub struct CoherentTable<'a> {
    table: bindings::sg_table,
    size: usize,
    dev: &'a Device<Bound>,
    _memory: PhantomData<&'a ()>,
}

// SAFETY: A table is a description that nobody changes; it is freed from any thread.
unsafe impl Send for CoherentTable<'_> {}

// SAFETY: A shared reference to a table gives addresses and lengths only.
unsafe impl Sync for CoherentTable<'_> {}

impl<'a> CoherentTable<'a> {
    pub(super) fn of<T: KnownSize + ?Sized>(memory: &'a CoherentMemory<'_, T>) -> Result<Self> {
        let dev = raw::device(memory.dev);

        // SAFETY: `dev` is a valid device.
        if unsafe { helpers::helper_dev_has_own_memory(dev) } {
            return Err(ENXIO);
        }

        let mut table = bindings::sg_table::default();
        // SAFETY: By the invariants of `CoherentMemory` and `Coherent`, this memory was allocated for
        // this device with these parameters. It has pages, by the check above, and a kernel mapping,
        // since no attribute asked for none. `table` is initialized here, whatever it holds.
        to_result(unsafe {
            bindings::dma_get_sgtable_attrs(
                dev,
                &mut table,
                memory.as_mut_ptr().cast(),
                memory.dma_address(),
                memory.size(),
                raw::attrs(memory.attrs),
            )
        })?;

        // INVARIANT: The memory is borrowed for `'a`.
        Ok(Self {
            table,
            size: memory.size(),
            dev: memory.dev,
            _memory: PhantomData,
        })
    }

    /// The memory, piece by piece, in order.
    pub fn pieces(&self) -> impl Iterator<Item = Piece> + '_ {
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

    /// Whether the memory can also be mapped for `other`, to be used in turns.
    ///
    /// A streaming mapping may clean caches, and copy to a bounce buffer, through the linear map, where
    /// memory is cached. So it can if the CPU caches the memory at all, which it does for a device that
    /// is cache-coherent, and not if both are the same: a device needs no second mapping.
    ///
    /// C: the rules of `dma_get_sgtable_attrs()`, `kernel/dma/mapping.c`.
    pub fn may_be_mapped_for(&self, other: &Device<Bound>) -> bool {
        limits::is_coherent(self.dev) && !core::ptr::eq(self.dev, other)
    }
}

impl Drop for CoherentTable<'_> {
    fn drop(&mut self) {
        // SAFETY: By the invariants the table was allocated when it was filled.
        unsafe { bindings::sg_free_table(&mut self.table) };
    }
}
