// SPDX-License-Identifier: GPL-2.0

//! DMA addresses and physical addresses as numbers, to print and compare them.
//!
//! The library exposes these numbers to `unsafe` code only. This module exposes those of mapped
//! memory to the log, to programs, and to checks that compare them with page tables. Only
//! [`Edu::start`](super::edu::Edu::start) gives a number to a device, and is `unsafe`: its caller
//! promises that the device may access memory there. The registers of the device are private to
//! [`Edu`](super::edu::Edu).

use crate::{
    bindings as helpers,
    dma::{
        Address,
        Buffer,
        CoherentMemory,
        DevicePages,
        Direction,
        Mapping,
        PhysVec,
        Pool,
        PoolObject,
        Range, //
        ResourceMapping,
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

/// A value with a DMA address.
pub trait Number {
    /// Returns the DMA address.
    fn number(&self) -> DmaAddress;
}

impl Number for Address {
    fn number(&self) -> DmaAddress {
        // SAFETY: Only `Edu::start()` gives the number to a device, see the module's documentation.
        unsafe { self.as_raw() }
    }
}

impl<D: Direction> Number for Range<'_, D> {
    fn number(&self) -> DmaAddress {
        self.address().number()
    }
}

/// Memory with a physical address.
pub trait Phys {
    /// Returns the physical address of the first byte, from the CPU's page tables.
    fn phys(&self) -> PhysAddr;
}

/// Translates a kernel virtual address to a physical address.
///
/// # Safety
///
/// `start` is the address of mapped memory in the linear map or in vmalloc space.
unsafe fn phys_of<T: ?Sized>(start: *const T) -> PhysAddr {
    // SAFETY: By the caller's promise.
    unsafe { helpers::helper_cpu_addr_to_phys(start.cast()) }
}

impl<B: Buffer, D: Direction> Phys for Mapping<'_, B, D> {
    fn phys(&self) -> PhysAddr {
        // SAFETY: The buffer of a mapping is in the linear map and is not empty.
        unsafe { phys_of(self.as_ptr()) }
    }
}

impl<T, D: Direction> Phys for DevicePages<'_, T, D> {
    fn phys(&self) -> PhysAddr {
        // SAFETY: `DevicePages` are physically contiguous pages in the linear map.
        unsafe { phys_of(self.as_ptr()) }
    }
}

impl<'bound, T, P> Phys for PoolObject<'bound, T, P>
where
    T: AsBytes + FromBytes,
    P: Deref<Target = Pool<'bound, T>>,
{
    fn phys(&self) -> PhysAddr {
        // SAFETY: Memory from `dma_alloc_coherent()` is in the linear map or in vmalloc space.
        unsafe { phys_of(self.as_ptr()) }
    }
}

impl<D: Direction> Phys for ResourceMapping<'_, D> {
    fn phys(&self) -> PhysAddr {
        self.region().phys_vec().phys()
    }
}

impl Phys for PhysVec {
    fn phys(&self) -> PhysAddr {
        // SAFETY: Only `Edu::start()` gives the number to a device, see the module's documentation.
        unsafe { self.phys_addr() }
    }
}

/// Returns the physical address of the byte at `offset`; [`None`] beyond the end.
pub fn phys_at(memory: &CoherentMemory<'_, [u8]>, offset: usize) -> Option<PhysAddr> {
    (offset < memory.size())
        // SAFETY: Memory from `dma_alloc_coherent()` is in the linear map or in vmalloc space, and
        // `offset` is within it.
        .then(|| unsafe { phys_of(memory.as_ptr().cast::<u8>().wrapping_add(offset)) })
}
