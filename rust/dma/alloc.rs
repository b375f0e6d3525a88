// SPDX-License-Identifier: GPL-2.0

//! Sizes and flags with which an allocation returns an error, never a warning.

use crate::bindings as helpers;
use core::mem;
use kernel::{
    alloc::Flags,
    bindings,
    page::PAGE_SIZE,
    prelude::*, //
};

/// Returns the flags of [`GFP_KERNEL`], [`GFP_KERNEL_ACCOUNT`], [`GFP_ATOMIC`], [`GFP_NOWAIT`] and
/// [`__GFP_NOWARN`] in `flags`.
///
/// Others are dropped: C refuses zones or has no kernel address for them, and warns of compound
/// pages. An allocation that may not sleep gets [`__GFP_NOWARN`], since it can fail at any time,
/// and the atomic pools ([`kernel/dma/pool.c`](srctree/kernel/dma/pool.c)) warn otherwise.
#[inline(always)]
pub(super) fn reclaim_flags(flags: Flags) -> Flags {
    let flags = flags & (GFP_KERNEL_ACCOUNT | GFP_ATOMIC | GFP_NOWAIT | __GFP_NOWARN);

    if flags & GFP_KERNEL == GFP_KERNEL {
        flags
    } else {
        flags | __GFP_NOWARN
    }
}

/// The size in bytes above which the page allocator does not try hard to find contiguous pages.
const COSTLY: usize = PAGE_SIZE << bindings::PAGE_ALLOC_COSTLY_ORDER;

/// Returns the flags for an allocation of `size` bytes for DMA: [`reclaim_flags()`] of `flags`, and
/// for large sizes those with which the allocation fails without a warning or the OOM killer.
///
/// The page allocator warns of a size beyond its largest order. Behind an IOMMU, pages are
/// allocated one by one, for which the OOM killer is called.
#[inline(always)]
pub(super) fn alloc_flags(flags: Flags, size: usize) -> Flags {
    let flags = reclaim_flags(flags);

    if size > COSTLY {
        // SAFETY: As for `compat::gfp()`, the other way round.
        let may_fail: Flags = unsafe { mem::transmute(helpers::HELPER_GFP_RETRY_MAYFAIL) };

        flags | may_fail | __GFP_NOWARN
    } else {
        flags
    }
}

/// Returns the size of RAM in bytes, the upper limit of an allocation.
///
/// C: `totalram_pages()`, [`include/linux/mm.h`](srctree/include/linux/mm.h).
#[inline]
pub(super) fn ram_size() -> usize {
    // SAFETY: May be called at any time. CAST: `unsigned long` has as many bits as `usize`.
    let pages = unsafe { helpers::helper_totalram_pages() } as usize;

    pages.saturating_mul(PAGE_SIZE)
}

/// Returns the size in bytes of `len` elements of the type `T`, allocated by the DMA API.
///
/// C rounds the size up to pages, counts them in 32 bits (`__iommu_dma_alloc_noncontiguous()`), and
/// keeps a pointer for each in an array of at most `INT_MAX` bytes (`kvmalloc()`), all without a
/// check. As with `vmalloc()`, no more than the machine's memory is asked for.
///
/// # Errors
///
/// [`EINVAL`] for a size of 0; [`EOVERFLOW`] for more than an address space has; [`ENOMEM`] for
/// more than the machine has.
#[inline]
pub(super) fn alloc_size<T>(len: usize) -> Result<usize> {
    const {
        assert!(
            align_of::<T>() <= PAGE_SIZE,
            "memory from the DMA API begins with a page: the alignment of the type is larger"
        );
    }
    // CAST: A positive number.
    const MAX_PAGES: usize = i32::MAX as usize / size_of::<*mut bindings::page>();

    match len.checked_mul(size_of::<T>()) {
        Some(0) => Err(EINVAL),
        // Any machine has as much: RAM is not counted for each small allocation.
        Some(size) if size <= COSTLY => Ok(size),
        // CAST: A positive number.
        Some(size) if size <= isize::MAX as usize => {
            if size <= ram_size().min(MAX_PAGES.saturating_mul(PAGE_SIZE)) {
                Ok(size)
            } else {
                Err(ENOMEM)
            }
        }
        _ => Err(EOVERFLOW),
    }
}

#[kunit_tests(safe_dma_alloc)]
mod tests {
    use super::{
        super::compat,
        *, //
    };

    #[test]
    fn size_of_some() {
        assert_eq!(alloc_size::<u8>(1), Ok(1));
        assert_eq!(alloc_size::<u32>(1024), Ok(4096));
        assert_eq!(alloc_size::<[u8; 3]>(5), Ok(15));
        assert_eq!(alloc_size::<u8>(ram_size()), Ok(ram_size()));
    }

    #[test]
    fn size_of_nothing() {
        assert_eq!(alloc_size::<u8>(0), Err(EINVAL));
        assert_eq!(alloc_size::<()>(17), Err(EINVAL));
        assert_eq!(alloc_size::<[u32; 0]>(usize::MAX), Err(EINVAL));
    }

    /// More than the machine has, than there is, and products that are good modulo the size of the
    /// address space.
    #[test]
    fn size_of_too_many() {
        // CAST: A positive number.
        let most = isize::MAX as usize;

        assert_eq!(alloc_size::<u8>(ram_size() + 1), Err(ENOMEM));
        assert_eq!(alloc_size::<u8>(most), Err(ENOMEM));
        assert_eq!(alloc_size::<u8>(most + 1), Err(EOVERFLOW));
        assert_eq!(alloc_size::<u8>(usize::MAX), Err(EOVERFLOW));
        assert_eq!(alloc_size::<u32>(most / 4 + 1), Err(EOVERFLOW));
        assert_eq!(alloc_size::<u32>(usize::MAX / 4 + 1), Err(EOVERFLOW));
        assert_eq!(alloc_size::<u32>(usize::MAX / 4 + 2), Err(EOVERFLOW));
    }

    /// A size that may not be there is asked for without a warning, and without the OOM killer.
    #[test]
    fn flags_of_size() {
        let small = PAGE_SIZE << bindings::PAGE_ALLOC_COSTLY_ORDER;

        assert_eq!(
            compat::gfp(alloc_flags(GFP_KERNEL, small)),
            bindings::GFP_KERNEL
        );
        assert_eq!(
            compat::gfp(alloc_flags(GFP_KERNEL, small + 1)),
            bindings::GFP_KERNEL | bindings::__GFP_NOWARN | helpers::HELPER_GFP_RETRY_MAYFAIL
        );
    }

    /// What may not sleep may fail, without a warning.
    #[test]
    fn flags_in_atomic_context() {
        for flags in [GFP_ATOMIC, GFP_NOWAIT] {
            let found = compat::gfp(alloc_flags(flags, 1));

            assert_eq!(found, compat::gfp(flags) | bindings::__GFP_NOWARN);
        }
    }

    /// No zone is asked for, of which C warns.
    #[test]
    fn flags_of_no_zone() {
        assert_eq!(
            compat::gfp(alloc_flags(GFP_KERNEL | __GFP_HIGHMEM, 1)),
            bindings::GFP_KERNEL
        );
        assert_eq!(
            compat::gfp(alloc_flags(!GFP_KERNEL, 1)) & bindings::__GFP_HIGHMEM,
            0
        );
    }
}
