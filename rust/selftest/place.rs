// SPDX-License-Identifier: GPL-2.0

//! The addresses of memory for the device and the CPU, and whether the memory must be bounced.
//!
//! The checks predict from the properties of machine and device whether the kernel bounces, and
//! compare the prediction with the page table.

use super::prelude::*;
use crate::{
    bindings as helpers,
    dma::Buffer, //
};
use kernel::bindings;

/// The DMA address and the physical address of contiguous memory.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct Place {
    pub(super) dma: DmaAddress,
    pub(super) phys: PhysAddr,
    pub(super) size: usize,
    pub(super) direction: DataDirection,
    /// Whether the memory is a streaming mapping, which the kernel may bounce.
    streaming: bool,
}

impl Place {
    /// Returns the place of a streaming mapping.
    pub(super) fn of<B: Buffer, D: Direction>(mapping: &Mapping<'_, B, D>) -> Self {
        Self {
            streaming: true,
            ..Self::unbounced(mapping, mapping.phys())
        }
    }

    /// Returns the place of memory that is never bounced: allocated by the DMA API, or MMIO.
    pub(super) fn unbounced<M>(memory: &M, phys: PhysAddr) -> Self
    where
        M: Memory<Direction: Direction> + ?Sized,
    {
        let segment = memory.segments().single();

        Self {
            dma: segment.map_or(0, |(_, addr, _)| addr.number()),
            phys,
            size: segment.map_or(0, |(.., len)| len),
            direction: <M::Direction as Direction>::DIRECTION,
            streaming: false,
        }
    }

    /// Returns the place of `len` bytes at `phys`, streamed to or from `dma`.
    pub(super) fn streaming<D: Direction>(dma: DmaAddress, len: usize, phys: PhysAddr) -> Self {
        Self {
            dma,
            phys,
            size: len,
            direction: D::DIRECTION,
            streaming: true,
        }
    }

    /// Returns whether the memory must be bounced, at least any part that is not a whole page.
    pub(super) fn is_bounced(&self, ctx: &Context<'_>) -> bool {
        self.streaming && must_bounce(ctx, self.direction, self.phys, self.size)
    }

    /// Checks that the DMA address leads to the memory, or to a bounce buffer if one is needed.
    pub(super) fn mapped(&self, ctx: &Context<'_>) -> Result<&'static str, Failure> {
        let Self {
            dma,
            phys,
            size,
            direction,
            ..
        } = *self;

        if self.is_bounced(ctx) {
            ctx.iommu.bounced(dma, size, direction, phys)
        } else {
            ctx.iommu
                .mapped(dma, size, direction, &|at| phys + at as PhysAddr)
        }
    }

    /// Checks that the DMA address is not mapped.
    pub(super) fn unmapped(&self, ctx: &Context<'_>) -> Result<(), Failure> {
        ctx.iommu.unmapped(self.dma, self.size)
    }

    /// Returns the evidence of an operation on this memory.
    pub(super) fn evidence(
        self,
        operation: &'static str,
        witnesses: [&'static str; 2],
    ) -> Evidence {
        Evidence {
            operation,
            place: self,
            witnesses,
        }
    }
}

/// Returns whether a write by the device destroys CPU writes to the same cache line.
pub(super) fn device_writes_lines(ctx: &Context<'_>, direction: DataDirection) -> bool {
    !limits::is_coherent(ctx.dev) && !matches!(direction, DataDirection::ToDevice)
}

/// Returns whether a kmalloc() object of this size may share a cache line that the device writes.
fn shares_line(ctx: &Context<'_>, direction: DataDirection, size: usize) -> bool {
    // SAFETY: The function accepts any size.
    let object = unsafe { bindings::kmalloc_size_roundup(size) };

    device_writes_lines(ctx, direction) && object % limits::cache_alignment() != 0
}

/// Returns whether `swiotlb=force` makes all direct mappings bounce.
fn is_forced(ctx: &Context<'_>) -> bool {
    let dev = core::ptr::from_ref(ctx.dev).cast_mut().cast();

    // SAFETY: `device::Device` is `repr(transparent)` over `struct device`, and this one is valid.
    unsafe { helpers::helper_is_swiotlb_force_bounce(dev) }
}

/// Returns whether memory that is mapped as one piece must be bounced, at least any part that is
/// not a whole page.
pub(super) fn must_bounce(
    ctx: &Context<'_>,
    direction: DataDirection,
    phys: PhysAddr,
    len: usize,
) -> bool {
    if ctx.iommu.translates() {
        // An IOMMU maps whole pages.
        let whole = (phys | len as PhysAddr) % PAGE_SIZE as PhysAddr == 0;

        !whole && (shares_line(ctx, direction, len) || ctx.untrusted)
    } else {
        let last = phys + (len - 1) as PhysAddr;

        shares_line(ctx, direction, len) || is_forced(ctx) || last > limits::mask(ctx.dev)
    }
}

/// Returns whether dma-iommu maps each entry of a list separately, so that it can bounce entries.
pub(super) fn is_each_alone(
    ctx: &Context<'_>,
    direction: DataDirection,
    mut lengths: impl Iterator<Item = usize>,
) -> bool {
    ctx.iommu.translates() && (ctx.untrusted || lengths.any(|len| shares_line(ctx, direction, len)))
}
