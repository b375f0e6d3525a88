// SPDX-License-Identifier: GPL-2.0

//! Physically contiguous parts of memory.

use crate::dma::{
    cache_line,
    Direction, //
};
use kernel::{
    bindings,
    device::{
        Bound,
        Device, //
    },
    ffi::c_void,
    io::PhysAddr,
    page::PAGE_SIZE, //
};

/// Returns the physical address of `addr`.
///
/// C: `vmalloc_to_pfn()`, [`mm/vmalloc.c`](srctree/mm/vmalloc.c).
///
/// # Safety
///
/// Memory is mapped there, in vmalloc space.
#[inline]
pub(super) unsafe fn vmalloc_to_phys(addr: *const c_void) -> PhysAddr {
    // SAFETY: By the safety requirements.
    let pfn = unsafe { bindings::vmalloc_to_pfn(addr) };

    // CAST: From at most 64 bits.
    (pfn as PhysAddr) * PAGE_SIZE as PhysAddr + (addr.addr() % PAGE_SIZE) as PhysAddr
}

/// Physically contiguous memory, a part of what is mapped.
#[derive(Clone, Copy)]
pub struct PhysVec {
    pub(in crate::dma) phys: PhysAddr,
    pub(in crate::dma) len: usize,
    pub(in crate::dma) may_share_cacheline: bool,
}

impl PhysVec {
    /// Describes the `len` bytes from `phys` on, for an implementation of
    /// [`ScatterBuffer`](crate::dma::ScatterBuffer).
    ///
    /// `may_share_cacheline` says whether they may be only a part of an object from
    /// `kmalloc()`; see [`Buffer::MAY_SHARE_CACHELINE`](crate::dma::Buffer::MAY_SHARE_CACHELINE).
    #[inline]
    pub fn new(phys: PhysAddr, len: usize, may_share_cacheline: bool) -> Self {
        Self {
            phys,
            len,
            may_share_cacheline,
        }
    }

    /// Returns the length in bytes.
    #[inline]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Returns whether there is no byte in it.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Returns the physical address of the first byte.
    ///
    /// # Safety
    ///
    /// The number is not given to a device: where no IOMMU translates, it is the DMA address, and
    /// for that [`Address::as_raw`](crate::dma::Address::as_raw) asks for a promise.
    #[inline]
    pub unsafe fn phys_addr(&self) -> PhysAddr {
        self.phys
    }

    /// Returns whether it is a whole page.
    #[inline]
    pub(in crate::dma) fn is_page(&self) -> bool {
        self.len == PAGE_SIZE && self.phys % PAGE_SIZE as PhysAddr == 0
    }

    /// Returns whether mapping it for `dev` and `D` would let the device and other code write to
    /// the same cache line.
    pub(in crate::dma) fn shares_line<D: Direction>(&self, dev: &Device<Bound>) -> bool {
        // CAST: As far as alignment to a cache line goes, any part of the address will do.
        D::DEVICE_WRITES
            && self.may_share_cacheline
            && cache_line::shares_line::<D>(dev, self.phys as usize, self.len)
    }
}
