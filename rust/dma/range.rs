// SPDX-License-Identifier: GPL-2.0

//! DMA addresses, which are not numbers, and DMA ranges.

use super::direction::{
    DeviceReads,
    DeviceWrites,
    Direction,
    FromDevice,
    ToDevice, //
};
use core::{
    fmt,
    marker::PhantomData,
    ops, //
};
use kernel::{
    dma::DmaAddress,
    prelude::*, //
};

/// An address as a device sees it: a bus address, or what its IOMMU translates.
///
/// It can be kept and compared for equality, but is not a number. It has no order, no arithmetic
/// and no formatting, and cannot be made of a number: each would let safe code compute the number,
/// and write it to a register after the mapping is gone. Only [`Address::as_raw`] returns the
/// number.
///
/// C: `dma_addr_t`, [`include/linux/types.h`](srctree/include/linux/types.h).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Address(DmaAddress);

impl Address {
    /// Returns the number, for a register or a descriptor of the device.
    ///
    /// # Safety
    ///
    /// A device that is given the number accesses memory by it as an [`Engine`](super::Engine)
    /// promises: only memory that is mapped for it then, in that direction, and to which no
    /// reference exists. Memory that the CPU may access meanwhile is coherent, registers, or that
    /// of others.
    #[inline]
    pub unsafe fn as_raw(self) -> DmaAddress {
        self.0
    }
}

/// Does not show the number.
impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Address").finish_non_exhaustive()
    }
}

/// A DMA address with a length: mapped memory as the device sees it.
///
/// It borrows the mapping, so that it cannot be kept beyond it, and it has the mapping's direction.
/// [`Range::slice`] returns parts of it, and checks their bounds: no arithmetic on the address
/// leads out of the mapping.
///
/// # Invariants
///
/// The `len` bytes from `addr` on lie within one mapping, which lives for `'a`. It lets the device
/// do all that `D` does.
pub struct Range<'a, D: Direction> {
    addr: Address,
    len: usize,
    _mapping: PhantomData<(&'a (), D)>,
}

impl<D: Direction> Clone for Range<'_, D> {
    #[inline]
    fn clone(&self) -> Self {
        *self
    }
}

impl<D: Direction> Copy for Range<'_, D> {}

impl<'a, D: Direction> Range<'a, D> {
    /// Creates a range of a mapping.
    ///
    /// # Safety
    ///
    /// The `len` bytes from `addr` on lie within one mapping for `D`, which lives for `'a`. The
    /// range is given to no other device than that of the mapping.
    #[inline]
    pub unsafe fn new(addr: DmaAddress, len: usize) -> Self {
        // INVARIANT: By the caller's promise.
        Self {
            addr: Address(addr),
            len,
            _mapping: PhantomData,
        }
    }

    /// Returns the address of the first byte.
    #[inline]
    pub fn address(&self) -> Address {
        self.addr
    }

    /// Returns the length in bytes.
    #[inline]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Returns whether the length is zero.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Returns the bytes of `range`, counted from the start of this one.
    ///
    /// Returns [`None`] if `range` is not within this one.
    #[inline]
    pub fn slice(&self, range: ops::Range<usize>) -> Option<Self> {
        if range.start > range.end || range.end > self.len {
            return None;
        }

        // INVARIANT: Within `self`, by the check above. The address wraps only for an empty range
        // at the very end of the address space.
        Some(Self {
            // CAST: From at most 64 bits.
            addr: Address(self.addr.0.wrapping_add(range.start as DmaAddress)),
            len: range.end - range.start,
            _mapping: PhantomData,
        })
    }

    /// Returns the same range for the device to read.
    #[inline]
    pub fn to_device(self) -> Range<'a, ToDevice>
    where
        D: DeviceReads,
    {
        self.cast()
    }

    /// Returns the same range for the device to write.
    #[inline]
    pub fn from_device(self) -> Range<'a, FromDevice>
    where
        D: DeviceWrites,
    {
        self.cast()
    }

    #[inline]
    fn cast<E: Direction>(self) -> Range<'a, E> {
        // INVARIANT: The same bytes. The callers have a bound by which `D` allows what `E` does.
        Range {
            addr: self.addr,
            len: self.len,
            _mapping: PhantomData,
        }
    }
}

#[kunit_tests(safe_dma_range)]
mod tests {
    use super::*;
    use crate::dma::Bidirectional;

    const START: DmaAddress = 0xffff_e000;

    /// Returns a range of `len` bytes from `addr` on.
    fn range(addr: DmaAddress, len: usize) -> Range<'static, Bidirectional> {
        // SAFETY: No device is given the range.
        unsafe { Range::new(addr, len) }
    }

    /// Returns the address and the length.
    fn place<D: Direction>(range: Range<'_, D>) -> (DmaAddress, usize) {
        // SAFETY: No device is given the number.
        (unsafe { range.address().as_raw() }, range.len())
    }

    #[test]
    fn address_and_length() {
        assert_eq!(place(range(START, 4096)), (START, 4096));
        assert_eq!(place(range(0, usize::MAX)), (0, usize::MAX));
        assert!(!range(START, 1).is_empty());
        assert!(range(START, 0).is_empty());
    }

    #[test]
    fn slice_refused_numbers_that_overflow() {
        let all = range(START, 4096);

        assert!(all.slice(0..usize::MAX).is_none());
        assert!(all.slice(usize::MAX..usize::MAX).is_none());
        assert!(all.slice(usize::MAX - 1..usize::MAX).is_none());
        // The difference is good modulo the size of the address space.
        assert!(all
            .slice(ops::Range {
                start: usize::MAX,
                end: 1,
            })
            .is_none());
    }

    /// Every range of small numbers leads to the bytes that the same range of an array has.
    #[test]
    fn slice_as_of_an_array() {
        let array = [0, 1, 2, 3];
        let all = range(START, array.len());

        for start in 0..=6 {
            // Also ranges that are reversed, and none at all.
            for end in 0..=6 {
                let expected = array
                    .get(start..end)
                    .map(|bytes| (START + start as DmaAddress, bytes.len()));

                assert_eq!(all.slice(start..end).map(place), expected);
            }
        }
    }

    #[test]
    fn slice_of_slice() -> Result {
        let Some(part) = range(START, 4096).slice(1000..2000) else {
            return Err(EINVAL);
        };

        assert_eq!(part.slice(0..1000).map(place), Some((START + 1000, 1000)));
        assert_eq!(part.slice(10..20).map(place), Some((START + 1010, 10)));
        assert_eq!(part.slice(999..1000).map(place), Some((START + 1999, 1)));
        // Within the first range, and yet not within its slice.
        assert!(part.slice(0..1001).is_none());
        assert!(part.slice(1000..1001).is_none());
        Ok(())
    }

    /// The last byte of the address space can be in a range, and what follows it cannot.
    #[test]
    fn slice_at_the_top() -> Result {
        let top = range(DmaAddress::MAX - 7, 8);

        assert_eq!(top.slice(0..8).map(place), Some((DmaAddress::MAX - 7, 8)));
        assert_eq!(top.slice(7..8).map(place), Some((DmaAddress::MAX, 1)));
        assert!(top.slice(7..9).is_none());
        assert!(top.slice(8..9).is_none());

        // Nothing, behind the last byte: its address wraps.
        let Some(behind) = top.slice(8..8) else {
            return Err(EINVAL);
        };
        assert_eq!(place(behind), (0, 0));
        assert_eq!(behind.slice(0..0).map(place), Some((0, 0)));
        assert!(behind.slice(0..1).is_none());
        Ok(())
    }
}
