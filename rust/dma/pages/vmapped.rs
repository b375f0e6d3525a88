// SPDX-License-Identifier: GPL-2.0

//! Noncontiguous pages that the CPU can access.

use super::noncontiguous::NoncontiguousPages;
use crate::{
    bindings as helpers,
    dma::{
        compat,
        cpu_owned::{
            private::{
                CpuMapped,
                SyncForCpu, //
            },
            CpuAccess,
            CpuOwned,
            Part, //
        },
        direction::Direction,
        error::ErrorWith,
        sealed::Sealed,
        segments::{
            AnySegments,
            Memory, //
        }, //
    }, //
};
use core::{
    ops::Deref,
    ptr::NonNull, //
};
use kernel::{
    bindings,
    device::{
        Bound,
        Device, //
    },
    prelude::*, //
};

impl<'bound, T, D: Direction> NoncontiguousPages<'bound, T, D> {
    /// Maps the pages contiguously into the kernel's address space, for the CPU to access them.
    ///
    /// May sleep.
    ///
    /// C: `dma_vmap_noncontiguous()`, [`kernel/dma/mapping.c`](srctree/kernel/dma/mapping.c).
    ///
    /// # Errors
    ///
    /// The memory comes back with [`ENOMEM`] if there are no addresses for it.
    pub fn vmap(self) -> Result<VmappedPages<'bound, T, D>, ErrorWith<Self>> {
        let dev = self.device();
        // SAFETY: By the invariants of `NoncontiguousPages`, the table is from
        // `dma_alloc_noncontiguous()` with these parameters.
        let start = unsafe {
            bindings::dma_vmap_noncontiguous(compat::device(dev), self.size(), self.table.as_ptr())
        };

        match NonNull::new(start.cast()) {
            // INVARIANT: Just mapped. It is the start of a page, which aligns it for `T`.
            Some(start) => Ok(VmappedPages {
                vmap: Vmap { dev, start },
                pages: self,
            }),
            None => Err(ErrorWith::new(ENOMEM, self)),
        }
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
        // SAFETY: By the invariants `start` is from `dma_vmap_noncontiguous()` for `dev`. It is
        // unmapped once, as `self` is not used again, and no guard is left that refers to it.
        unsafe {
            bindings::dma_vunmap_noncontiguous(compat::device(self.dev), self.start.as_ptr().cast())
        };
    }
}

/// [`NoncontiguousPages`] that the CPU can access.
///
/// Returned by [`NoncontiguousPages::vmap`], which is called once; then
/// [`VmappedPages::sync_for_cpu`] and [`VmappedPages::into_cpu`] give the memory to the CPU as
/// often as needed. It is memory for transfers as well. It dereferences to [`NoncontiguousPages`].
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

// SAFETY: As of `NoncontiguousPages`; the mapping may be used and unmapped by any thread.
unsafe impl<T: Send, D: Direction> Send for VmappedPages<'_, T, D> {}

// SAFETY: A shared reference returns addresses and sizes, and does not access the memory.
unsafe impl<T: Send, D: Direction> Sync for VmappedPages<'_, T, D> {}

impl<'bound, T, D: Direction> VmappedPages<'bound, T, D> {
    /// Gives the memory to the CPU until the guard is dropped.
    ///
    /// Device writes are visible to the CPU when this returns, and CPU writes to the device when
    /// the guard is dropped. All of the memory is synced: C has no function for a part. Does not
    /// sleep.
    ///
    /// C: `dma_sync_sgtable_for_cpu()` and `invalidate_kernel_vmap_range()` here,
    /// `flush_kernel_vmap_range()` and `dma_sync_sgtable_for_device()` in the guard's drop;
    /// [`include/linux/dma-mapping.h`](srctree/include/linux/dma-mapping.h),
    /// [`include/linux/highmem.h`](srctree/include/linux/highmem.h).
    pub fn sync_for_cpu(&mut self) -> CpuAccess<'_, Self> {
        CpuAccess::whole(self)
    }

    /// Gives the memory to the CPU, as a value that owns it.
    ///
    /// Device writes are visible to the CPU when this returns. Does not sleep.
    ///
    /// C: `dma_sync_sgtable_for_cpu()` and `invalidate_kernel_vmap_range()` here,
    /// `flush_kernel_vmap_range()` and `dma_sync_sgtable_for_device()` in
    /// [`CpuOwned::into_device`];
    /// [`include/linux/dma-mapping.h`](srctree/include/linux/dma-mapping.h),
    /// [`include/linux/highmem.h`](srctree/include/linux/highmem.h).
    pub fn into_cpu(self) -> CpuOwned<Self> {
        CpuOwned::new(self)
    }

    /// Unmaps the pages from the kernel's address space.
    ///
    /// May sleep.
    ///
    /// C: `dma_vunmap_noncontiguous()`, [`kernel/dma/mapping.c`](srctree/kernel/dma/mapping.c).
    pub fn vunmap(self) -> NoncontiguousPages<'bound, T, D> {
        self.pages
    }
}

impl<'bound, T, D: Direction> Deref for VmappedPages<'bound, T, D> {
    type Target = NoncontiguousPages<'bound, T, D>;

    #[inline]
    fn deref(&self) -> &NoncontiguousPages<'bound, T, D> {
        &self.pages
    }
}

// SAFETY: As of `NoncontiguousPages`, which `self` owns. The CPU accesses the memory by a guard
// that borrows `self` exclusively; `self` has no more than a raw pointer.
unsafe impl<T, D: Direction> Memory for VmappedPages<'_, T, D> {
    type Direction = D;

    #[inline]
    fn device(&self) -> &Device<Bound> {
        self.pages.device()
    }

    #[inline]
    fn segments(&self) -> AnySegments<'_> {
        self.pages.range().into()
    }
}

impl<T, D: Direction> SyncForCpu for VmappedPages<'_, T, D> {
    type Direction = D;
    type Data = [T];
    type Part = Part<[T]>;

    #[inline]
    fn whole(&self, _: Sealed) -> Part<[T]> {
        Part::whole(NonNull::slice_from_raw_parts(
            self.vmap.start,
            self.pages.len(),
        ))
    }

    unsafe fn sync_for_cpu(&mut self, _part: Part<[T]>, _: Sealed) {
        self.pages.sync_sgtable_for_cpu();

        // SAFETY: By the invariants these bytes are mapped there. CAST: At most `i32::MAX`.
        unsafe {
            helpers::helper_invalidate_kernel_vmap_range(
                self.vmap.start.as_ptr().cast(),
                self.pages.size() as i32,
            )
        };
    }

    unsafe fn sync_for_device(&mut self, _part: Part<[T]>, _: Sealed) {
        // SAFETY: By the invariants these bytes are mapped there. CAST: At most `i32::MAX`.
        unsafe {
            helpers::helper_flush_kernel_vmap_range(
                self.vmap.start.as_ptr().cast(),
                self.pages.size() as i32,
            )
        };

        self.pages.sync_sgtable_for_device();
    }
}

// SAFETY: By the invariants of both fields this is memory that `self` owns, aligned, initialized
// and valid whatever a device writes.
unsafe impl<T, D: Direction> CpuMapped for VmappedPages<'_, T, D> {}
