// SPDX-License-Identifier: GPL-2.0

//! Coherent allocations on each path that flags and attributes select.
//!
//! The checks tell the paths apart by the memory: contiguous or not, in the linear map or in
//! vmalloc space. The evidence has the physical address, which `scripts/selftests/coherent.sh`
//! compares with the CMA area.

use super::coherent_place;
use crate::selftest::prelude::*;
use kernel::bindings;

/// The parameters of an allocation, and the memory expected.
struct Path {
    name: &'static str,
    size: usize,
    flags: Flags,
    attrs: Attrs,
    /// Whether the memory must be contiguous also behind an IOMMU.
    contiguous: bool,
}

/// The size of a block of level 2 of the page table.
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
        path("default", 65536, GFP_KERNEL, no_attrs(), false),
        path("default", LARGE, GFP_KERNEL, no_attrs(), false),
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
        path("atomic", 8192, GFP_ATOMIC, no_attrs(), true),
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
        // Includes DMA_ATTR_NO_KERNEL_MAPPING, for which mainline has no constant.
        ("all but DMA_ATTR_NO_WARN", !DMA_ATTR_NO_WARN),
    ] {
        suite.result(fmt!("refused {}", name), refused(ctx, attrs));
    }
}

/// Returns whether the CPU accesses the memory in vmalloc space: scattered pages, or uncached
/// memory.
fn is_remapped(memory: &CoherentMemory<'_, [u8]>) -> bool {
    // SAFETY: The function accepts any address.
    unsafe { bindings::is_vmalloc_addr(memory.as_ptr().cast()) }
}

/// Returns the number of contiguous pieces of the memory.
fn pieces(memory: &CoherentMemory<'_, [u8]>) -> usize {
    let page = |offset| phys_at(memory, offset);

    1 + (PAGE_SIZE..memory.size())
        .step_by(PAGE_SIZE)
        .filter(|offset| {
            page(*offset) != page(offset - PAGE_SIZE).map(|phys| phys + PAGE_SIZE as u64)
        })
        .count()
}

/// Allocates pages and frees every other one, so that allocations of single pages are scattered.
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

/// Allocates memory, checks its type, and transfers its first and last bytes.
fn check(ctx: &Context<'_>, suite: &Suite<'_>, path: &Path) -> Result<Evidence, Stop> {
    let size = path.size;
    let mut bytes = KVVec::from_elem(0u8, size, GFP_KERNEL)?;
    pattern::fill(&mut bytes, DATA, 0);

    let single = path.attrs.contains(DMA_ATTR_ALLOC_SINGLE_PAGES);
    let between = if single { perforate()? } else { KVec::new() };
    let mut memory =
        CoherentMemory::from_slice_with_attrs(ctx.dev, &bytes, path.flags, path.attrs)?;
    drop(between);
    let (pieces, remapped) = (pieces(&memory), is_remapped(&memory));
    suite.note(fmt!(
        "pieces {}, the CPU has it in {}",
        pieces,
        if remapped {
            "vmalloc space"
        } else {
            "the linear map"
        }
    ));

    let scattered = ctx.iommu.translates() && !path.contiguous;
    if !scattered && pieces != 1 {
        return fail("the memory is not contiguous");
    }
    if scattered && single && pieces == 1 {
        return fail("the memory was not allocated page by page");
    }
    // Scattered pages are in vmalloc space, and so is uncached memory.
    if remapped != (scattered || !limits::is_coherent(ctx.dev)) {
        return fail("the CPU has the memory in the wrong address space");
    }

    let (place, witness) = coherent_place(ctx, &memory)?;

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
    place.unmapped(ctx)?;

    Ok(place.evidence("dma_alloc_attrs", [ctx.moved("round trip"), witness]))
}

/// Checks that atomic allocations for a non-coherent device come from the atomic pool.
///
/// Two allocations from the pool are adjacent; other areas of vmalloc space have a guard page
/// between them. For a coherent device the memory is in the linear map.
fn pool(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    const SIZE: usize = 2 * PAGE_SIZE;

    let allocate = || CoherentMemory::<[u8]>::zeroed_slice(ctx.dev, SIZE, GFP_ATOMIC);
    let (one, two) = (allocate()?, allocate()?);

    if limits::is_coherent(ctx.dev) {
        if is_remapped(&one) || is_remapped(&two) {
            return fail("a cache-coherent device was given the pool");
        }
        return Ok("dma_alloc_attrs witness: two allocations in the linear map, without a pool");
    }

    let [one, two] = [&one, &two].map(|memory| memory.as_ptr().cast::<u8>().addr());

    if one.abs_diff(two) != SIZE {
        return fail("two allocations are not parts of one pool");
    }
    Ok("dma_alloc_attrs witness: two allocations without a guard page between them")
}

/// Checks that an attribute is refused.
fn refused(ctx: &Context<'_>, attrs: Attrs) -> Result<&'static str, Stop> {
    match CoherentMemory::<[u8]>::zeroed_slice_with_attrs(ctx.dev, PAGE_SIZE, GFP_KERNEL, attrs) {
        Ok(_) => fail("the attribute was accepted"),
        Err(EINVAL) => Ok("dma_alloc_attrs refused with EINVAL"),
        Err(error) => Err(error.into()),
    }
}
