// SPDX-License-Identifier: GPL-2.0

//! What a device is told of a piece of memory: an address that carries its length, and is no number.

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
    ops::Range, //
};
use kernel::{
    dma::DmaAddress,
    prelude::*, //
};

/// An address as a device sees it: a bus address, or what its IOMMU translates.
///
/// It can be kept and compared for equality, but is not a number. It has no order, no arithmetic
/// and no formatting, and cannot be made of a number: each would let safe code compute the number,
/// and write it to a register after the mapping is gone. [`DeviceAddress::as_raw`] is the only way
/// to the number.
///
/// C: `dma_addr_t`, `include/linux/types.h`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct DeviceAddress(DmaAddress);

impl DeviceAddress {
    /// Returns the number, for a register or a descriptor of the device.
    ///
    /// # Safety
    ///
    /// A device that is given the number accesses memory by it as an
    /// [`Engine`](super::transfer::Engine) promises: only what is mapped for it then, in the direction
    /// for which it is, and while the CPU leaves it alone.
    #[inline(always)]
    pub unsafe fn as_raw(self) -> DmaAddress {
        self.0
    }
}

/// Shows that there is an address, and not which.
impl fmt::Debug for DeviceAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DeviceAddress").finish_non_exhaustive()
    }
}

/// A piece of mapped memory as the device sees it.
///
/// It borrows the mapping, so that it cannot be kept beyond it, and it has the mapping's direction.
/// Parts of it are taken with [`Span::slice`], which checks their bounds: no arithmetic on the
/// address leads out of the mapping.
///
/// # Invariants
///
/// The `len` bytes from `addr` on lie within one mapping, which lives for `'a`. What the mapping lets
/// the device do includes what `D` does.
pub struct Span<'a, D: Direction> {
    addr: DeviceAddress,
    len: usize,
    _mapping: PhantomData<(&'a (), D)>,
}

impl<D: Direction> Clone for Span<'_, D> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<D: Direction> Copy for Span<'_, D> {}

impl<'a, D: Direction> Span<'a, D> {
    /// Makes a span of a mapping.
    ///
    /// # Safety
    ///
    /// The `len` bytes from `addr` on lie within one mapping for `D`, which lives for `'a`. It is given to
    /// the device only for which that mapping is.
    #[inline(always)]
    pub unsafe fn new(addr: DmaAddress, len: usize) -> Self {
        // INVARIANT: By the caller's promise.
        Self {
            addr: DeviceAddress(addr),
            len,
            _mapping: PhantomData,
        }
    }

    /// Where it begins.
    #[inline(always)]
    pub fn address(&self) -> DeviceAddress {
        self.addr
    }

    /// The length in bytes.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is nothing in it.
    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The bytes of `range`, counted from the start of this span.
    ///
    /// Returns [`None`] if `range` is not within the span.
    #[inline(always)]
    pub fn slice(&self, range: Range<usize>) -> Option<Self> {
        if range.start > range.end || range.end > self.len {
            return None;
        }

        // INVARIANT: Within `self`, by the check above. The address wraps only for an empty span at the
        // very end of the address space.
        Some(Self {
            // CAST: From at most 64 bits.
            addr: DeviceAddress(self.addr.0.wrapping_add(range.start as DmaAddress)),
            len: range.end - range.start,
            _mapping: PhantomData,
        })
    }

    /// The same memory, for the device to read.
    #[inline(always)]
    pub fn for_reading(self) -> Span<'a, ToDevice>
    where
        D: DeviceReads,
    {
        // INVARIANT: The same bytes, and what `D` lets the device do includes reading.
        Span {
            addr: self.addr,
            len: self.len,
            _mapping: PhantomData,
        }
    }

    /// The same memory, for the device to write.
    #[inline(always)]
    pub fn for_writing(self) -> Span<'a, FromDevice>
    where
        D: DeviceWrites,
    {
        // INVARIANT: The same bytes, and what `D` lets the device do includes writing.
        Span {
            addr: self.addr,
            len: self.len,
            _mapping: PhantomData,
        }
    }
}

#[kunit_tests(safe_dma_span)]
mod tests {
    use super::{
        super::direction::Bidirectional,
        *, //
    };

    const START: DmaAddress = 0xffff_e000;

    /// A span of `len` bytes from `addr` on.
    fn span(addr: DmaAddress, len: usize) -> Span<'static, Bidirectional> {
        // SAFETY: No device is given the span, nor memory accessed through it: it is only looked at.
        unsafe { Span::new(addr, len) }
    }

    /// Where the span is, and how long.
    fn place<D: Direction>(span: Span<'_, D>) -> (DmaAddress, usize) {
        // SAFETY: No device is given the number.
        (unsafe { span.address().as_raw() }, span.len())
    }

    #[test]
    fn address_and_length() {
        assert_eq!(place(span(START, 4096)), (START, 4096));
        assert_eq!(place(span(0, usize::MAX)), (0, usize::MAX));
        assert!(!span(START, 1).is_empty());
        assert!(span(START, 0).is_empty());
    }

    #[test]
    fn slice_ends() {
        let all = span(START, 4096);

        assert_eq!(all.slice(0..4096).map(place), Some((START, 4096)));
        assert_eq!(all.slice(0..1).map(place), Some((START, 1)));
        assert_eq!(all.slice(4095..4096).map(place), Some((START + 4095, 1)));
    }

    #[test]
    fn slice_empty() {
        let all = span(START, 4096);

        assert_eq!(all.slice(0..0).map(place), Some((START, 0)));
        assert_eq!(all.slice(17..17).map(place), Some((START + 17, 0)));
        assert_eq!(all.slice(4096..4096).map(place), Some((START + 4096, 0)));
        assert!(all.slice(4097..4097).is_none());
        assert_eq!(span(START, 0).slice(0..0).map(place), Some((START, 0)));
        assert!(span(START, 0).slice(0..1).is_none());
    }

    #[test]
    fn slice_refused() {
        let all = span(START, 4096);

        assert!(all.slice(0..4097).is_none());
        assert!(all.slice(4095..4097).is_none());
        assert!(all.slice(5000..6000).is_none());
        assert!(all.slice(Range { start: 2, end: 1 }).is_none());
        assert!(all
            .slice(Range {
                start: 5000,
                end: 1
            })
            .is_none());
    }

    #[test]
    fn slice_refused_numbers_that_overflow() {
        let all = span(START, 4096);

        assert!(all.slice(0..usize::MAX).is_none());
        assert!(all.slice(usize::MAX..usize::MAX).is_none());
        assert!(all.slice(usize::MAX - 1..usize::MAX).is_none());
        // The difference is good modulo the size of the address space.
        assert!(all
            .slice(Range {
                start: usize::MAX,
                end: 1,
            })
            .is_none());
    }

    /// Every range of small numbers leads to the bytes that the same range of an array has.
    #[test]
    fn slice_as_of_an_array() {
        let array = [0, 1, 2, 3];
        let all = span(START, array.len());

        for start in 0..=6 {
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
        let Some(part) = span(START, 4096).slice(1000..2000) else {
            return Err(EINVAL);
        };

        assert_eq!(part.slice(0..1000).map(place), Some((START + 1000, 1000)));
        assert_eq!(part.slice(10..20).map(place), Some((START + 1010, 10)));
        assert_eq!(part.slice(999..1000).map(place), Some((START + 1999, 1)));
        // Within the first span, and yet not within its slice.
        assert!(part.slice(0..1001).is_none());
        assert!(part.slice(1000..1001).is_none());
        Ok(())
    }

    /// The last byte of the address space can be in a span, and what follows it cannot.
    #[test]
    fn slice_at_the_top() -> Result {
        let top = span(DmaAddress::MAX - 7, 8);

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

    #[test]
    fn direction_keeps_the_bytes() {
        let all = span(START, 4096);

        assert_eq!(place(all.for_reading()), (START, 4096));
        assert_eq!(place(all.for_writing()), (START, 4096));
        assert_eq!(place(all.for_reading().for_reading()), (START, 4096));
        assert_eq!(place(all.for_writing().for_writing()), (START, 4096));
        assert!(all.for_reading().slice(0..4097).is_none());
        assert!(all.for_writing().slice(0..4097).is_none());
    }
}
