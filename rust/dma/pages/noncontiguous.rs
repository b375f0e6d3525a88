// SPDX-License-Identifier: GPL-2.0

//! Any pages, as one range for the device.

use crate::{
    bindings as helpers,
    dma::{
        alloc,
        compat,
        direction::Direction,
        limits,
        range::Range,
        scatterlist::Entries,
        segments::{
            AnySegments,
            Memory, //
        },
        PhysVec, //
    }, //
};
use core::{
    marker::PhantomData,
    ptr::NonNull, //
};
use kernel::{
    alloc::Flags,
    bindings,
    device::{
        Bound,
        Device, //
    },
    dma::{
        attrs::DMA_ATTR_ALLOC_SINGLE_PAGES,
        Attrs, //
    },
    page::page_align,
    prelude::*,
    transmute::{
        AsBytes,
        FromBytes, //
    }, //
};

/// Elements in any pages that are allocated for a device, which accesses them as one range.
///
/// Behind an IOMMU the pages need not be contiguous, so that fragmented memory suffices. Without
/// one they are.
///
/// It is memory for transfers as it is. [`NoncontiguousPages::vmap`] maps it for the CPU. Dropping
/// the value unmaps the memory and frees it; forgetting it leaks both.
///
/// `D` is the direction for the library, the CPU's caches and the DMA debugger. An IOMMU lets the
/// device read and write such memory in each direction: C maps it so.
///
/// # Examples
///
/// ```
/// use kernel::{
///     device::{
///         Bound,
///         Device, //
///     },
///     prelude::*, //
/// };
/// use safe_dma::dma::{
///     FromDevice,
///     NoncontiguousPages,
///     VmappedPages, //
/// };
///
/// fn frame(dev: &Device<Bound>) -> Result<VmappedPages<'_, u8, FromDevice>> {
///     let pages = NoncontiguousPages::zeroed(dev, 48 << 10, FromDevice, GFP_KERNEL)?;
///     pr_info!("{} entries\n", pages.phys_vecs().count());
///
///     // Once, before all syncs.
///     let mut pages = pages.vmap()?;
///     assert_eq!(pages.sync_for_cpu()[0], 0);
///     Ok(pages)
/// }
/// ```
///
/// # Invariants
///
/// - `table` is from `dma_alloc_noncontiguous()` for `dev`, the size of `len` elements, which is
///   not zero, and the direction `D`. It has not been freed.
/// - That size is at most [`i32::MAX`] bytes.
/// - All bytes of its memory are initialized, and `T` is valid whatever they are.
pub struct NoncontiguousPages<'bound, T, D: Direction> {
    dev: &'bound Device<Bound>,
    pub(super) table: NonNull<bindings::sg_table>,
    len: usize,
    _elements: PhantomData<(T, D)>,
}

// SAFETY: This is memory that the DMA API frees from any thread. Sending it sends the elements.
unsafe impl<T: Send, D: Direction> Send for NoncontiguousPages<'_, T, D> {}

// SAFETY: A shared reference returns addresses and sizes, and does not access the memory.
unsafe impl<T: Send, D: Direction> Sync for NoncontiguousPages<'_, T, D> {}

impl<'bound, T, D: Direction> NoncontiguousPages<'bound, T, D> {
    /// Allocates `len` elements for the device to use in the direction that `direction` names, all
    /// of whose bytes are zero.
    ///
    /// Whole pages are allocated. Of `flags`, those of [`GFP_KERNEL`], [`GFP_KERNEL_ACCOUNT`] and
    /// [`__GFP_NOWARN`] count. May sleep, whatever they say.
    ///
    /// C: `dma_alloc_noncontiguous()`, [`kernel/dma/mapping.c`](srctree/kernel/dma/mapping.c), and
    /// `dma_sync_sgtable_for_device()`, which is due before the first transfer;
    /// [`include/linux/dma-mapping.h`](srctree/include/linux/dma-mapping.h).
    ///
    /// # Errors
    ///
    /// - [`EINVAL`] for no element, or elements without a byte;
    /// - [`EINVAL`] for more than a segment of the device can be ([`limits::max_seg_size`] and
    ///   [`limits::seg_boundary`]);
    /// - [`EOVERFLOW`] for more than [`i32::MAX`] bytes;
    /// - [`EIO`] if the device can do no DMA at all;
    /// - [`ENOMEM`] if there is no memory that the device can reach, or its addresses are used up.
    pub fn zeroed(
        dev: &'bound Device<Bound>,
        len: usize,
        direction: D,
        flags: Flags,
    ) -> Result<Self>
    where
        T: AsBytes + FromBytes,
    {
        Self::zeroed_with_attrs(dev, len, direction, flags, compat::no_attrs())
    }

    /// Allocates elements as [`NoncontiguousPages::zeroed`], with attributes.
    ///
    /// Such memory may have one: `DMA_ATTR_ALLOC_SINGLE_PAGES`, not to try for larger pages first.
    /// Others are refused with [`EINVAL`].
    pub fn zeroed_with_attrs(
        dev: &'bound Device<Bound>,
        len: usize,
        _direction: D,
        flags: Flags,
        attrs: Attrs,
    ) -> Result<Self>
    where
        T: AsBytes + FromBytes,
    {
        if !DMA_ATTR_ALLOC_SINGLE_PAGES.contains(attrs) {
            return Err(EINVAL);
        }

        let most = i32::MAX as usize;
        if len
            .checked_mul(size_of::<T>())
            .is_none_or(|size| size > most)
        {
            return Err(EOVERFLOW);
        }
        let size = alloc::alloc_size::<T>(len)?;
        if !compat::is_dma_capable(dev) || limits::coherent_mask(dev) == 0 {
            // C warns about such a device, or worse.
            return Err(EIO);
        }
        if !fits_one_segment(size, limits::max_seg_size(dev), limits::seg_boundary(dev)) {
            return Err(EINVAL);
        }

        // SAFETY: `dev` is bound, and has a mask for such memory. No flag or attribute is refused.
        let table = unsafe {
            bindings::dma_alloc_noncontiguous(
                compat::device(dev),
                size,
                D::DIRECTION.into(),
                // Behind an IOMMU, C does not clear the pages otherwise.
                compat::gfp(alloc::alloc_flags(flags, size)) | bindings::__GFP_ZERO,
                compat::attrs(attrs),
            )
        };
        let table = NonNull::new(table).ok_or(ENOMEM)?;

        // INVARIANT: Just allocated with these parameters and filled with zeroes, and `T` is
        // `FromBytes`. The size was checked above.
        let this = Self {
            dev,
            table,
            len,
            _elements: PhantomData,
        };

        // The zeroes may still be in the CPU's caches only.
        this.sync_sgtable_for_device();
        Ok(this)
    }

    /// Returns the number of elements.
    #[inline]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Always `false`: no empty memory is allocated.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Returns the device for which the memory was allocated.
    #[inline]
    pub fn device(&self) -> &'bound Device<Bound> {
        self.dev
    }

    /// Returns the DMA range of the memory.
    #[inline]
    pub fn range(&self) -> Range<'_, D> {
        // SAFETY: By the invariants the table is valid, and its first entry has the address of all
        // of the memory, which is mapped for `D` and which the range borrows.
        unsafe {
            let addr = bindings::sg_dma_address((*self.table.as_ptr()).sgl);

            Range::new(addr, self.size())
        }
    }

    /// Returns the physical memory: whole pages, the last of which may be used in part. For
    /// debugging only.
    ///
    /// C: `for_each_sgtable_sg()`, `sg_phys()`;
    /// [`include/linux/scatterlist.h`](srctree/include/linux/scatterlist.h).
    pub fn phys_vecs(&self) -> impl Iterator<Item = PhysVec> + '_ {
        // SAFETY: By the invariants the table is valid, and does not change. Its first `orig_nents`
        // entries are valid and have memory.
        let entries = unsafe {
            let table = self.table.as_ptr();

            Entries::new((*table).sgl, (*table).orig_nents)
        };

        entries.phys_vecs()
    }

    /// Returns the size in bytes.
    #[inline]
    pub(super) fn size(&self) -> usize {
        // By the invariants it is that of an allocation, and does not overflow.
        self.len * size_of::<T>()
    }

    /// Makes CPU writes visible to the device.
    pub(super) fn sync_sgtable_for_device(&self) {
        // SAFETY: By the invariants the table is mapped for this device and direction.
        unsafe {
            helpers::helper_dma_sync_sgtable_for_device(
                compat::device(self.dev),
                self.table.as_ptr(),
                D::DIRECTION.into(),
            )
        };
    }

    /// Makes device writes visible to the CPU.
    pub(super) fn sync_sgtable_for_cpu(&self) {
        // SAFETY: By the invariants the table is mapped for this device and direction.
        unsafe {
            helpers::helper_dma_sync_sgtable_for_cpu(
                compat::device(self.dev),
                self.table.as_ptr(),
                D::DIRECTION.into(),
            )
        };
    }
}

impl<T, D: Direction> Drop for NoncontiguousPages<'_, T, D> {
    /// Frees the memory. May sleep.
    ///
    /// C: `dma_free_noncontiguous()`, [`kernel/dma/mapping.c`](srctree/kernel/dma/mapping.c).
    fn drop(&mut self) {
        // SAFETY: By the invariants, the memory was allocated with these parameters, and not freed.
        // It is freed once, as `self` is not used again. No device uses it: a transfer would own
        // it.
        unsafe {
            bindings::dma_free_noncontiguous(
                compat::device(self.dev),
                self.size(),
                self.table.as_ptr(),
                D::DIRECTION.into(),
            )
        };
    }
}

// SAFETY: `range()` is all of the memory, which is mapped for `dev`, and lets the device do what
// `D` does, until `self` is dropped, and for ever if it is forgotten. No CPU access to it is
// possible. By the invariants its bytes are initialized, and valid whatever they are.
unsafe impl<T, D: Direction> Memory for NoncontiguousPages<'_, T, D> {
    type Direction = D;

    #[inline]
    fn device(&self) -> &Device<Bound> {
        self.dev
    }

    #[inline]
    fn segments(&self) -> AnySegments<'_> {
        self.range().into()
    }
}

/// Returns whether `size` bytes, in whole pages, fit a segment of at most `max` bytes that does not
/// cross `boundary`.
fn fits_one_segment(size: usize, max: u32, boundary: u64) -> bool {
    // CAST: From at most 64 bits.
    page_align(size).is_some_and(|size| {
        let size = size as u64;

        size <= u64::from(max) && size - 1 <= boundary
    })
}

#[kunit_tests(safe_dma_noncontiguous)]
mod tests {
    use super::*;
    use kernel::page::PAGE_SIZE;

    #[test]
    fn segment_that_fits() {
        let boundary = 0xffff_ffff;

        assert!(fits_one_segment(1, 0x10000, boundary));
        assert!(fits_one_segment(0x10000, 0x10000, boundary));
        assert!(fits_one_segment(0x10000, u32::MAX, 0xffff));
    }

    /// A part of a page takes all of it.
    #[test]
    fn segment_too_long() {
        let boundary = 0xffff_ffff;

        assert!(!fits_one_segment(0x10001, 0x10000, boundary));
        assert!(!fits_one_segment(1, PAGE_SIZE as u32 - 1, boundary));
        assert!(!fits_one_segment(usize::MAX, u32::MAX, u64::MAX));
    }

    #[test]
    fn segment_across_boundary() {
        assert!(!fits_one_segment(0x10001, u32::MAX, 0xffff));
        assert!(!fits_one_segment(0x10000, u32::MAX, 0xfff));
    }
}
