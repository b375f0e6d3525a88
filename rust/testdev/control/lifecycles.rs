// SPDX-License-Identifier: GPL-2.0

//! Lifecycles: each maps memory of its own, and unmaps it.
//!
//! A lifecycle exercises a path through the kernel. Without a pattern it transfers and checks no
//! data.

use super::{
    super::{
        quiesce,
        request::{
            Key,
            Kind,
            Name,
            Op,
            Refused,
            Request, //
        },
        stats::Counted,
        target::Target, //
    },
    round_trip, //
};
use crate::dma::{
    Bidirectional,
    Buffer,
    CoherentMemory,
    DevicePages,
    FromDevice,
    IovaBuilder,
    Mapping,
    NoncontiguousPages,
    Pages,
    Permits,
    Pool,
    ResourceMapping,
    SgMapping, //
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

/// The definition of a lifecycle.
pub(super) struct Lifecycle {
    /// The value of `op=`.
    pub(super) name: &'static str,
    /// The C functions that it calls, for the syntax in `run`.
    pub(super) what: &'static str,
    /// Runs it without parameters. May sleep.
    run: fn(&Target<'_>) -> Result,
    /// With parameters: the kind of the mapping, and its default size.
    other: Option<(Kind, usize)>,
}

impl Lifecycle {
    /// Returns the keys that it takes besides `op`.
    pub(super) fn takes(&self) -> &'static [Key] {
        use super::super::request::Kind as Of;
        use Key::*;

        match self.other {
            None => &[Repeat],
            Some((Of::Single | Of::Sg, _)) => &[Dir, Size, Offset, Pattern, Repeat],
            Some((Of::Resource, _)) => &[Dir, Repeat],
            Some((Of::Coherent | Of::Pool, _)) => &[Size, Pattern, Repeat],
            Some(_) => &[Dir, Size, Pattern, Repeat],
        }
    }

    /// Returns the request for its mapping with the default values; [`None`] if it has no
    /// parameters.
    pub(super) fn request(&self) -> Option<Request> {
        let (kind, size) = self.other?;
        let mut request = Request::new(Op::Map, Name::new(b"lifecycle")?);

        request.kind = Some(kind);
        // CAST: From at most 64 bits.
        request.size = (kind != Kind::Resource).then_some(size as u64);
        Some(request)
    }
}

/// A lifecycle with its parameters.
pub(super) struct Repeated {
    pub(super) lifecycle: &'static Lifecycle,
    /// None without parameters.
    pub(super) request: Option<Request>,
    pub(super) repeat: u32,
}

/// Runs a lifecycle `repeat` times. May sleep.
pub(super) fn run(target: &Target<'_>, asked: &Repeated) -> Result<(), Refused> {
    let once = || match &asked.request {
        Some(request) => {
            request.check()?;
            round_trip::run(target, request)
        }
        None => quiesce::shared(|| {
            let counted = Counted::new(&target.stats, false);
            let result = (asked.lifecycle.run)(target);

            drop(counted);
            result.map_err(|error| Refused::because(error, "it could not be run"))
        }),
    };

    for _ in 0..asked.repeat {
        target.go_on()?;
        once().inspect_err(|_| target.stats.failed())?;
    }
    Ok(())
}

/// The size of large buffers: several pages, or one of 64 KiB.
const LARGE: usize = 65536;
/// A size that shares cache lines with other memory of `kmalloc()`.
const SMALL: usize = 24;
/// The orders of the pieces of a list.
const ORDERS: [u32; 3] = [0, 2, 1];

/// All lifecycles.
pub(super) const LIFECYCLES: &[Lifecycle] = &[
    Lifecycle {
        name: "map_single",
        what: "dma_map_single of a page from kmalloc, sync for CPU and device, dma_unmap_single",
        run: map_single,
        other: Some((Kind::Single, PAGE_SIZE)),
    },
    Lifecycle {
        name: "map_page",
        what: "dma_map_page of a page, sync for CPU and device, dma_unmap_page",
        run: map_page,
        other: Some((Kind::Page, PAGE_SIZE)),
    },
    Lifecycle {
        name: "map_small",
        what: "dma_map_single of 24 bytes from kmalloc, sync for CPU and device, dma_unmap_single",
        run: map_small,
        other: Some((Kind::Single, SMALL)),
    },
    Lifecycle {
        name: "map_sg",
        what: "dma_map_sgtable of 1, 4 and 2 pages, sync for CPU and device, dma_unmap_sgtable",
        run: map_sg,
        other: Some((Kind::Sg, 7 * PAGE_SIZE)),
    },
    Lifecycle {
        name: "coherent",
        what: "dma_alloc_attrs of 64 KiB, may sleep, dma_free_attrs",
        run: coherent,
        other: Some((Kind::Coherent, LARGE)),
    },
    Lifecycle {
        name: "coherent_contiguous",
        what: "dma_alloc_attrs of 64 KiB, DMA_ATTR_FORCE_CONTIGUOUS, dma_free_attrs",
        run: coherent_contiguous,
        other: None,
    },
    Lifecycle {
        name: "coherent_atomic",
        what: "dma_alloc_attrs of 64 KiB, GFP_ATOMIC, dma_free_attrs",
        run: coherent_atomic,
        other: None,
    },
    Lifecycle {
        name: "alloc_noncoherent",
        what: "dma_alloc_noncoherent (dma_alloc_pages) of 64 KiB, sync, dma_free_pages",
        run: alloc_noncoherent,
        other: Some((Kind::Noncoherent, LARGE)),
    },
    Lifecycle {
        name: "alloc_noncontiguous",
        what: "dma_alloc_noncontiguous of 64 KiB, vmap, sync, vunmap, dma_free_noncontiguous",
        run: alloc_noncontiguous,
        other: Some((Kind::Noncontiguous, LARGE)),
    },
    Lifecycle {
        name: "pool",
        what: "dma_pool_create, dma_pool_zalloc, dma_pool_free, dma_pool_destroy",
        run: pool,
        other: Some((Kind::Pool, SMALL)),
    },
    Lifecycle {
        name: "iova",
        what: "dma_iova_try_alloc, link of 3 pages, unlink of one, sync, destroy; needs an IOMMU",
        run: iova,
        other: Some((Kind::Iova, 3 * PAGE_SIZE)),
    },
    Lifecycle {
        name: "map_resource",
        what: "dma_map_resource of a register of the device itself, dma_unmap_resource",
        run: map_resource,
        other: Some((Kind::Resource, 0)),
    },
];

/// Counts a sync for the CPU and one for the device.
fn count_syncs(target: &Target<'_>) {
    target.stats.synced();
    target.stats.synced();
}

/// Maps a buffer, syncs it for the CPU and the device, and unmaps it.
fn streaming<B: Buffer>(target: &Target<'_>, buffer: B) -> Result
where
    Bidirectional: Permits<B::Target>,
{
    let mut mapping = Mapping::map(target.dev, buffer, Bidirectional)?;

    drop(mapping.sync_for_cpu());
    count_syncs(target);
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

    let mut mapping = SgMapping::map(target.dev, memory, Bidirectional, GFP_KERNEL)?;
    drop(mapping.sync_for_cpu());
    count_syncs(target);
    drop(mapping.unmap());
    Ok(())
}

/// Allocates coherent memory.
fn allocate<'a>(
    target: &Target<'a>,
    flags: Flags,
    attrs: Attrs,
) -> Result<CoherentMemory<'a, [u8]>> {
    CoherentMemory::zeroed_slice_with_attrs(target.dev, LARGE, flags, attrs)
}

/// Returns empty attributes, for which [`Attrs`] has no constant.
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

fn alloc_noncoherent(target: &Target<'_>) -> Result {
    let mut pages = DevicePages::<u8, _>::zeroed(target.dev, LARGE, Bidirectional, GFP_KERNEL)?;

    drop(pages.sync_for_cpu());
    count_syncs(target);
    Ok(())
}

fn alloc_noncontiguous(target: &Target<'_>) -> Result {
    let pages = NoncontiguousPages::<u8, _>::zeroed(target.dev, LARGE, Bidirectional, GFP_KERNEL)?;
    let mut pages = pages.vmap()?;

    drop(pages.sync_for_cpu());
    count_syncs(target);
    drop(pages.vunmap());
    Ok(())
}

fn pool(target: &Target<'_>) -> Result {
    let pool = Pool::<[u8; SMALL]>::new(target.dev, c"run", Alignment::new::<4>(), None)?;

    Pool::zalloc(&pool, GFP_KERNEL).map(drop)
}

fn iova(target: &Target<'_>) -> Result {
    let page = || Pages::zeroed(0, GFP_KERNEL);
    let mut builder = IovaBuilder::reserve(
        target.dev,
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
    let registers = target.registers().ok_or(EOPNOTSUPP)??;

    drop(ResourceMapping::map(target.dev, registers, FromDevice)?);
    Ok(())
}
