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
use kernel::dma::DmaAddress;

/// An address as a device sees it: a bus address, or what its IOMMU translates.
///
/// It can be kept, compared and printed (`{:#x}`), but is not a number: what is written to a register
/// or a descriptor is only had for a promise, see [`DeviceAddress::as_raw`]. So none that is left
/// from a mapping which is gone is given to a device by mistake.
///
/// C: `dma_addr_t`, `include/linux/types.h`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct DeviceAddress(DmaAddress);

impl DeviceAddress {
    /// The address `bytes` after this one, whatever is there. Wraps at the end of the address space.
    #[inline(always)]
    pub fn offset(self, bytes: usize) -> Self {
        // CAST: `DmaAddress` may have 64 bits where `usize` has 32, never the reverse for an offset
        // into memory that is mapped.
        Self(self.0.wrapping_add(bytes as DmaAddress))
    }

    /// The number, for a register or a descriptor of the device.
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

/// Any number may be looked at as an address; the way back is what asks for a promise.
impl From<DmaAddress> for DeviceAddress {
    #[inline(always)]
    fn from(addr: DmaAddress) -> Self {
        Self(addr)
    }
}

impl fmt::LowerHex for DeviceAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::LowerHex::fmt(&self.0, f)
    }
}

impl fmt::Debug for DeviceAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:#x}")
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
    /// The `len` bytes from `addr` on lie within one mapping for `D`, which lives for `'a`.
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
            addr: self.addr.offset(range.start),
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
