// SPDX-License-Identifier: GPL-2.0

//! Values that a device wrote.
//!
//! A device may be broken or hostile. An index, a length or an opcode that it wrote is an
//! [`Untrusted`] value until the driver has checked it. Use it for values from coherent memory,
//! registers or buffers on which the driver's control flow depends. Data that another layer checks,
//! such as the contents of a packet, does not need it.
//!
//! The checks are no barriers against speculation. An index that user space controls through the
//! device also needs `array_index_nospec()`,
//! [`include/linux/nospec.h`](srctree/include/linux/nospec.h).

use kernel::prelude::*;

/// A value that a device wrote, and that was not checked yet.
///
/// It cannot be dereferenced, compared or formatted. A check returns the plain value if it passes,
/// and [`EINVAL`] otherwise. It checks a copy, which the device cannot change afterwards. Checks
/// work in any context.
///
/// C: no counterpart; drivers compare plain integers, as `nvme_handle_cqe()` in
/// [`drivers/nvme/host/pci.c`](srctree/drivers/nvme/host/pci.c) does with the identifier of a
/// command.
///
/// # Examples
///
/// ```
/// use kernel::prelude::*;
/// use safe_dma::dma::Untrusted;
///
/// /// A packet that a network device has received.
/// #[derive(Clone, Copy)]
/// struct Received {
///     buffer: u16,
///     len: u32,
///     checksum: u32,
/// }
///
/// /// Returns the part of the buffer with the packet, and its checksum.
/// fn packet<'a>(
///     received: Untrusted<Received>,
///     buffers: &'a [KVec<u8>],
/// ) -> Result<(&'a [u8], u32)> {
///     let index = received.project(|received| received.buffer).index(buffers.len())?;
///     let buffer = buffers.get(index).ok_or(EINVAL)?;
///     let len = received
///         .project(|received| u32::from_le(received.len))
///         .index(buffer.len() + 1)?;
///     // The stack compares it with the packet.
///     let checksum = received.project(|received| received.checksum).into_inner();
///
///     Ok((buffer.get(..len).ok_or(EINVAL)?, checksum))
/// }
/// ```
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct Untrusted<T>(T);

impl<T> Untrusted<T> {
    /// Marks a value as written by a device.
    #[inline]
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// Returns the result of `check`.
    ///
    /// # Errors
    ///
    /// Those of `check`.
    #[inline]
    pub fn validate<U>(self, check: impl FnOnce(&T) -> Result<U>) -> Result<U> {
        check(&self.0)
    }

    /// Returns a part of the value, or what is computed from it, which is as untrusted.
    ///
    /// `field` is a function pointer, so that a closure captures nothing and has nowhere to put the
    /// value.
    #[inline]
    pub fn project<U>(self, field: fn(T) -> U) -> Untrusted<U> {
        Untrusted(field(self.0))
    }

    /// Returns the value without any check.
    ///
    /// Only for a value that is passed on, printed, or compared with what is expected: a checksum,
    /// a timestamp, an identifier that is looked up. Not for a value that is used as an index, as a
    /// length or as a number of iterations.
    #[inline]
    pub fn into_inner(self) -> T {
        self.0
    }
}

/// An unsigned integer.
pub trait Unsigned: Copy + PartialOrd + TryInto<usize> {}

impl Unsigned for u8 {}
impl Unsigned for u16 {}
impl Unsigned for u32 {}
impl Unsigned for u64 {}
impl Unsigned for usize {}

impl<T: Unsigned> Untrusted<T> {
    /// Returns the value if it is not larger than `max`.
    ///
    /// # Errors
    ///
    /// [`EINVAL`] if it is.
    #[inline]
    pub fn at_most(self, max: T) -> Result<T> {
        (self.0 <= max).then_some(self.0).ok_or(EINVAL)
    }

    /// Returns the value as an index of `len` elements.
    ///
    /// Whatever the type of the value is, no number is truncated.
    ///
    /// # Errors
    ///
    /// [`EINVAL`] if the value is not less than `len`.
    #[inline]
    pub fn index(self, len: usize) -> Result<usize> {
        match self.0.try_into() {
            Ok(index) if index < len => Ok(index),
            _ => Err(EINVAL),
        }
    }
}

mod tests;
