// SPDX-License-Identifier: GPL-2.0

//! Pages from anywhere, as one piece for the device.

use super::check_device;
use crate::{
    bindings as helpers,
    dma::{
        direction::{
            DeviceReads,
            Direction, //
        },
        limits,
        raw,
        sealed::Sealed,
        sg::Piece,
        span::Span,
        streaming::MapError,
        transfer::DeviceMemory,
        turn::{
            self,
            CpuTurn, //
        }, //
    },
};
use core::{
    marker::PhantomData,
    ops::{
        Deref,
        DerefMut, //
    },
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

/// Elements in pages from anywhere that a device owns from birth, and sees as one piece.
///
/// Behind an IOMMU the pages need not be contiguous, so that there are many even when memory is
/// fragmented. Without one they are.
///
/// It is memory for transfers as it is. For the CPU to reach it, it takes [`NoncontiguousPages::vmap`].
/// Dropping the value unmaps the memory and frees it; forgetting it leaks both.
///
/// `D` is how the library, the CPU's caches and the DMA debugger take it. An IOMMU lets the device read
/// and write such memory whatever `D` is: C maps it so.
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
///     direction::FromDevice,
///     pages::{
///         NoncontiguousPages,
///         VmappedPages, //
///     }, //
/// };
///
/// fn frame(dev: &Device<Bound>) -> Result<VmappedPages<'_, u8, FromDevice>> {
///     let pages = NoncontiguousPages::zeroed(dev, 48 << 10, FromDevice, GFP_KERNEL)?;
///     pr_info!("{} pieces of memory\n", pages.pieces().count());
///
///     // Once, for as many turns as there will be.
///     let mut pages = pages.vmap()?;
///     assert_eq!(pages.sync_for_cpu()[0], 0);
///     Ok(pages)
/// }
/// ```
///
/// # Invariants
///
/// - `table` is from `dma_alloc_noncontiguous()` for `dev`, the size of `len` elements, which is not zero,
///   and the direction `D`. It has not been freed.
/// - That size is at most [`i32::MAX`] bytes.
/// - All bytes of its memory are initialized, and `T` is valid whatever they are.
pub struct NoncontiguousPages<'bound, T, D: Direction> {
    dev: &'bound Device<Bound>,
    table: NonNull<bindings::sg_table>,
    len: usize,
    _elements: PhantomData<(T, D)>,
}

// SAFETY: This is memory and what is needed to free it, which the DMA API does from any thread. What is
// sent is in effect the elements.
unsafe impl<T: Send, D: Direction> Send for NoncontiguousPages<'_, T, D> {}

// SAFETY: A shared reference gives addresses and lengths, and no access to the memory.
unsafe impl<T: Send, D: Direction> Sync for NoncontiguousPages<'_, T, D> {}

impl<'bound, T, D: Direction> NoncontiguousPages<'bound, T, D> {
    /// Allocates `len` elements for the device to use in the direction that `direction` names, all of
    /// whose bytes are zero.
    ///
    /// Whole pages are allocated. Of `flags`, those of [`GFP_KERNEL`], [`GFP_KERNEL_ACCOUNT`] and
    /// [`__GFP_NOWARN`] count. May sleep, whatever they say.
    ///
    /// # Errors
    ///
    /// - [`EINVAL`] for no element, or elements without a byte;
    /// - [`EINVAL`] for more pages than the device takes as one segment ([`limits::max_seg_size`] and
    ///   [`limits::seg_boundary`]), as which it will see them;
    /// - [`EOVERFLOW`] for more than [`i32::MAX`] bytes;
    /// - [`EIO`] if the device can do no DMA at all;
    /// - [`ENOMEM`] if there is no memory that the device can reach, or its addresses are used up.
    ///
    /// C: `dma_alloc_noncontiguous()`, `kernel/dma/mapping.c`, and `dma_sync_sgtable_for_device()`, which
    /// is due before the device's first turn.
    pub fn zeroed(
        dev: &'bound Device<Bound>,
        len: usize,
        direction: D,
        flags: Flags,
    ) -> Result<Self>
    where
        T: AsBytes + FromBytes,
    {
        Self::zeroed_attrs(dev, len, direction, flags, raw::no_attrs())
    }

    /// As [`NoncontiguousPages::zeroed`], with attributes.
    ///
    /// There is one that such memory may have: `DMA_ATTR_ALLOC_SINGLE_PAGES`, not to try for larger
    /// pieces first. Others are refused with [`EINVAL`].
    pub fn zeroed_attrs(
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
        let size = raw::alloc_size::<T>(len)?;
        check_device(dev)?;
        if !fits_one_segment(size, limits::max_seg_size(dev), limits::seg_boundary(dev)) {
            return Err(EINVAL);
        }

        // SAFETY: `dev` is bound, and has a mask for such memory. No flag or attribute is refused.
        let table = unsafe {
            bindings::dma_alloc_noncontiguous(
                raw::device(dev),
                size,
                D::DIRECTION.into(),
                // Behind an IOMMU, C leaves the pages as they are found, unless told.
                raw::gfp(raw::alloc_flags(flags, size)) | bindings::__GFP_ZERO,
                raw::attrs(attrs),
            )
        };
        let table = NonNull::new(table).ok_or(ENOMEM)?;

        // INVARIANT: Just allocated with these parameters and filled with zeroes, and `T` is `FromBytes`.
        // The size was checked above.
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

    /// Maps the pages into the kernel's address space, in a row, for the CPU to have its turns.
    ///
    /// May sleep.
    ///
    /// # Errors
    ///
    /// The memory comes back with [`ENOMEM`] if there are no addresses for it.
    ///
    /// C: `dma_vmap_noncontiguous()`, `kernel/dma/mapping.c`.
    pub fn vmap(self) -> Result<VmappedPages<'bound, T, D>, MapError<Self>> {
        // SAFETY: By the invariants, the table is from `dma_alloc_noncontiguous()` with these parameters.
        let start = unsafe {
            bindings::dma_vmap_noncontiguous(
                raw::device(self.dev),
                self.size(),
                self.table.as_ptr(),
            )
        };

        match NonNull::new(start) {
            // INVARIANT: Just mapped, and that begins with a page, which aligns it for `T`.
            Some(start) => Ok(VmappedPages {
                vmap: Vmap {
                    dev: self.dev,
                    start: start.cast(),
                },
                pages: self,
            }),
            None => Err(MapError {
                error: ENOMEM,
                buffer: self,
            }),
        }
    }

    /// The number of elements.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is nothing in it; there always is.
    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The device for which the memory was allocated.
    #[inline(always)]
    pub fn device(&self) -> &'bound Device<Bound> {
        self.dev
    }

    /// What the device is told of all the memory.
    #[inline(always)]
    pub fn span(&self) -> Span<'_, D> {
        // SAFETY: By the invariants the table is valid, and its first entry has the address of all of the
        // memory, which is mapped for `D` and which the span borrows.
        unsafe {
            let addr = bindings::sg_dma_address((*self.table.as_ptr()).sgl);

            Span::new(addr, self.size())
        }
    }

    /// The pieces of memory as the CPU knows them: whole pages, of which the last may have a rest that
    /// nobody uses. For tests, logs and people.
    ///
    /// C: `for_each_sgtable_sg()`, `sg_phys()`; `include/linux/scatterlist.h`.
    pub fn pieces(&self) -> impl Iterator<Item = Piece> + '_ {
        // SAFETY: By the invariants the table is valid. Nobody changes it.
        let (mut entry, count) = unsafe {
            let table = self.table.as_ptr();

            ((*table).sgl, (*table).orig_nents)
        };

        (0..count).map(move |_| {
            // SAFETY: The first `orig_nents` entries are valid and have memory.
            let piece = unsafe {
                Piece {
                    phys: helpers::helper_sg_phys(entry),
                    // CAST: From 32 bits to at least as many.
                    len: (*entry).length as usize,
                    may_be_part: false,
                }
            };

            // SAFETY: `entry` is one of them.
            entry = unsafe { bindings::sg_next(entry) };
            piece
        })
    }

    /// The size in bytes.
    #[inline(always)]
    fn size(&self) -> usize {
        // By the invariants it is that of an allocation, and does not overflow.
        self.len * size_of::<T>()
    }

    /// Makes what the CPU wrote visible to the device.
    #[inline(always)]
    fn sync_sgtable_for_device(&self) {
        // SAFETY: By the invariants the table is mapped for this device and direction.
        unsafe {
            helpers::helper_dma_sync_sgtable_for_device(
                raw::device(self.dev),
                self.table.as_ptr(),
                D::DIRECTION.into(),
            )
        };
    }

    /// Makes what the device wrote visible to the CPU.
    #[inline(always)]
    fn sync_sgtable_for_cpu(&self) {
        // SAFETY: By the invariants the table is mapped for this device and direction.
        unsafe {
            helpers::helper_dma_sync_sgtable_for_cpu(
                raw::device(self.dev),
                self.table.as_ptr(),
                D::DIRECTION.into(),
            )
        };
    }
}

impl<T, D: Direction> Drop for NoncontiguousPages<'_, T, D> {
    /// May sleep. C: `dma_free_noncontiguous()`, `kernel/dma/mapping.c`.
    fn drop(&mut self) {
        // SAFETY: By the invariants, the memory was allocated with these parameters, and not freed. It is
        // freed once, as `self` is not used again. No device uses it: a transfer would own it.
        unsafe {
            bindings::dma_free_noncontiguous(
                raw::device(self.dev),
                self.size(),
                self.table.as_ptr(),
                D::DIRECTION.into(),
            )
        };
    }
}

// SAFETY: `span()` is all of the memory, which is mapped for `dev` and what `D` lets the device do until
// `self` is dropped, and for ever if it is forgotten. No CPU access to it is possible. By the invariants
// its bytes are initialized, and valid whatever they are.
unsafe impl<T, D: Direction> DeviceMemory for NoncontiguousPages<'_, T, D> {
    type Direction = D;

    #[inline(always)]
    fn device(&self) -> &Device<Bound> {
        self.dev
    }

    #[inline(always)]
    fn span(&self) -> Span<'_, D> {
        NoncontiguousPages::span(self)
    }
}

/// A mapping of pages into the kernel's address space.
///
/// # Invariants
///
/// `start` is from `dma_vmap_noncontiguous()` for `dev`, and has not been unmapped.
struct Vmap<'bound, T> {
    dev: &'bound Device<Bound>,
    start: NonNull<T>,
}

impl<T> Drop for Vmap<'_, T> {
    fn drop(&mut self) {
        // SAFETY: By the invariants; it is unmapped once, as `self` is not used again, and no guard is
        // left that refers to the memory.
        unsafe {
            bindings::dma_vunmap_noncontiguous(raw::device(self.dev), self.start.as_ptr().cast())
        };
    }
}

/// [`NoncontiguousPages`] that the CPU can have its turns with.
///
/// Returned by [`NoncontiguousPages::vmap`], which is asked once; then
/// [`VmappedPages::sync_for_cpu`] lends the memory to the CPU as often as it is wanted, and
/// [`VmappedPages::into_cpu`] gives it. It is the memory
/// of transfers as well. What can be asked of [`NoncontiguousPages`] is there by [`Deref`].
///
/// Dropping it unmaps the memory and frees it, and may sleep; forgetting it leaks all.
///
/// # Invariants
///
/// `vmap` is a mapping of all of `pages`, aligned for `T`.
pub struct VmappedPages<'bound, T, D: Direction> {
    // Dropped before the pages, in the order of declaration.
    vmap: Vmap<'bound, T>,
    pages: NoncontiguousPages<'bound, T, D>,
}

// SAFETY: As of `NoncontiguousPages`; what is mapped may be used and unmapped by any thread.
unsafe impl<T: Send, D: Direction> Send for VmappedPages<'_, T, D> {}

// SAFETY: A shared reference gives addresses and lengths, and no access to the memory.
unsafe impl<T: Send, D: Direction> Sync for VmappedPages<'_, T, D> {}

impl<'bound, T, D: Direction> VmappedPages<'bound, T, D> {
    /// Lends the memory to the CPU, until the guard is dropped.
    ///
    /// Before this returns, what the device wrote is made visible to the CPU; when the guard is
    /// dropped, what the CPU wrote is made visible to the device. It is synced as a whole: C has no
    /// function for a part. Does not sleep.
    ///
    /// C: `dma_sync_sgtable_for_cpu()` and `invalidate_kernel_vmap_range()` here,
    /// `flush_kernel_vmap_range()` and `dma_sync_sgtable_for_device()` in the guard's drop;
    /// `include/linux/dma-mapping.h`, `include/linux/highmem.h`.
    pub fn sync_for_cpu(&mut self) -> VmapAccess<'_, 'bound, T, D> {
        self.give_to_cpu();

        VmapAccess {
            memory: self,
            _data: PhantomData,
        }
    }

    /// Gives the memory to the CPU, as a value that owns it.
    ///
    /// What the device wrote is visible to the CPU when this returns. Does not sleep.
    ///
    /// C: `dma_sync_sgtable_for_cpu()` and `invalidate_kernel_vmap_range()` here,
    /// `flush_kernel_vmap_range()` and `dma_sync_sgtable_for_device()` in [`CpuTurn::into_device`];
    /// `include/linux/dma-mapping.h`, `include/linux/highmem.h`.
    pub fn into_cpu(self) -> CpuTurn<Self> {
        CpuTurn::begin(self)
    }

    /// Takes the pages out of the kernel's address space.
    ///
    /// May sleep.
    ///
    /// C: `dma_vunmap_noncontiguous()`, `kernel/dma/mapping.c`.
    pub fn vunmap(self) -> NoncontiguousPages<'bound, T, D> {
        self.pages
    }

    /// Makes what the device wrote visible to the CPU.
    fn give_to_cpu(&self) {
        self.pages.sync_sgtable_for_cpu();

        // SAFETY: By the invariants these bytes are mapped there. CAST: At most `i32::MAX`.
        unsafe {
            helpers::helper_invalidate_kernel_vmap_range(
                self.vmap.start.as_ptr().cast(),
                self.pages.size() as i32,
            )
        };
    }

    /// Makes what the CPU wrote visible to the device.
    fn give_to_device(&self) {
        // SAFETY: By the invariants these bytes are mapped there. CAST: At most `i32::MAX`.
        unsafe {
            helpers::helper_flush_kernel_vmap_range(
                self.vmap.start.as_ptr().cast(),
                self.pages.size() as i32,
            )
        };

        self.pages.sync_sgtable_for_device();
    }

    /// The elements as the CPU has them, without a reference to them.
    #[inline(always)]
    fn data(&self) -> NonNull<[T]> {
        NonNull::slice_from_raw_parts(self.vmap.start, self.pages.len)
    }
}

impl<'bound, T, D: Direction> Deref for VmappedPages<'bound, T, D> {
    type Target = NoncontiguousPages<'bound, T, D>;

    #[inline(always)]
    fn deref(&self) -> &NoncontiguousPages<'bound, T, D> {
        &self.pages
    }
}

// SAFETY: As of `NoncontiguousPages`, which `self` owns. The CPU reaches the memory through `self` only,
// by a guard that borrows it; `self` has no more than a raw pointer.
unsafe impl<T, D: Direction> DeviceMemory for VmappedPages<'_, T, D> {
    type Direction = D;

    #[inline(always)]
    fn device(&self) -> &Device<Bound> {
        self.pages.dev
    }

    #[inline(always)]
    fn span(&self) -> Span<'_, D> {
        self.pages.span()
    }
}

impl<T, D: Direction> turn::private::Turns for VmappedPages<'_, T, D> {
    type Direction = D;
    type Data = [T];

    #[inline(always)]
    fn begin_turn(&mut self, _: Sealed) {
        self.give_to_cpu();
    }

    #[inline(always)]
    fn end_turn(&mut self, _: Sealed) {
        self.give_to_device();
    }
}

// SAFETY: By the invariants of both parts.
unsafe impl<T, D: Direction> turn::private::Contiguous for VmappedPages<'_, T, D> {
    #[inline(always)]
    fn data(&self) -> NonNull<[T]> {
        VmappedPages::data(self)
    }
}

/// Memory of [`VmappedPages`] in the hands of the CPU.
///
/// Returned by [`VmappedPages::sync_for_cpu`]. When it is dropped the memory belongs to the device
/// again. If it is forgotten, the memory does so too, but what the CPU wrote may be lost.
///
/// All directions can be read. What the CPU writes goes somewhere only if the device reads it: a guard
/// of `FromDevice` memory is read-only.
pub struct VmapAccess<'a, 'bound, T, D: Direction> {
    // INVARIANT: Borrowed exclusively, so that neither a transfer nor another guard can be there.
    memory: &'a mut VmappedPages<'bound, T, D>,
    // What can be shared and sent is as if this were the memory itself.
    _data: PhantomData<&'a mut [T]>,
}

impl<T, D: Direction> Deref for VmapAccess<'_, '_, T, D> {
    type Target = [T];

    #[inline(always)]
    fn deref(&self) -> &[T] {
        // SAFETY: By the invariants, these elements are mapped there, aligned, initialized and valid
        // whatever the device wrote. They are the CPU's, and nobody else refers to them.
        unsafe { self.memory.data().as_ref() }
    }
}

impl<T, D: DeviceReads> DerefMut for VmapAccess<'_, '_, T, D> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: As for `deref()`; `self` is borrowed exclusively.
        unsafe { self.memory.data().as_mut() }
    }
}

impl<T, D: Direction> Drop for VmapAccess<'_, '_, T, D> {
    fn drop(&mut self) {
        self.memory.give_to_device();
    }
}

/// Whether a device that takes `max` bytes in a segment, which does not go across `boundary`, takes whole
/// pages of `size` bytes as one.
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
