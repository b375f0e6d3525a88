// SPDX-License-Identifier: GPL-2.0

//! Mainline's coherent memory as memory for a transfer.

use super::{
    direction::Bidirectional,
    span::Span,
    transfer::DeviceMemory, //
};
use crate::bindings as helpers;
use core::ops::Deref;
use kernel::{
    alloc::Flags,
    device::{
        Bound,
        Device, //
    },
    dma::Coherent,
    io::PhysAddr,
    prelude::*,
    ptr::KnownSize,
    transmute::{
        AsBytes,
        FromBytes, //
    }, //
};

/// A [`Coherent`] together with the device that it is for.
///
/// A [`Transfer`](super::transfer::Transfer) must know that, and must not outlive the driver's binding;
/// a [`Coherent`] tells neither. All that it offers is there by [`Deref`].
///
/// # Invariants
///
/// `memory` was allocated for `dev`.
pub struct CoherentMemory<'bound, T: KnownSize + ?Sized> {
    dev: &'bound Device<Bound>,
    memory: Coherent<T>,
}

impl<'bound, T: AsBytes + FromBytes> CoherentMemory<'bound, [T]> {
    /// Allocates `len` elements, all of whose bytes are zero.
    ///
    /// # Errors
    ///
    /// [`EINVAL`] for no element, [`EOVERFLOW`] for too many, [`ENOMEM`] if there is no memory. May
    /// sleep, unless `flags` says otherwise.
    ///
    /// C: `dma_alloc_attrs()`, `kernel/dma/mapping.c`.
    pub fn zeroed_slice(dev: &'bound Device<Bound>, len: usize, flags: Flags) -> Result<Self> {
        // INVARIANT: Allocated for `dev` here.
        Ok(Self {
            dev,
            memory: Coherent::zeroed_slice(dev, len, flags)?,
        })
    }

    /// Allocates memory with a copy of `data`.
    ///
    /// Errors and context are those of [`CoherentMemory::zeroed_slice`].
    pub fn from_slice(dev: &'bound Device<Bound>, data: &[T], flags: Flags) -> Result<Self>
    where
        T: Copy,
    {
        // INVARIANT: Allocated for `dev` here.
        Ok(Self {
            dev,
            memory: Coherent::from_slice(dev, data, flags)?,
        })
    }
}

impl<T: KnownSize + ?Sized> CoherentMemory<'_, T> {
    /// The physical address of the byte at `offset`, as the CPU's page tables have it; [`None`] beyond
    /// the end.
    ///
    /// Coherent memory need not be physically contiguous. For tests, logs and people: the device does
    /// not see these addresses.
    ///
    /// C: `vmalloc_to_pfn()` or `virt_to_phys()`.
    pub fn phys(&self, offset: usize) -> Option<PhysAddr> {
        if offset >= self.size() {
            return None;
        }

        let addr = self.as_ptr().cast::<u8>().wrapping_add(offset);

        // SAFETY: The address is within memory from `dma_alloc_attrs()` that has a kernel mapping, as no
        // attribute asked for none. That is in the linear map or in vmalloc space.
        Some(unsafe { helpers::helper_cpu_addr_to_phys(addr.cast()) })
    }
}

impl<T: KnownSize + ?Sized> Deref for CoherentMemory<'_, T> {
    type Target = Coherent<T>;

    #[inline(always)]
    fn deref(&self) -> &Coherent<T> {
        &self.memory
    }
}

// SAFETY: A `Coherent` is mapped for both directions from its allocation until it is dropped, and for
// ever if it is forgotten, for `dev` by the invariants. It was allocated with all of its bytes set, and
// its type is valid whatever they are. Its CPU side is reached through a borrow of it, so not while it is moved away,
// except by its raw pointers, whose users promise that no device is at work.
unsafe impl<T: KnownSize + AsBytes + FromBytes + ?Sized> DeviceMemory for CoherentMemory<'_, T> {
    type Direction = Bidirectional;

    #[inline(always)]
    fn device(&self) -> &Device<Bound> {
        self.dev
    }

    #[inline(always)]
    fn span(&self) -> Span<'_, Bidirectional> {
        // SAFETY: These `size()` bytes are the allocation, which the span borrows.
        unsafe { Span::new(self.dma_address(), self.size()) }
    }
}
