// SPDX-License-Identifier: GPL-2.0

//! What a device is told of a piece of memory: an address that carries its length.

use super::direction::{
    DeviceReads,
    DeviceWrites,
    Direction,
    FromDevice,
    ToDevice, //
};
use core::{
    marker::PhantomData,
    ops::Range, //
};
use kernel::dma::DmaAddress;

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
    addr: DmaAddress,
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
            addr,
            len,
            _mapping: PhantomData,
        }
    }

    /// The address that the device is given.
    ///
    /// It is plain data, for a register, a descriptor or a log line. What a device does with it is
    /// promised by the [`Engine`](super::transfer::Engine) that passes it on.
    #[inline(always)]
    pub fn dma_address(&self) -> DmaAddress {
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
        // very end of the address space. CAST: `DmaAddress` may have 64 bits where `usize` has 32, never
        // the reverse for an offset into memory that is mapped.
        Some(Self {
            addr: self.addr.wrapping_add(range.start as DmaAddress),
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
