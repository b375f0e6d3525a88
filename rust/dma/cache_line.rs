// SPDX-License-Identifier: GPL-2.0

//! Memory that a device must not write, because other memory shares its cache line.
//!
//! Memory passes between the CPU and a device that is not cache-coherent by whole cache lines: they
//! are written back before the device owns them, and invalidated afterwards. If a line also holds
//! other memory, which is written in the meantime, then either that write is lost or that of the
//! device: the line is in a cache and in memory, and each copy has one of the two.
//!
//! # Bounce buffers of the kernel
//!
//! Objects from `kmalloc()` need not be aligned to cache lines
//! (`CONFIG_DMA_BOUNCE_UNALIGNED_KMALLOC`; without it they are, and nothing here applies). Instead,
//! a mapping that a device writes goes through a bounce buffer if an object *of the mapped size*
//! might share a line: `dma_kmalloc_needs_bounce()`,
//! [`include/linux/dma-map-ops.h`](srctree/include/linux/dma-map-ops.h). That function is given
//! neither the address nor the size of the object. For the 64 bytes at the start of an object of 96
//! it assumes an object of 64, which is aligned to 64 as objects are to the largest power of two
//! that divides their size; one of 96 is aligned to 32.
//!
//! # The remaining case
//!
//! Let `size` bytes at the start of an object be mapped, and `line` be the size of a line.
//!
//! - The kernel bounces: no cache line of the object is invalidated. Safe at any address.
//! - It does not since `size` is `2 * ARCH_DMA_MINALIGN` or more: the object is at least as large,
//!   and of a size that is a power of two and aligned to it, or is whole pages. Safe.
//! - It does not since `kmalloc_size_roundup(size)` is a multiple of `line`. The object is at least
//!   that large, as rounding up keeps order, and as shrinking a vector leaves it in its object or
//!   moves it to another for at least `size` bytes. So if it begins with a line, all lines of the
//!   mapped bytes are within it, and by the contract of [`Buffer`](super::Buffer) its rest is not
//!   accessed. Safe.
//! - The same, but it begins within a line: the start of that line is other memory. This is the one
//!   case to refuse.
//!
//! If the object has just the mapped size, the last case is impossible: a size that is a multiple
//! of `line` is aligned to it. So a `KBox` is never refused, nor are whole pages. Debugging data
//! around objects changes neither their sizes nor their alignment, and by the third case none is in
//! a line of the mapped bytes. Red zones within the unused end of an object are written when it is
//! allocated and freed, not while it is mapped.
//!
//! # Parts
//!
//! A scatter-gather list may have an object in several entries, if it is longer than a segment of
//! the device. The kernel takes each entry for an object. An object of [`ALIGNED_SIZE`] bytes or
//! more is aligned to more than a line, and shares no line, however it is cut. Of a smaller one,
//! each entry is checked:
//!
//! - The kernel bounces it: safe.
//! - It does not, and the entry begins with a line. An object that is not aligned to lines is
//!   smaller than one, and so bounced with all its parts, or has one and a half. Its rest from the
//!   start of a line on is all of it, which is bounced if more than a line is mapped; or one line;
//!   or half a line, which is bounced. So the lines of the entry are the object's. Safe.
//! - It does not, and the entry begins within a line: refused, though the line may be all of the
//!   object's.

use super::{
    compat,
    direction::Direction,
    limits, //
};
use crate::bindings as helpers;
use kernel::{
    device::{
        Bound,
        Device, //
    },
    prelude::*, //
};

/// The size from which on memory from `kmalloc()` is aligned to more than a cache line.
pub(super) const ALIGNED_SIZE: usize = 2 * helpers::HELPER_ARCH_DMA_MINALIGN;

/// Returns whether mapping `size` bytes for `dev` and `D` would let the device and other code write
/// to the same cache line.
///
/// `start` is the start of an object from `kmalloc()`, or of a part of one that is smaller than
/// [`ALIGNED_SIZE`].
#[inline]
pub(super) fn shares_line<D: Direction>(dev: &Device<Bound>, start: usize, size: usize) -> bool {
    size < ALIGNED_SIZE && small_shares_line::<D>(dev, start, size)
}

/// Returns the result of [`shares_line()`] for sizes less than [`ALIGNED_SIZE`].
fn small_shares_line<D: Direction>(dev: &Device<Bound>, start: usize, size: usize) -> bool {
    // SAFETY: `dev` is a valid device.
    if unsafe { helpers::helper_dma_kmalloc_safe(compat::device(dev), D::DIRECTION.into()) } {
        return false;
    }

    // SAFETY: May be called with any size.
    let bounced = unsafe { !helpers::helper_dma_kmalloc_size_aligned(size) };

    starts_unaligned(start, bounced, limits::cache_alignment())
}

/// Returns whether an object at `start`, of which a part is mapped, begins within a cache line of
/// `line` bytes, a power of two, and is not `bounced`.
fn starts_unaligned(start: usize, bounced: bool, line: usize) -> bool {
    !bounced && start & (line - 1) != 0
}

#[kunit_tests(safe_dma_cache_line)]
mod tests {
    use super::*;

    #[test]
    fn aligned_shares_no_line() {
        for line in [32, 64, 128] {
            assert!(!starts_unaligned(0, false, line));
            assert!(!starts_unaligned(line, false, line));
            assert!(!starts_unaligned(3 * line, false, line));
            assert!(!starts_unaligned(usize::MAX - (line - 1), false, line));
        }
    }

    #[test]
    fn unaligned_shares_line() {
        for line in [32, 64, 128] {
            assert!(starts_unaligned(1, false, line));
            assert!(starts_unaligned(line / 2, false, line));
            assert!(starts_unaligned(line - 1, false, line));
            assert!(starts_unaligned(3 * line + 8, false, line));
            assert!(starts_unaligned(usize::MAX, false, line));
        }
    }

    /// Bounced memory is not shared at any address.
    #[test]
    fn bounced_shares_no_line() {
        assert!(!starts_unaligned(32, true, 64));
        assert!(!starts_unaligned(64, true, 64));
    }
}
