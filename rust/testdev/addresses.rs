// SPDX-License-Identifier: GPL-2.0

//! Addresses as numbers, to be printed and compared.
//!
//! The library gives out neither DMA addresses nor physical ones as numbers. Here they are had of
//! memory that is mapped, for the log, for programs, and for what the addresses are compared with.
//! Only [`Edu::start`](super::edu::Edu::start) gives a number to a device, and is `unsafe`: its
//! caller promises that the device may access memory there. The registers of the device are private
//! to [`Edu`](super::edu::Edu).

use crate::{
    bindings as helpers,
    dma::{
        buffer::Buffer,
        coherent::CoherentMemory,
        direction::Direction,
        pages::DevicePages,
        pool::{
            DmaPool,
            PoolObject, //
        },
        resource::ResourceMapping,
        sg::Piece,
        span::{
            DeviceAddress,
            Span, //
        },
        streaming::Mapping, //
    }, //
};
use core::ops::Deref;
use kernel::{
    dma::DmaAddress,
    io::PhysAddr,
    transmute::{
        AsBytes,
        FromBytes, //
    }, //
};

/// Something that has a DMA address.
pub trait Number {
    /// Returns the DMA address.
    fn number(&self) -> DmaAddress;
}

impl Number for DeviceAddress {
    fn number(&self) -> DmaAddress {
        // SAFETY: See the module's documentation: only `Edu::start()` gives it to a device.
        unsafe { self.as_raw() }
    }
}

impl<D: Direction> Number for Span<'_, D> {
    fn number(&self) -> DmaAddress {
        self.address().number()
    }
}

/// Memory that begins at a physical address.
pub trait Phys {
    /// Returns the physical address, as the CPU's page tables have it.
    fn phys(&self) -> PhysAddr;
}

/// Returns the physical address of what the CPU has at `start`.
///
/// # Safety
///
/// That is memory, in the linear map or in vmalloc space.
unsafe fn phys_of<T: ?Sized>(start: *const T) -> PhysAddr {
    // SAFETY: By the caller's promise.
    unsafe { helpers::helper_cpu_addr_to_phys(start.cast()) }
}

impl<B: Buffer, D: Direction> Phys for Mapping<'_, B, D> {
    fn phys(&self) -> PhysAddr {
        // SAFETY: A buffer is in the linear map; that of a mapping is not empty.
        unsafe { phys_of(self.as_ptr()) }
    }
}

impl<T, D: Direction> Phys for DevicePages<'_, T, D> {
    fn phys(&self) -> PhysAddr {
        // SAFETY: Pages that are contiguous are in the linear map.
        unsafe { phys_of(self.as_ptr()) }
    }
}

impl<'bound, T, P> Phys for PoolObject<'bound, T, P>
where
    T: AsBytes + FromBytes,
    P: Deref<Target = DmaPool<'bound, T>>,
{
    fn phys(&self) -> PhysAddr {
        // SAFETY: Memory from `dma_alloc_coherent()` is in the linear map or in vmalloc space.
        unsafe { phys_of(self.as_ptr()) }
    }
}

impl<D: Direction> Phys for ResourceMapping<'_, D> {
    fn phys(&self) -> PhysAddr {
        // SAFETY: See the module's documentation: only `Edu::start()` gives it to a device.
        unsafe { self.region().phys() }
    }
}

impl Phys for Piece {
    fn phys(&self) -> PhysAddr {
        // SAFETY: See the module's documentation: only `Edu::start()` gives it to a device.
        unsafe { self.phys_addr() }
    }
}

/// Returns the physical address of the byte at `offset`; [`None`] beyond the end.
pub fn phys_at(memory: &CoherentMemory<'_, [u8]>, offset: usize) -> Option<PhysAddr> {
    (offset < memory.size())
        // SAFETY: Memory from `dma_alloc_coherent()` is in the linear map or in vmalloc space, and
        // this is in it.
        .then(|| unsafe { phys_of(memory.as_ptr().cast::<u8>().wrapping_add(offset)) })
}
