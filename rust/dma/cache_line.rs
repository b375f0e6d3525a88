// SPDX-License-Identifier: GPL-2.0

//! Memory that a device may not be given to write, because other memory is in the same cache line.
//!
//! Between a device that is not cache-coherent and the CPU, memory changes hands by whole cache lines:
//! they are written back before the device has its turn, and invalidated after it. If a line also
//! holds memory of somebody else, who writes to it in the meantime, then either that write is lost or
//! what the device wrote: the line is in a cache and in memory, each with a half that is right.
//!
//! # What the kernel does
//!
//! Objects from `kmalloc()` need not be aligned to cache lines (`CONFIG_DMA_BOUNCE_UNALIGNED_KMALLOC`;
//! without it they are, and nothing here applies). Instead, a mapping that a device writes goes
//! through a bounce buffer if an object *of the mapped size* might share a line:
//! `dma_kmalloc_needs_bounce()`, `include/linux/dma-map-ops.h`. It sees neither the address nor the
//! size of the object. The 64 bytes at the start of an object of 96 look to it like an object of 64,
//! which is aligned to 64 as objects are to the largest power of two that divides their size; one of 96
//! is aligned to 32.
//!
//! # What is left, and why it is all
//!
//! Let `size` bytes at the start of an object be mapped, and `line` be the size of a line.
//!
//! - The kernel bounces: no cache line of the object is invalidated. Safe wherever it is.
//! - It does not since `size` is `2 * ARCH_DMA_MINALIGN` or more: the object is at least as large, and
//!   of a size that is a power of two and aligned to it, or is whole pages. Safe.
//! - It does not since `kmalloc_size_roundup(size)` is a multiple of `line`. The object is at least that
//!   large, as rounding up keeps order, and as shrinking a vector leaves it in its object or takes
//!   another for at least `size` bytes. So if it begins with a line, all lines of the mapped bytes are
//!   within it, and by the contract of [`Buffer`](super::buffer::Buffer) nobody touches its rest. Safe.
//! - The same, but it begins within a line: what is before it in that line is somebody else's. This is
//!   the one case to refuse.
//!
//! If the object has just the mapped size, the last case cannot be: a size that is a multiple of `line`
//! is aligned to it. So a `KBox` is never refused, nor are whole pages. What debugging adds around
//! objects changes neither their sizes nor their alignment, and what it keeps behind an object is, by
//! the third case, in no line of the mapped bytes. Red zones within the unused end of an object are
//! written when it is allocated and freed, not while it is mapped.
//!
//! # Parts
//!
//! A scatter-gather list may have an object in several entries, as a device takes no more at a time. The kernel
//! takes each for an object. One of [`LARGE`] bytes or more is aligned to more than a line, and has its lines for
//! itself, however it is cut. Of a smaller one, each entry is looked at:
//!
//! - The kernel bounces it: safe.
//! - It does not, and the entry begins with a line. An object that is not aligned to lines is smaller than one,
//!   and so bounced with all its parts, or has one and a half. Of that, the rest from the start of a line on is
//!   all, which is bounced if more than a line of it is mapped; a line; or half of one, which is bounced. So
//!   the lines of the entry are the object's. Safe.
//! - It does not, and the entry begins within a line: to refuse, though the line may be all of the object's.

use super::{
    direction::Direction,
    raw, //
};
use crate::bindings as helpers;
use kernel::{
    device::{
        Bound,
        Device, //
    },
    dma::DataDirection,
    prelude::*, //
};

/// The size from which on memory from `kmalloc()` is aligned to more than a cache line.
pub(super) const LARGE: usize = 2 * helpers::HELPER_ARCH_DMA_MINALIGN;

/// Whether the device writes to memory that is mapped for `D`.
pub(super) const fn is_written<D: Direction>() -> bool {
    !matches!(D::DIRECTION, DataDirection::ToDevice)
}

/// Whether mapping `size` bytes at `start`, the start of an object from `kmalloc()` or of what was cut off a small
/// one, for `dev` and `D` would let the device and somebody else write to the same cache line.
#[inline(always)]
pub(super) fn is_shared<D: Direction>(dev: &Device<Bound>, start: usize, size: usize) -> bool {
    size < LARGE && small_is_shared::<D>(dev, start, size)
}

/// The same for the sizes for which it can be.
fn small_is_shared<D: Direction>(dev: &Device<Bound>, start: usize, size: usize) -> bool {
    // SAFETY: `dev` is a valid device.
    if unsafe { helpers::helper_dma_kmalloc_safe(raw::device(dev), D::DIRECTION.into()) } {
        return false;
    }

    // SAFETY: May be called with any size.
    let bounced = unsafe { !helpers::helper_dma_kmalloc_size_aligned(size) };

    begins_within_a_line(start, bounced, super::limits::cache_alignment())
}

/// Whether an object at `start`, of which a part is mapped, begins within a cache line of `line` bytes,
/// a power of two, and is not `bounced`.
fn begins_within_a_line(start: usize, bounced: bool, line: usize) -> bool {
    !bounced && start & (line - 1) != 0
}

#[kunit_tests(safe_dma_cache_line)]
mod tests {
    use super::*;
    use crate::dma::direction::{
        Bidirectional,
        FromDevice,
        ToDevice, //
    };

    #[test]
    fn aligned_is_not_shared() {
        for line in [32, 64, 128] {
            assert!(!begins_within_a_line(0, false, line));
            assert!(!begins_within_a_line(line, false, line));
            assert!(!begins_within_a_line(3 * line, false, line));
            assert!(!begins_within_a_line(usize::MAX - (line - 1), false, line));
        }
    }

    #[test]
    fn unaligned_is_shared() {
        for line in [32, 64, 128] {
            assert!(begins_within_a_line(1, false, line));
            assert!(begins_within_a_line(line / 2, false, line));
            assert!(begins_within_a_line(line - 1, false, line));
            assert!(begins_within_a_line(3 * line + 8, false, line));
            assert!(begins_within_a_line(usize::MAX, false, line));
        }
    }

    /// What is bounced is never shared, wherever it is.
    #[test]
    fn bounced_is_not_shared() {
        assert!(!begins_within_a_line(32, true, 64));
        assert!(!begins_within_a_line(64, true, 64));
    }

    #[test]
    fn who_writes() {
        assert!(!is_written::<ToDevice>());
        assert!(is_written::<FromDevice>());
        assert!(is_written::<Bidirectional>());
    }
}
