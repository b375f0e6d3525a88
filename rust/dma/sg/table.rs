// SPDX-License-Identifier: GPL-2.0

//! The scatter-gather table: physical ranges as entries that a device can take.

use super::fill::{
    EntryLimits,
    Filler,
    MAX_ENTRIES, //
};
use crate::{
    bindings as helpers,
    dma::{
        alloc,
        compat,
        Direction,
        Limits,
        PhysVec,
        Segments, //
    }, //
};
use core::{
    mem::ManuallyDrop,
    ptr::NonNull, //
};
use kernel::{
    alloc::Flags,
    bindings,
    device::{
        Bound,
        Device, //
    },
    dma::Attrs,
    ffi::c_int,
    prelude::*, //
};

/// The maximum number of ranges for which entries are allocated before they are counted: an array
/// of 16 KiB. If ranges are joined, some of them remain unused.
const MAX_UNCOUNTED: usize = 512;

/// A table of entries.
///
/// C: `struct sg_table`, [`include/linux/scatterlist.h`](srctree/include/linux/scatterlist.h).
///
/// # Invariants
///
/// - From `first` on, the first `entries` entries are filled, `size` bytes together. When they are
///   mapped, the first `mapped` have the DMA ranges.
/// - The table was allocated by `sg_alloc_table()` for `chained` entries; or, if that is 0, its
///   entries are an array from `kmalloc()`.
pub(super) struct Table {
    first: NonNull<bindings::scatterlist>,
    entries: u32,
    mapped: u32,
    chained: u32,
    size: usize,
}

// SAFETY: The entries belong to the table, and are freed from any thread.
unsafe impl Send for Table {}

// SAFETY: A shared reference to a table gives addresses and lengths.
unsafe impl Sync for Table {}

impl Table {
    /// Makes a table of `vecs`, within the limits of the device.
    ///
    /// # Errors
    ///
    /// [`EINVAL`] if a range is empty or there is none, or if the device, which uses them in the
    /// direction `D`, would write to a cache line of other memory; [`ENOMEM`] if there is no memory
    /// for the table.
    #[inline]
    pub(super) fn new<D: Direction>(
        limits: &Limits<'_>,
        vecs: impl Iterator<Item = PhysVec> + Clone,
        flags: Flags,
    ) -> Result<Self> {
        let flags = alloc::reclaim_flags(flags);

        // Unless ranges have to be cut, there is an entry for each of them at most.
        if let Some(most) = vecs.size_hint().1.filter(|most| *most <= MAX_UNCOUNTED) {
            if most == 0 {
                return Err(EINVAL);
            }
            // CAST: A small number.
            match Self::array::<D>(limits, vecs.clone(), most as u32, flags) {
                Err(error) if error == ENOSPC || error == ENOMEM => {}
                done => return done,
            }
        }

        // Copied from memory: if it were returned as it is, so would be an array, which otherwise
        // stays in registers.
        let table = ManuallyDrop::new(Self::counted::<D>(limits, vecs, flags)?);
        Ok(Self {
            first: table.first,
            entries: table.entries,
            mapped: table.mapped,
            chained: table.chained,
            size: table.size,
        })
    }

    /// Makes an array of `vecs` that has room for `most` entries; [`ENOSPC`] if they are more.
    #[inline]
    fn array<D: Direction>(
        limits: &Limits<'_>,
        vecs: impl Iterator<Item = PhysVec>,
        most: u32,
        flags: Flags,
    ) -> Result<Self> {
        // CAST: From 32 bits to at least as many.
        let size = most as usize * size_of::<bindings::scatterlist>();
        // As `KVec` does, which takes the way of `krealloc()`.
        let flags = compat::gfp(flags | __GFP_NOWARN);
        // SAFETY: May be called with any size.
        let first = unsafe { helpers::helper_kmalloc(size, flags) }.cast();

        // INVARIANT: An array, of which nothing is filled yet.
        let mut this = Self {
            first: NonNull::new(first).ok_or(ENOMEM)?,
            entries: 0,
            mapped: 0,
            chained: 0,
            size: 0,
        };
        // SAFETY: There are so many entries.
        this.fill::<D>(limits, vecs, most, unsafe { Filler::array(first, most) })?;
        Ok(this)
    }

    /// Makes a table of `vecs`, of which entries are counted first.
    ///
    /// C: `sg_alloc_table()`, [`lib/scatterlist.c`](srctree/lib/scatterlist.c).
    #[cold]
    #[inline(never)]
    fn counted<D: Direction>(
        limits: &Limits<'_>,
        vecs: impl Iterator<Item = PhysVec> + Clone,
        flags: Flags,
    ) -> Result<Self> {
        let mut counting = Filler::counting();
        counting
            .fill(vecs.clone(), EntryLimits::new(limits), |_| false)
            .map_err(|_| EINVAL)?;
        let count = MAX_ENTRIES - counting.free();

        let mut table = bindings::sg_table::default();
        // SAFETY: `table` is initialized here. C returns an error for zero entries.
        compat::to_result(unsafe {
            bindings::sg_alloc_table(&mut table, count, compat::gfp(flags))
        })?;
        let first = table.sgl;

        // INVARIANT: Allocated just now, and nothing is filled yet.
        let mut this = Self {
            first: NonNull::new(first).ok_or(ENOMEM)?,
            entries: 0,
            mapped: 0,
            chained: count,
            size: 0,
        };
        // SAFETY: The table has so many entries.
        this.fill::<D>(limits, vecs, count, unsafe { Filler::chain(first, count) })?;
        Ok(this)
    }

    /// Fills the table, which has `capacity` entries, with `vecs`.
    #[inline(always)]
    fn fill<D: Direction>(
        &mut self,
        limits: &Limits<'_>,
        vecs: impl Iterator<Item = PhysVec>,
        capacity: u32,
        mut filler: Filler<true>,
    ) -> Result {
        let dev = limits.device();

        filler.fill(vecs, EntryLimits::new(limits), |vec| {
            vec.shares_line::<D>(dev)
        })?;
        let count = capacity - filler.free();
        if count == 0 {
            return Err(EINVAL);
        }
        filler.end();

        // INVARIANT: So many were filled.
        self.entries = count;
        self.size = filler.size();
        Ok(())
    }

    /// Maps the entries for `dev`, the device of the limits, with the direction `D`.
    ///
    /// C: `dma_map_sgtable()`, [`kernel/dma/mapping.c`](srctree/kernel/dma/mapping.c).
    ///
    /// # Safety
    ///
    /// The entries are not mapped. Until they are unmapped, their memory is not moved, and the CPU
    /// does not access it, except for its owner if it is memory of others.
    #[inline]
    pub(super) unsafe fn map<D: Direction>(&mut self, dev: &Device<Bound>, attrs: Attrs) -> Result {
        let mut table = self.sg_table();

        // SAFETY: `dev` is bound, and can do DMA since its limits let an entry be. By the
        // safety requirements the memory is not accessed while it is mapped.
        compat::to_result(unsafe {
            bindings::dma_map_sgtable(
                compat::device(dev),
                &mut table,
                D::DIRECTION.into(),
                compat::attrs(attrs),
            )
        })?;

        // INVARIANT: Mapped just now.
        self.mapped = table.nents;
        Ok(())
    }

    /// Unmaps the entries.
    ///
    /// C: `dma_unmap_sg_attrs()`, [`kernel/dma/mapping.c`](srctree/kernel/dma/mapping.c).
    ///
    /// # Safety
    ///
    /// The entries are mapped for `dev` and `D` with `attrs`, to which `DMA_ATTR_SKIP_CPU_SYNC` may
    /// have been added if the memory was synced for the CPU. No device accesses them.
    #[inline]
    pub(super) unsafe fn unmap<D: Direction>(&mut self, dev: &Device<Bound>, attrs: Attrs) {
        // SAFETY: By the safety requirements these entries are mapped with these parameters, and no
        // device accesses them. CAST: C has a signed number here.
        unsafe {
            bindings::dma_unmap_sg_attrs(
                compat::device(dev),
                self.first.as_ptr(),
                self.entries as c_int,
                D::DIRECTION.into(),
                compat::attrs(attrs),
            )
        };
    }

    /// Returns the number of entries.
    #[inline]
    pub(super) fn entries(&self) -> u32 {
        self.entries
    }

    /// Returns the table for C. All of its entries may be written to.
    #[inline]
    pub(super) fn sg_table(&self) -> bindings::sg_table {
        bindings::sg_table {
            sgl: self.first.as_ptr(),
            nents: self.mapped,
            orig_nents: self.entries,
        }
    }

    /// Returns the first entry. All may be written to.
    #[inline]
    pub(super) fn first(&self) -> *mut bindings::scatterlist {
        self.first.as_ptr()
    }

    /// Returns the length of all entries together, in bytes.
    #[inline]
    pub(super) fn size(&self) -> usize {
        self.size
    }

    /// Returns the DMA ranges of the entries.
    ///
    /// # Safety
    ///
    /// The table is mapped for `D` until the segments are gone.
    #[inline]
    pub(super) unsafe fn segments<D: Direction>(&self) -> Segments<'_, D> {
        // SAFETY: By the invariants the first `mapped` entries have addresses and lengths, those of
        // all the memory.
        unsafe { Segments::from_table(self.first.as_ptr(), self.mapped, self.size) }
    }
}

impl Drop for Table {
    #[inline]
    fn drop(&mut self) {
        if self.chained == 0 {
            // SAFETY: By the invariants the entries are from `kmalloc()`.
            unsafe { bindings::kfree(self.first.as_ptr().cast()) };
        } else {
            let mut table = bindings::sg_table {
                sgl: self.first.as_ptr(),
                nents: 0,
                orig_nents: self.chained,
            };

            // SAFETY: By the invariants the table was allocated by `sg_alloc_table()`, with so many
            // entries. C goes by their number, and not by the end of the list.
            unsafe { bindings::sg_free_table(&mut table) };
        }
    }
}
