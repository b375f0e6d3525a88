// SPDX-License-Identifier: GPL-2.0

//! The operations: small lifecycles, each of which makes what it needs and undoes it.
//!
//! They show a way through the kernel, and are not checks: no data is moved.

use super::Target;
use crate::{
    dma::{
        buffer::{
            Buffer,
            Pages, //
        },
        coherent::CoherentMemory,
        direction::{
            Bidirectional,
            FromDevice,
            Permits, //
        },
        iova::IovaBuilder,
        pages::{
            DevicePages,
            NoncontiguousPages, //
        },
        pool::DmaPool,
        resource::{
            Registers,
            ResourceMapping, //
        },
        sg::SgMapping,
        streaming::Mapping, //
    },
    testdev::regs::FACTORIAL_RANGE, //
};
use kernel::{
    alloc::Flags,
    dma::{
        attrs::*,
        Attrs, //
    },
    page::PAGE_SIZE,
    prelude::*,
    ptr::Alignment, //
};

/// One of them.
pub(super) struct Operation {
    /// What it is called in `op=`.
    pub(super) name: &'static str,
    /// For people: the calls of C in it.
    pub(super) what: &'static str,
    /// Runs it. May sleep.
    pub(super) run: fn(&Target<'_>) -> Result,
}

/// Of each buffer that is of several pages, on all machines.
const LARGE: usize = 65536;
/// So small that it shares cache lines with other memory of `kmalloc()`.
const SMALL: usize = 24;
/// Of the pieces of scattered memory.
const ORDERS: [u32; 3] = [0, 2, 1];

/// What one can ask for.
pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        name: "map_single",
        what: "dma_map_single of a page from kmalloc, sync for CPU and device, dma_unmap_single",
        run: map_single,
    },
    Operation {
        name: "map_page",
        what: "dma_map_page of a page, sync for CPU and device, dma_unmap_page",
        run: map_page,
    },
    Operation {
        name: "map_small",
        what: "dma_map_single of 24 bytes from kmalloc, sync for CPU and device, dma_unmap_single",
        run: map_small,
    },
    Operation {
        name: "map_sg",
        what: "dma_map_sgtable of pieces of 1, 4 and 2 pages, sync for CPU and device, dma_unmap_sgtable",
        run: map_sg,
    },
    Operation {
        name: "coherent",
        what: "dma_alloc_attrs of 64 KiB, may sleep, dma_free_attrs",
        run: coherent,
    },
    Operation {
        name: "coherent_contiguous",
        what: "dma_alloc_attrs of 64 KiB, DMA_ATTR_FORCE_CONTIGUOUS, dma_free_attrs",
        run: coherent_contiguous,
    },
    Operation {
        name: "coherent_atomic",
        what: "dma_alloc_attrs of 64 KiB, GFP_ATOMIC, dma_free_attrs",
        run: coherent_atomic,
    },
    Operation {
        name: "get_sgtable",
        what: "dma_alloc_attrs of 64 KiB, dma_get_sgtable_attrs, dma_free_attrs",
        run: get_sgtable,
    },
    Operation {
        name: "alloc_noncoherent",
        what: "dma_alloc_noncoherent (dma_alloc_pages) of 64 KiB, sync, dma_free_pages",
        run: alloc_noncoherent,
    },
    Operation {
        name: "alloc_noncontiguous",
        what: "dma_alloc_noncontiguous of 64 KiB, vmap, sync, vunmap, dma_free_noncontiguous",
        run: alloc_noncontiguous,
    },
    Operation {
        name: "pool",
        what: "dma_pool_create, dma_pool_zalloc, dma_pool_free, dma_pool_destroy",
        run: pool,
    },
    Operation {
        name: "iova",
        what: "dma_iova_try_alloc, link of 3 pages, unlink of one, sync, destroy; needs an IOMMU",
        run: iova,
    },
    Operation {
        name: "map_resource",
        what: "dma_map_resource of a register of the device itself, dma_unmap_resource",
        run: map_resource,
    },
];

/// Maps a buffer, gives the CPU a turn, and unmaps it.
fn streaming<B: Buffer>(target: &Target<'_>, buffer: B) -> Result
where
    Bidirectional: Permits<B::Target>,
{
    let mut mapping = Mapping::map(target.dev(), buffer, Bidirectional)?;

    drop(mapping.sync_for_cpu());
    drop(mapping.unmap());
    Ok(())
}

fn map_single(target: &Target<'_>) -> Result {
    streaming(target, KVec::from_elem(0u8, PAGE_SIZE, GFP_KERNEL)?)
}

fn map_page(target: &Target<'_>) -> Result {
    streaming(target, Pages::zeroed(0, GFP_KERNEL)?)
}

fn map_small(target: &Target<'_>) -> Result {
    streaming(target, KVec::from_elem(0u8, SMALL, GFP_KERNEL)?)
}

fn map_sg(target: &Target<'_>) -> Result {
    let mut memory = KVec::with_capacity(ORDERS.len(), GFP_KERNEL)?;
    for order in ORDERS {
        memory.push(Pages::zeroed(order, GFP_KERNEL)?, GFP_KERNEL)?;
    }

    let mut mapping = SgMapping::map(target.dev(), memory, Bidirectional, GFP_KERNEL)?;
    drop(mapping.sync_for_cpu());
    drop(mapping.unmap());
    Ok(())
}

/// Allocates coherent memory.
fn allocate<'a>(
    target: &Target<'a>,
    flags: Flags,
    attrs: Attrs,
) -> Result<CoherentMemory<'a, [u8]>> {
    CoherentMemory::zeroed_slice_with_attrs(target.dev(), LARGE, flags, attrs)
}

/// No attribute.
fn none() -> Attrs {
    DMA_ATTR_NO_WARN & !DMA_ATTR_NO_WARN
}

fn coherent(target: &Target<'_>) -> Result {
    allocate(target, GFP_KERNEL, none()).map(drop)
}

fn coherent_contiguous(target: &Target<'_>) -> Result {
    allocate(target, GFP_KERNEL, DMA_ATTR_FORCE_CONTIGUOUS).map(drop)
}

fn coherent_atomic(target: &Target<'_>) -> Result {
    allocate(target, GFP_ATOMIC, none()).map(drop)
}

fn get_sgtable(target: &Target<'_>) -> Result {
    allocate(target, GFP_KERNEL, none())?.sg_table().map(drop)
}

fn alloc_noncoherent(target: &Target<'_>) -> Result {
    let mut pages = DevicePages::<u8, _>::zeroed(target.dev(), LARGE, Bidirectional, GFP_KERNEL)?;

    drop(pages.sync_for_cpu());
    Ok(())
}

fn alloc_noncontiguous(target: &Target<'_>) -> Result {
    let pages =
        NoncontiguousPages::<u8, _>::zeroed(target.dev(), LARGE, Bidirectional, GFP_KERNEL)?;
    let mut pages = pages.vmap()?;

    drop(pages.sync_for_cpu());
    drop(pages.vunmap());
    Ok(())
}

fn pool(target: &Target<'_>) -> Result {
    let pool = DmaPool::<[u8; SMALL]>::new(target.dev(), c"run", Alignment::new::<4>(), None)?;

    DmaPool::zalloc(&pool, GFP_KERNEL).map(drop)
}

fn iova(target: &Target<'_>) -> Result {
    let page = || Pages::zeroed(0, GFP_KERNEL);
    let mut builder = IovaBuilder::begin(
        target.dev(),
        page()?,
        3 * PAGE_SIZE,
        3,
        Bidirectional,
        GFP_KERNEL,
    )?;

    builder.link(page()?)?;
    builder.link(page()?)?;
    drop(builder.unlink());
    drop(builder.finish()?.unmap());
    Ok(())
}

fn map_resource(target: &Target<'_>) -> Result {
    let registers = Registers::of_bar(target.pdev, 0, FACTORIAL_RANGE)?;

    ResourceMapping::map(target.dev(), registers, FromDevice)?.unmap();
    Ok(())
}
