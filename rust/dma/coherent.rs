// SPDX-License-Identifier: GPL-2.0

//! Mainline's coherent memory as memory for a transfer.

use super::{
    direction::Bidirectional,
    span::Span,
    transfer::DeviceMemory, //
};
use crate::bindings as helpers;
use kernel::{
    dma::Coherent,
    io::PhysAddr,
    ptr::KnownSize,
    transmute::{
        AsBytes,
        FromBytes, //
    }, //
};

// SAFETY: A `Coherent` is mapped for both directions from its allocation until it is dropped. Its CPU
// side is reached through the value alone, except by its `unsafe` accessors and raw pointers, whose
// users promise that no device is at work.
unsafe impl<T: KnownSize + AsBytes + FromBytes + ?Sized> DeviceMemory for Coherent<T> {
    type Direction = Bidirectional;

    #[inline(always)]
    fn span(&self) -> Span<'_, Bidirectional> {
        // SAFETY: These `size()` bytes are the allocation, which the span borrows.
        unsafe { Span::new(self.dma_address(), self.size()) }
    }
}

/// The physical address of the byte at `offset`, as the CPU's page tables have it; [`None`] beyond the
/// end.
///
/// Coherent memory need not be physically contiguous. For tests, logs and people: the device does
/// not see these addresses.
///
/// C: `vmalloc_to_page()` or `virt_to_phys()`.
pub fn phys<T: KnownSize + ?Sized>(memory: &Coherent<T>, offset: usize) -> Option<PhysAddr> {
    if offset >= memory.size() {
        return None;
    }

    let addr = memory.as_ptr().cast::<u8>().wrapping_add(offset);

    // SAFETY: The address is within memory from `dma_alloc_attrs()` with a kernel mapping, which is in
    // the linear map or remapped into vmalloc space.
    Some(unsafe { helpers::helper_cpu_addr_to_phys(addr.cast()) })
}
