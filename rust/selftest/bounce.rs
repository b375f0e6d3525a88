// SPDX-License-Identifier: GPL-2.0

//! Whether the device must be given memory itself, or a copy of it in a bounce buffer.
//!
//! That is decided here anew, from what is known of the machine and the device, so that the kernel's
//! decision is checked, and not believed.

use super::{
    evidence::Failure,
    Context, //
};
use crate::{
    bindings as helpers,
    dma::{direction::Direction, limits},
    module_parameters, //
};
use kernel::{
    bindings,
    dma::DataDirection,
    dma::DmaAddress,
    io::PhysAddr,
    page::PAGE_SIZE, //
};

/// Whether what the device writes destroys what the CPU has written to the same cache line.
pub(super) fn device_writes_lines<D: Direction>(ctx: &Context<'_>) -> bool {
    !limits::is_coherent(ctx.dev) && !matches!(D::DIRECTION, DataDirection::ToDevice)
}

/// Whether a buffer of just this size, which the device writes, may be in a cache line with other memory.
fn shares_line<D: Direction>(ctx: &Context<'_>, size: usize) -> bool {
    // SAFETY: May be called with any size.
    let object = unsafe { bindings::kmalloc_size_roundup(size) };

    device_writes_lines::<D>(ctx) && object % limits::cache_alignment() != 0
}

/// Whether all mappings without an IOMMU are bounced, as `swiotlb=force` asks for.
fn is_forced(ctx: &Context<'_>) -> bool {
    let dev = core::ptr::from_ref(ctx.dev).cast_mut().cast();

    // SAFETY: `device::Device` is `repr(transparent)` over `struct device`, and this one is valid.
    unsafe { helpers::helper_is_swiotlb_force_bounce(dev) }
}

/// Whether the device must be given a copy of memory that is mapped as one piece, at least of a part of it
/// that is no whole page.
pub(super) fn is_copied<D: Direction>(ctx: &Context<'_>, phys: PhysAddr, len: usize) -> bool {
    if ctx.witness.translates() {
        // An IOMMU translates pages: it can keep nothing apart within one.
        let whole = (phys | len as PhysAddr) % PAGE_SIZE as PhysAddr == 0;

        !whole && (shares_line::<D>(ctx, len) || module_parameters::untrusted.value())
    } else {
        let last = phys + (len - 1) as PhysAddr;

        shares_line::<D>(ctx, len) || is_forced(ctx) || last > limits::mask(ctx.dev)
    }
}

/// Whether the IOMMU maps each entry of a list alone, with these lengths, so that it can bounce it.
pub(super) fn is_each_alone<D: Direction>(
    ctx: &Context<'_>,
    mut lengths: impl Iterator<Item = usize>,
) -> bool {
    ctx.witness.translates()
        && (module_parameters::untrusted.value() || lengths.any(|len| shares_line::<D>(ctx, len)))
}

/// Checks that the device has been given what it must be given for `len` contiguous bytes at `phys`: a
/// copy or the memory itself; returns who has seen it.
pub(super) fn placed<D: Direction>(
    ctx: &Context<'_>,
    dma: DmaAddress,
    len: usize,
    phys: PhysAddr,
) -> Result<&'static str, Failure> {
    if is_copied::<D>(ctx, phys, len) {
        ctx.witness.bounced(dma, len, D::DIRECTION, phys)
    } else {
        ctx.witness
            .mapped(dma, len, D::DIRECTION, &|offset| phys + offset as PhysAddr)
    }
}
