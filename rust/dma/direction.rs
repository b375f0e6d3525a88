// SPDX-License-Identifier: GPL-2.0

//! The direction of a mapping, as a type.
//!
//! The direction decides what the device may do with the memory (an IOMMU enforces it), what the
//! CPU may do with it in between, and what its type must be. Each is a bound on a zero-sized type,
//! so that a buffer used in the wrong direction does not compile.
//!
//! C: `enum dma_data_direction`, `include/linux/dma-direction.h`.

use kernel::{
    dma::DataDirection,
    transmute::{
        AsBytes,
        FromBytes, //
    }, //
};

/// What only this module can implement: unsafe code relies on who reads, who writes and what is in
/// the memory.
mod private {
    use super::{
        AsBytes,
        Bidirectional,
        FromBytes,
        FromDevice,
        ToDevice, //
    };

    #[diagnostic::on_unimplemented(
        message = "`{Self}` cannot be a direction",
        note = "the directions are `ToDevice`, `FromDevice` and `Bidirectional`, and no others"
    )]
    pub trait Direction {}

    impl Direction for ToDevice {}
    impl Direction for FromDevice {}
    impl Direction for Bidirectional {}

    #[diagnostic::on_unimplemented(
        message = "a device does not read what is mapped `{Self}`",
        note = "who reads is decided by the direction, for which the memory is mapped"
    )]
    pub trait Reads {}

    impl Reads for ToDevice {}
    impl Reads for Bidirectional {}

    #[diagnostic::on_unimplemented(
        message = "a device does not write what is mapped `{Self}`",
        note = "who writes is decided by the direction, for which the memory is mapped"
    )]
    pub trait Writes {}

    impl Writes for FromDevice {}
    impl Writes for Bidirectional {}

    #[diagnostic::on_unimplemented(
        message = "`AsBytes` and `FromBytes` alone decide whether `{T}` may be mapped `{Self}`",
        note = "implement them, if what they promise holds"
    )]
    pub trait Permits<T: ?Sized> {}

    #[diagnostic::do_not_recommend]
    impl<T: AsBytes + ?Sized> Permits<T> for ToDevice {}
    #[diagnostic::do_not_recommend]
    impl<T: AsBytes + FromBytes + ?Sized> Permits<T> for FromDevice {}
    #[diagnostic::do_not_recommend]
    impl<T: AsBytes + FromBytes + ?Sized> Permits<T> for Bidirectional {}
}

/// A direction of a mapping: [`ToDevice`], [`FromDevice`] or [`Bidirectional`].
pub trait Direction: private::Direction + 'static {
    /// The value that the C API takes.
    const DIRECTION: DataDirection;
}

/// The device reads the memory and cannot write to it; `DMA_TO_DEVICE`.
#[derive(Clone, Copy, Debug)]
pub struct ToDevice;

/// The device writes to the memory; `DMA_FROM_DEVICE`.
///
/// What the device does not write keeps what the CPU had there, except on 32-bit Arm: the CPU's
/// caches are invalidated without being written back (`arch/arm/mm/dma-mapping.c`), so that it may
/// be older. Map the memory [`Bidirectional`] where that matters.
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
#[diagnostic::on_unimplemented(
    message = "a device cannot be given memory mapped `{Self}` to read",
    note = "map the buffer `ToDevice` or `Bidirectional`"
)]
pub trait DeviceReads: Direction + private::Reads {}

impl DeviceReads for ToDevice {}
impl DeviceReads for Bidirectional {}

/// Directions in which the device writes what the CPU will read.
#[diagnostic::on_unimplemented(
    message = "a device cannot be given memory mapped `{Self}` to write",
    note = "map the buffer `FromDevice` or `Bidirectional`"
)]
pub trait DeviceWrites: Direction + private::Writes {}

impl DeviceWrites for FromDevice {}
impl DeviceWrites for Bidirectional {}

/// Directions in which memory that holds a `T` may be mapped.
///
/// - What goes to a device has no uninitialized bytes: `T` is [`AsBytes`].
/// - What comes from a device is valid whatever it wrote: `T` is [`FromBytes`].
///
/// [`FromDevice`] asks for both. The memory's old content is within the device's reach there too:
/// an IOMMU page table cannot in general withhold reading from what may be written, and a bounce
/// buffer starts as a copy of the memory.
#[diagnostic::on_unimplemented(
    message = "memory that holds `{T}` cannot be mapped `{Self}`",
    note = "a device may see only types without padding or uninitialized bytes (`AsBytes`), and \
            write only to types that are valid for all bytes (`FromBytes`)"
)]
pub trait Permits<T: ?Sized>: Direction + private::Permits<T> {}

// What is said of `Permits` explains more than what its sealed half would.
#[diagnostic::do_not_recommend]
impl<T: ?Sized, D: Direction + private::Permits<T>> Permits<T> for D {}
