// SPDX-License-Identifier: GPL-2.0

//! The direction of a mapping, as a type.
//!
//! The direction decides what the device may do with the memory (an IOMMU enforces it), what the
//! CPU may do with it in between, and what its type must be. Each is a bound on a zero-sized type,
//! so that a buffer used in the wrong direction does not compile.
//!
//! C: `enum dma_data_direction`,
//! [`include/linux/dma-direction.h`](srctree/include/linux/dma-direction.h).

use kernel::{
    dma::DataDirection,
    prelude::*,
    transmute::{
        AsBytes,
        FromBytes, //
    }, //
};

mod private {
    use super::{
        Bidirectional,
        FromDevice,
        ToDevice, //
    };

    #[diagnostic::on_unimplemented(
        message = "`{Self}` cannot be a direction",
        note = "the directions are `ToDevice`, `FromDevice` and `Bidirectional`, and no others"
    )]
    pub trait Sealed {}

    impl Sealed for ToDevice {}
    impl Sealed for FromDevice {}
    impl Sealed for Bidirectional {}
}

/// A direction of a mapping: [`ToDevice`], [`FromDevice`] or [`Bidirectional`].
pub trait Direction: private::Sealed + Copy + 'static {
    /// The value that the C API takes.
    const DIRECTION: DataDirection;

    /// Whether the device may write to the memory.
    const DEVICE_WRITES: bool = !matches!(Self::DIRECTION, DataDirection::ToDevice);
}

/// The device reads the memory and cannot write to it; `DMA_TO_DEVICE`.
#[derive(Clone, Copy, Debug)]
pub struct ToDevice;

/// The device writes to the memory; `DMA_FROM_DEVICE`.
///
/// Bytes that the device does not write keep their value, except on 32-bit Arm: the CPU's caches
/// are invalidated there without being written back
/// ([`arch/arm/mm/dma-mapping.c`](srctree/arch/arm/mm/dma-mapping.c)), so that an older value may
/// appear. Map the memory [`Bidirectional`] where that matters.
#[derive(Clone, Copy, Debug)]
pub struct FromDevice;

/// The device reads the memory and writes to it; `DMA_BIDIRECTIONAL`.
#[derive(Clone, Copy, Debug)]
pub struct Bidirectional;

impl Direction for ToDevice {
    const DIRECTION: DataDirection = DataDirection::ToDevice;
}

impl Direction for FromDevice {
    const DIRECTION: DataDirection = DataDirection::FromDevice;
}

impl Direction for Bidirectional {
    const DIRECTION: DataDirection = DataDirection::Bidirectional;
}

/// Directions in which the device reads what the CPU wrote.
///
/// # Safety
///
/// [`Direction::DIRECTION`] lets the device read.
#[diagnostic::on_unimplemented(
    message = "a device cannot be given memory mapped `{Self}` to read",
    note = "map the buffer `ToDevice` or `Bidirectional`"
)]
pub unsafe trait DeviceReads: Direction {}

// SAFETY: `DMA_TO_DEVICE` lets the device read.
unsafe impl DeviceReads for ToDevice {}

// SAFETY: `DMA_BIDIRECTIONAL` lets the device read.
unsafe impl DeviceReads for Bidirectional {}

/// Directions in which the device writes what the CPU will read.
///
/// # Safety
///
/// [`Direction::DIRECTION`] lets the device write.
#[diagnostic::on_unimplemented(
    message = "a device cannot be given memory mapped `{Self}` to write",
    note = "map the buffer `FromDevice` or `Bidirectional`"
)]
pub unsafe trait DeviceWrites: Direction {}

// SAFETY: `DMA_FROM_DEVICE` lets the device write.
unsafe impl DeviceWrites for FromDevice {}

// SAFETY: `DMA_BIDIRECTIONAL` lets the device write.
unsafe impl DeviceWrites for Bidirectional {}

/// Directions in which memory that holds a `T` may be mapped.
///
/// - Memory that goes to a device has no uninitialized bytes: `T` is [`AsBytes`].
/// - Memory that comes from a device is valid whatever it wrote: `T` is [`FromBytes`].
///
/// [`FromDevice`] requires both, since the old content of the memory is within the device's reach
/// there too: an IOMMU page table cannot in general grant writing without reading, and a bounce
/// buffer starts as a copy of the memory.
///
/// # Safety
///
/// A `T` has no uninitialized bytes. If the device may write
/// ([`DEVICE_WRITES`](Direction::DEVICE_WRITES)), it is valid whatever its bytes are.
#[diagnostic::on_unimplemented(
    message = "memory that holds `{T}` cannot be mapped `{Self}`",
    note = "a device may see only types without padding or uninitialized bytes (`AsBytes`), and \
            write only to types that are valid for all bytes (`FromBytes`)"
)]
pub unsafe trait Permits<T: ?Sized>: Direction {}

#[diagnostic::do_not_recommend]
// SAFETY: By `AsBytes`; the device does not write.
unsafe impl<T: AsBytes + ?Sized> Permits<T> for ToDevice {}

#[diagnostic::do_not_recommend]
// SAFETY: By `AsBytes` and `FromBytes`.
unsafe impl<T: AsBytes + FromBytes + ?Sized> Permits<T> for FromDevice {}

#[diagnostic::do_not_recommend]
// SAFETY: By `AsBytes` and `FromBytes`.
unsafe impl<T: AsBytes + FromBytes + ?Sized> Permits<T> for Bidirectional {}

#[kunit_tests(safe_dma_direction)]
mod tests {
    use super::*;

    #[test]
    fn device_writes() {
        assert!(!ToDevice::DEVICE_WRITES);
        assert!(FromDevice::DEVICE_WRITES);
        assert!(Bidirectional::DEVICE_WRITES);
    }
}
