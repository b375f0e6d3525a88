// SPDX-License-Identifier: GPL-2.0

//! Where coherent memory comes from: each way that flags and attributes select.
//!
//! They are told apart by what the memory is like: whether its pages are in a row, and whether the CPU
//! has them in the linear map or in vmalloc space. The physical address is in the evidence, so that
//! `scripts/selftests/coherent.sh` can compare it with where CMA has its memory.

use crate::{
    dma::{buffer::Pages, coherent::CoherentMemory, direction::Bidirectional, limits},
    selftest::{
        evidence::{
            Evidence,
            Failure,
            Stop, //
        },
        ktap::Suite,
        moves::{
            Moves,
            DATA, //
        },
        pattern,
        Context, //
    },
    testdev::addresses::{phys_at, Number},
    testdev::edu::BUFFER_SIZE, //
};
use core::ops::Range;
use kernel::{
    alloc::Flags,
    dma::{
        attrs::*,
        Attrs,
        DataDirection, //
    },
    io::Io,
    page::PAGE_SIZE,
    prelude::*, //
};

/// No attribute.
fn none() -> Attrs {
    DMA_ATTR_NO_WARN & !DMA_ATTR_NO_WARN
}

/// One way to get memory, and what it must be like then.
struct Path {
    name: &'static str,
    size: usize,
    flags: Flags,
    attrs: Attrs,
    /// Whether its pages are in a row also where an IOMMU can put them in one.
    contiguous: bool,
}

/// Larger than what the IOMMU's page table maps with one entry of the second-lowest level.
const LARGE: usize = 2 << 20;

pub(super) const PLAN: usize = 8 + 5;

pub(super) fn run(ctx: &Context<'_>, suite: &mut Suite<'_>) {
    let path = |name, size, flags, attrs, contiguous| Path {
        name,
        size,
        flags,
        attrs,
        contiguous,
    };
    let contiguous = DMA_ATTR_FORCE_CONTIGUOUS;

    for path in [
        path("default", 65536, GFP_KERNEL, none(), false),
        path("default", LARGE, GFP_KERNEL, none(), false),
        path(
            "single pages",
            LARGE,
            GFP_KERNEL,
            DMA_ATTR_ALLOC_SINGLE_PAGES,
            false,
        ),
        path(
            "write combine",
            65536,
            GFP_KERNEL,
            DMA_ATTR_WRITE_COMBINE,
            false,
        ),
        path("contiguous", 4096, GFP_KERNEL, contiguous, true),
        path("contiguous", 65536, GFP_KERNEL, contiguous, true),
        path("atomic", 8192, GFP_ATOMIC, none(), true),
    ] {
        let result = check(ctx, suite, &path);
        suite.result(fmt!("{} {}", path.name, path.size), result);
    }

    suite.result(fmt!("atomic pool"), pool(ctx));

    for (name, attrs) in [
        ("DMA_ATTR_WEAK_ORDERING", DMA_ATTR_WEAK_ORDERING),
        ("DMA_ATTR_SKIP_CPU_SYNC", DMA_ATTR_SKIP_CPU_SYNC),
        ("DMA_ATTR_MMIO", DMA_ATTR_MMIO),
        (
            "DMA_ATTR_NO_WARN and DMA_ATTR_MMIO",
            DMA_ATTR_NO_WARN | DMA_ATTR_MMIO,
        ),
        // DMA_ATTR_NO_KERNEL_MAPPING is among them, which mainline has no name for.
        ("all but DMA_ATTR_NO_WARN", !DMA_ATTR_NO_WARN),
    ] {
        suite.result(fmt!("refused {}", name), refused(ctx, attrs));
    }
}

/// Into how many pieces the memory falls.
fn pieces(memory: &CoherentMemory<'_, [u8]>) -> usize {
    let page = |offset| phys_at(memory, offset);

    1 + (PAGE_SIZE..memory.size())
        .step_by(PAGE_SIZE)
        .filter(|offset| {
            page(*offset) != page(offset - PAGE_SIZE).map(|phys| phys + PAGE_SIZE as u64)
        })
        .count()
}

/// Leaves single free pages between those that are returned, for who allocates page by page.
fn perforate() -> Result<KVec<Pages>> {
    const COUNT: usize = 256;

    let mut kept = KVec::with_capacity(COUNT, GFP_KERNEL)?;
    let mut freed = KVec::with_capacity(COUNT, GFP_KERNEL)?;
    for i in 0..COUNT {
        let half = if i % 2 == 0 { &mut kept } else { &mut freed };
        half.push(Pages::zeroed(0, GFP_KERNEL)?, GFP_KERNEL)?;
    }

    Ok(kept)
}

/// Allocates memory, looks at it, and lets the device read and write its first and its last bytes.
fn check(ctx: &Context<'_>, suite: &Suite<'_>, path: &Path) -> Result<Evidence, Stop> {
    let size = path.size;
    let mut bytes = KVVec::from_elem(0u8, size, GFP_KERNEL)?;
    pattern::fill(&mut bytes, DATA, 0);

    let single = path.attrs.contains(DMA_ATTR_ALLOC_SINGLE_PAGES);
    let between = if single { perforate()? } else { KVec::new() };
    let mut memory =
        CoherentMemory::from_slice_with_attrs(ctx.dev, &bytes, path.flags, path.attrs)?;
    drop(between);
    let (pieces, remapped) = (pieces(&memory), memory.is_remapped());
    suite.note(fmt!(
        "pieces {}, the CPU has it in {}",
        pieces,
        if remapped {
            "vmalloc space"
        } else {
            "the linear map"
        }
    ));

    let scattered = ctx.witness.translates() && !path.contiguous;
    if !scattered && pieces != 1 {
        return Err(Failure::Unexpected("the memory is not contiguous").into());
    }
    if scattered && single && pieces == 1 {
        return Err(Failure::Unexpected("the memory was not allocated page by page").into());
    }
    // What was put together of pages, and what must not be cached.
    if remapped != (scattered || !limits::is_coherent(ctx.dev)) {
        return Err(Failure::Unexpected("the CPU has the memory in the wrong place").into());
    }

    let dma = memory.span().number();
    // Within the allocation; 0 would be reported as a wrong translation.
    let phys = |offset| phys_at(&memory, offset).unwrap_or(0);
    let witness = ctx
        .witness
        .mapped(dma, size, DataDirection::Bidirectional, &phys)?;
    let first = phys(0);

    let moved: [Range<usize>; 2] = [0..BUFFER_SIZE, size - BUFFER_SIZE..size];
    for chunk in &moved[usize::from(size == BUFFER_SIZE)..] {
        memory = Bidirectional::through(ctx, memory, chunk.clone(), 0)?;
    }

    bytes.fill(0);
    memory.copy_to_slice(&mut bytes);
    for start in (0..size).step_by(BUFFER_SIZE) {
        let chunk = start..start + BUFFER_SIZE;
        let seed = if moved.contains(&chunk) {
            Bidirectional::after(ctx)
        } else {
            DATA
        };
        pattern::compare(&bytes[chunk], seed, start)?;
    }

    drop(memory);
    ctx.witness.unmapped(dma, size)?;

    Ok(Evidence {
        operation: "dma_alloc_attrs",
        direction: DataDirection::Bidirectional,
        size,
        phys: first,
        dma,
        witnesses: [ctx.moved("round trip"), witness],
    })
}

/// Two allocations that may not sleep, for a device that is not cache-coherent, are parts of one piece of
/// uncached memory: anything else in vmalloc space has a guard page behind it. A device that is cache-coherent
/// needs no pool: they are in the linear map.
fn pool(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    const SIZE: usize = 2 * PAGE_SIZE;

    let allocate = || CoherentMemory::<[u8]>::zeroed_slice(ctx.dev, SIZE, GFP_ATOMIC);
    let (one, two) = (allocate()?, allocate()?);

    if limits::is_coherent(ctx.dev) {
        if one.is_remapped() || two.is_remapped() {
            return Err(Failure::Unexpected("a cache-coherent device was given the pool").into());
        }
        return Ok("dma_alloc_attrs witness: two allocations in the linear map, without a pool");
    }

    let [one, two] = [&one, &two].map(|memory| memory.as_ptr().cast::<u8>().addr());

    if one.abs_diff(two) != SIZE {
        return Err(Failure::Unexpected("two allocations are not parts of one pool").into());
    }
    Ok("dma_alloc_attrs witness: two allocations without a guard page between them")
}

/// An attribute that would make of it something else than memory is refused.
fn refused(ctx: &Context<'_>, attrs: Attrs) -> Result<&'static str, Stop> {
    match CoherentMemory::<[u8]>::zeroed_slice_with_attrs(ctx.dev, PAGE_SIZE, GFP_KERNEL, attrs) {
        Ok(_) => Err(Failure::Unexpected("the attribute was accepted").into()),
        Err(EINVAL) => Ok("dma_alloc_attrs refused with EINVAL"),
        Err(error) => Err(error.into()),
    }
}
