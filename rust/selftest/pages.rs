// SPDX-License-Identifier: GPL-2.0

//! Non-coherent pages from the DMA API.

use super::{
    direction_test,
    prelude::*,
    sg,
    sync::bad_ranges, //
};
use crate::dma::{
    DeviceReads,
    VmappedPages, //
};

/// The last one exceeds the default maximum segment size.
const SIZES: [usize; 4] = [PAGE_SIZE, 3 * PAGE_SIZE, 64 << 10, LARGE];
const LARGE: usize = 1 << 20;

/// The number of chunks of each memory that are transferred, besides the last one.
const MOVED: usize = 4;

/// Unaligned at both ends.
const PART: Range<usize> = 1001..2003;

const ROUNDS: u32 = 4;
const TURNS_SIZE: usize = 3 * PAGE_SIZE;

pub(super) const PLAN: usize = 2 * 3 * SIZES.len() + 8;

pub(super) fn run(ctx: &Context<'_>, suite: &mut Suite<'_>) {
    direction::<ToDevice>(ctx, suite, fill, fill);
    direction::<FromDevice>(ctx, suite, |_| {}, |_| {});
    direction::<Bidirectional>(ctx, suite, fill, fill);

    suite.result(fmt!("contiguous rounds"), contiguous_rounds(ctx));
    // Three large pages exceed the default maximum segment size.
    let large =
        |f: fn(&Context<'_>) -> Result<Evidence, Stop>| ctx.with_segments_of(TURNS_SIZE, || f(ctx));
    suite.result(fmt!("noncontiguous rounds"), large(noncontiguous_rounds));
    suite.result(fmt!("partial"), partial(ctx));
    let result = ctx.with_segments_of(TURNS_SIZE, || without_vmap(ctx));
    suite.result(fmt!("without vmap"), result);
    suite.result(fmt!("single pages"), large(single_pages));
    suite.result(fmt!("refused size"), refused_size(ctx));
    suite.result(fmt!("refused segment"), refused_segment(ctx));
    suite.result(fmt!("refused attributes"), refused_attributes(ctx));
}

/// Runs all sizes of both types in one direction.
///
/// `fill` and `fill_vmapped` write the pattern [`DirectionTest::BEFORE`], if the CPU may write.
fn direction<'a, D: DirectionTest>(
    ctx: &Context<'a>,
    suite: &mut Suite<'_>,
    fill: fn(&mut DevicePages<'a, u8, D>),
    fill_vmapped: fn(&mut VmappedPages<'a, u8, D>),
) {
    let name = direction_name(D::DIRECTION);

    for size in SIZES {
        let result = contiguous(ctx, size, fill);
        suite.result(fmt!("{} contiguous {}", name, size), result);
    }
    for size in SIZES {
        let result = ctx.with_segments_of(size, || noncontiguous(ctx, suite, size, fill_vmapped));
        suite.result(fmt!("{} noncontiguous {}", name, size), result);
    }
}

/// Pages that the CPU may read.
pub(super) trait SyncedPages: Memory<Direction: DirectionTest> {
    /// The C functions behind the allocation.
    const OPERATION: &'static str;
    /// The permission in the page table of the IOMMU.
    const PERMISSION: DataDirection;

    /// Calls `f` with the bytes, synced for the CPU.
    fn look<R>(&mut self, f: impl FnOnce(&[u8]) -> R) -> R;

    /// Returns the physical address of the byte at `offset`, or 0, which would be a wrong
    /// translation.
    fn phys_at(&self, offset: usize) -> PhysAddr;
}

impl<D: DirectionTest> SyncedPages for DevicePages<'_, u8, D> {
    const OPERATION: &'static str = "dma_alloc_noncoherent, dma_alloc_pages, dma_free_pages";
    const PERMISSION: DataDirection = D::DIRECTION;

    fn look<R>(&mut self, f: impl FnOnce(&[u8]) -> R) -> R {
        f(&self.sync_for_cpu())
    }

    fn phys_at(&self, offset: usize) -> PhysAddr {
        self.phys() + offset as PhysAddr
    }
}

impl<D: DirectionTest> SyncedPages for VmappedPages<'_, u8, D> {
    const OPERATION: &'static str =
        "dma_alloc_noncontiguous, dma_vmap_noncontiguous, dma_vunmap_noncontiguous";
    const PERMISSION: DataDirection = DataDirection::Bidirectional;

    fn look<R>(&mut self, f: impl FnOnce(&[u8]) -> R) -> R {
        f(&self.sync_for_cpu())
    }

    fn phys_at(&self, offset: usize) -> PhysAddr {
        sg::phys_at(self.phys_vecs(), offset).unwrap_or(0)
    }
}

/// Pages that the CPU may also write.
trait WritablePages: SyncedPages {
    /// Calls `f` with the bytes, synced for the CPU and then for the device.
    fn change(&mut self, f: impl FnOnce(&mut [u8]));
}

impl<D: DirectionTest + DeviceReads> WritablePages for DevicePages<'_, u8, D> {
    fn change(&mut self, f: impl FnOnce(&mut [u8])) {
        f(&mut self.sync_for_cpu());
    }
}

impl<D: DirectionTest + DeviceReads> WritablePages for VmappedPages<'_, u8, D> {
    fn change(&mut self, f: impl FnOnce(&mut [u8])) {
        f(&mut self.sync_for_cpu());
    }
}

/// Writes the pattern expected before a transfer.
fn fill<M: WritablePages>(memory: &mut M) {
    memory.change(|bytes| pattern::fill(bytes, M::Direction::BEFORE, 0));
}

fn contiguous<'a, D: DirectionTest>(
    ctx: &Context<'a>,
    size: usize,
    fill: fn(&mut DevicePages<'a, u8, D>),
) -> Result<Evidence, Stop> {
    dirty(size)?;
    let pages = DevicePages::zeroed(ctx.dev, size, D::VALUE, GFP_KERNEL)?;

    check(ctx, pages, size, fill)
}

fn noncontiguous<'a, D: DirectionTest>(
    ctx: &Context<'a>,
    suite: &Suite<'_>,
    size: usize,
    fill: fn(&mut VmappedPages<'a, u8, D>),
) -> Result<Evidence, Stop> {
    let holes = dirty(size)?;
    let pages = NoncontiguousPages::zeroed(ctx.dev, size, D::VALUE, GFP_KERNEL)?;
    drop(holes);

    let pieces = pages.phys_vecs().count();
    suite.note(fmt!("pieces of memory {}, for the device 1", pieces));
    if !ctx.iommu.translates() && pieces != 1 {
        return fail("several pieces without an IOMMU");
    }

    check(ctx, pages.vmap()?, size, fill)
}

/// Fills enough pages for `size` bytes and frees them, to be allocated next. Returns the pages
/// between them.
fn dirty(size: usize) -> Result<KVec<KVec<u8>>, Stop> {
    let count = 2 * size.div_ceil(PAGE_SIZE);
    let mut kept = KVec::with_capacity(count, GFP_KERNEL)?;
    let mut freed = KVec::with_capacity(count, GFP_KERNEL)?;

    for number in 0..count {
        let page = KVec::from_elem(0xa5u8, PAGE_SIZE, GFP_KERNEL)?;

        let place = if number % 2 == 0 {
            &mut kept
        } else {
            &mut freed
        };
        place.push(page, GFP_KERNEL)?;
    }
    Ok(kept)
}

/// Returns the chunks to transfer, each at most as large as the device's buffer.
fn chunks(size: usize) -> impl Iterator<Item = Range<usize>> {
    let stride = (size / BUFFER_SIZE / MOVED).max(1);

    (0..size)
        .step_by(BUFFER_SIZE)
        .enumerate()
        .map(move |(number, start)| (number, start..size.min(start + BUFFER_SIZE)))
        .filter(move |(number, chunk)| number % stride == 0 || chunk.end == size)
        .map(|(_, chunk)| chunk)
}

/// Checks the DMA addresses of memory; returns the evidence.
fn check_place<M: SyncedPages>(
    ctx: &Context<'_>,
    memory: &M,
    size: usize,
) -> Result<&'static str, Stop> {
    let (_, addr, len) = memory.segments().single().ok_or(EFAULT)?;
    let dma = addr.number();

    if len != size {
        return fail("the segment has another size than the memory");
    }
    if dma.wrapping_add((size - 1) as DmaAddress) > limits::coherent_mask(ctx.dev) {
        return fail("the memory is beyond the coherent mask");
    }
    Ok(ctx
        .iommu
        .mapped(dma, size, M::PERMISSION, &|offset| memory.phys_at(offset))?)
}

/// Calls `f` with memory, frees it, and checks its DMA addresses before and after.
pub(super) fn used<M: SyncedPages>(
    ctx: &Context<'_>,
    memory: M,
    size: usize,
    f: impl FnOnce(M) -> Result<M, Stop>,
) -> Result<Evidence, Stop> {
    let witness = check_place(ctx, &memory, size)?;
    let place = Place::unbounced(&memory, memory.phys_at(0));

    let memory = f(memory)?;
    let segment = memory.segments().single();
    if segment.map(|(_, addr, _)| addr.number()) != Some(place.dma) {
        return fail("the DMA address has changed");
    }
    drop(memory);
    place.unmapped(ctx)?;

    Ok(place.evidence(M::OPERATION, [ctx.moved("round trip"), witness]))
}

/// Checks that memory is zeroed, transfers chunks of it, and frees it.
fn check<M: SyncedPages>(
    ctx: &Context<'_>,
    memory: M,
    size: usize,
    fill: fn(&mut M),
) -> Result<Evidence, Stop> {
    used(ctx, memory, size, |mut memory| {
        memory.look(|bytes| {
            if bytes.len() == size {
                pattern::all(bytes, 0)
            } else {
                fail("the size for the CPU is wrong")
            }
        })?;
        fill(&mut memory);
        // Bytes outside of the transferred chunks must not change.
        let mut expected = KVVec::with_capacity(size, GFP_KERNEL)?;
        memory.look(|bytes| expected.extend_from_slice(bytes, GFP_KERNEL))?;

        for chunk in chunks(size) {
            memory = M::Direction::through(ctx, memory, chunk.clone(), 0)?;
            if ctx.edu.is_some() {
                pattern::fill(
                    &mut expected[chunk.clone()],
                    M::Direction::AFTER,
                    chunk.start,
                );
            }
        }
        memory.look(|bytes| same(bytes, &expected))?;
        Ok(memory)
    })
}

/// Compares two slices.
fn same(bytes: &[u8], expected: &[u8]) -> Result<(), Failure> {
    match bytes.iter().zip(expected).position(|(a, b)| a != b) {
        None => Ok(()),
        Some(offset) => Err(Failure::Byte {
            offset,
            expected: expected[offset],
            found: bytes[offset],
        }),
    }
}

/// Returns the range that a round transfers, which is unaligned and differs in each round.
fn window(round: u32) -> Range<usize> {
    // CAST: A small number.
    let start = 1 + round as usize * 3000;

    start..start + 64
}

/// Syncs memory between the CPU and the device over many transfers.
fn rounds<M: WritablePages<Direction = Bidirectional>>(
    ctx: &Context<'_>,
    memory: M,
) -> Result<Evidence, Stop> {
    used(ctx, memory, TURNS_SIZE, |mut memory| {
        let mut expected = KVec::from_elem(0u8, TURNS_SIZE, GFP_KERNEL)?;

        for round in 0..ROUNDS {
            // Another part of the pattern in each round. CAST: A small number.
            let offset = round as usize * TURNS_SIZE;
            let range = window(round);

            memory.change(|bytes| pattern::fill(bytes, direction_test::DATA, offset));
            pattern::fill(&mut expected, direction_test::DATA, offset);

            memory = Bidirectional::through(ctx, memory, range.clone(), offset)?;
            pattern::fill(
                &mut expected[range.clone()],
                Bidirectional::after(ctx),
                offset + range.start,
            );
            memory.look(|bytes| same(bytes, &expected))?;
        }
        Ok(memory)
    })
}

fn contiguous_rounds(ctx: &Context<'_>) -> Result<Evidence, Stop> {
    let pages = DevicePages::zeroed(ctx.dev, TURNS_SIZE, Bidirectional, GFP_KERNEL)?;

    rounds(ctx, pages)
}

/// Syncs memory in pieces in the same way, after a second vmap.
fn noncontiguous_rounds(ctx: &Context<'_>) -> Result<Evidence, Stop> {
    let pages = NoncontiguousPages::zeroed(ctx.dev, TURNS_SIZE, Bidirectional, GFP_KERNEL)?;

    let mut pages = pages.vmap()?;
    pages.sync_for_cpu()[TURNS_SIZE - 1] = 0x5a;
    let mut pages = pages.vunmap().vmap()?;
    pattern::all(&pages.sync_for_cpu()[TURNS_SIZE - 1..], 0x5a)?;

    rounds(ctx, pages)
}

/// Syncs a part, and checks that the rest is unchanged.
fn partial(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    const SIZE: usize = BUFFER_SIZE;
    let mut pages = DevicePages::zeroed(ctx.dev, SIZE, Bidirectional, GFP_KERNEL)?;
    let mut seen = KVec::from_elem(0u8, SIZE, GFP_KERNEL)?;
    let place = Place::unbounced(&pages, pages.phys());
    check_place(ctx, &pages, SIZE)?;

    pattern::fill(&mut pages.sync_for_cpu(), 1, 0);
    pattern::fill(&mut pages.sync_range_for_cpu(PART)?, 2, PART.start);

    pages = Transfer::to_device(ctx.edu()?.channel(), pages, 0..SIZE, JOB)?.wait(TIMEOUT)?;
    fetch(ctx, &mut seen)?;
    pattern::compare(&seen[..PART.start], 1, 0)?;
    pattern::compare(&seen[PART], 2, PART.start)?;
    pattern::compare(&seen[PART.end..], 1, PART.end)?;

    // The device writes to the part, and only the part is synced.
    pattern::fill(&mut seen[PART], 3, PART.start);
    load(ctx, &seen[PART])?;
    pages = Transfer::from_device(ctx.edu()?.channel(), pages, PART, JOB)?.wait(TIMEOUT)?;
    pattern::compare(&pages.sync_range_for_cpu(PART)?, 3, PART.start)?;
    same(&pages.sync_for_cpu(), &seen)?;

    for range in bad_ranges(SIZE) {
        if pages.sync_range_for_cpu(range).is_ok() {
            return fail("a bad range was synced");
        }
    }

    // The length is a number of elements, not of bytes.
    let mut words = DevicePages::<u32, _>::zeroed(ctx.dev, 100, ToDevice, GFP_KERNEL)?;
    words.sync_range_for_cpu(98..100)?.fill(0x0403_0201);
    if words.sync_range_for_cpu(99..101).is_ok() || words.range().len() != 400 {
        return fail("the number of elements is wrong");
    }
    drop(pages);
    place.unmapped(ctx)?;
    let place = Place::unbounced(&words, words.phys());
    place.mapped(ctx)?;
    drop(Transfer::to_device(ctx.edu()?.channel(), words, 388..400, JOB)?.wait(TIMEOUT)?);
    place.unmapped(ctx)?;
    fetch(ctx, &mut seen[..12])?;
    same(&seen[..12], &[0, 0, 0, 0, 1, 2, 3, 4, 1, 2, 3, 4])?;

    Ok("dma_sync_single_range witness: round trip, 6 bad ranges refused with EINVAL")
}

/// Transfers data from the device and back to it, without a mapping for the CPU.
fn without_vmap(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    const SIZE: usize = TURNS_SIZE;
    let mut pages = NoncontiguousPages::<u8, _>::zeroed(ctx.dev, SIZE, Bidirectional, GFP_KERNEL)?;
    let mut bytes = KVec::from_elem(0u8, 128, GFP_KERNEL)?;
    // Across a page boundary.
    let range = 2 * PAGE_SIZE - 64..2 * PAGE_SIZE + 64;

    pattern::fill(&mut bytes, direction_test::DATA, 0);
    let dma = pages.range().number();
    ctx.iommu
        .mapped(dma, SIZE, Bidirectional::DIRECTION, &|offset| {
            sg::phys_at(pages.phys_vecs(), offset).unwrap_or(0)
        })?;
    load(ctx, &bytes)?;
    pages =
        Transfer::from_device(ctx.edu()?.channel(), pages, range.clone(), JOB)?.wait(TIMEOUT)?;
    bytes.fill(0);
    load(ctx, &bytes)?;
    let pages = Transfer::to_device(ctx.edu()?.channel(), pages, range, JOB)?.wait(TIMEOUT)?;
    fetch(ctx, &mut bytes)?;
    pattern::compare(&bytes, direction_test::DATA, 0)?;

    drop(pages);
    ctx.iommu.unmapped(dma, SIZE)?;

    Ok("dma_alloc_noncontiguous bidirectional witness: round trip")
}

/// Allocates with the attribute for single pages.
fn single_pages(ctx: &Context<'_>) -> Result<Evidence, Stop> {
    const SIZE: usize = TURNS_SIZE;
    let attrs = DMA_ATTR_ALLOC_SINGLE_PAGES;

    let pages =
        NoncontiguousPages::zeroed_with_attrs(ctx.dev, SIZE, FromDevice, GFP_KERNEL, attrs)?;
    check(ctx, pages.vmap()?, SIZE, |_| {})
}

/// Returns the error of an allocation, which must fail.
fn refusal<M>(result: Result<M>) -> Result<Error, Stop> {
    match result {
        Ok(_) => fail("the allocation was not refused"),
        Err(error) => Ok(error),
    }
}

/// Checks that empty and excessive sizes are refused.
fn refused_size(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    // CAST: A positive number.
    const MOST: usize = isize::MAX as usize;
    let unexpected = fail("refused with another error");

    for (len, error) in [
        (0, EINVAL),
        (usize::MAX, EOVERFLOW),
        (MOST / 4 + 1, EOVERFLOW),
        // Beyond the orders of the page allocator, where C would warn.
        (MOST / 4, ENOMEM),
        (1 << 40, ENOMEM),
    ] {
        let pages = DevicePages::<u32, _>::zeroed(ctx.dev, len, FromDevice, GFP_KERNEL);
        if refusal(pages)? != error {
            return unexpected;
        }
    }

    for (len, error) in [
        (0, EINVAL),
        (usize::MAX, EOVERFLOW),
        (MOST, EOVERFLOW),
        // CAST: A positive number.
        (i32::MAX as usize + 1, EOVERFLOW),
    ] {
        let pages = NoncontiguousPages::<u8, _>::zeroed(ctx.dev, len, FromDevice, GFP_KERNEL);
        if refusal(pages)? != error {
            return unexpected;
        }
    }

    Ok("dma_alloc_pages, dma_alloc_noncontiguous witness: 9 sizes refused")
}

/// Checks that more than the maximum segment size is refused.
fn refused_segment(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    // CAST: From 32 bits to at least as many.
    let most = limits::max_seg_size(ctx.dev) as usize;

    drop(NoncontiguousPages::<u8, _>::zeroed(
        ctx.dev, most, ToDevice, GFP_KERNEL,
    )?);
    let pages = NoncontiguousPages::<u8, _>::zeroed(ctx.dev, most + 1, ToDevice, GFP_KERNEL);
    if refusal(pages)? != EINVAL {
        return fail("refused with another error");
    }

    Ok("dma_alloc_noncontiguous to_device refused with EINVAL witness: a byte less was allocated")
}

fn refused_attributes(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    for attrs in [
        DMA_ATTR_NO_WARN,
        DMA_ATTR_NO_WARN | DMA_ATTR_ALLOC_SINGLE_PAGES,
    ] {
        let pages = NoncontiguousPages::<u8, _>::zeroed_with_attrs(
            ctx.dev, PAGE_SIZE, ToDevice, GFP_KERNEL, attrs,
        );
        if refusal(pages)? != EINVAL {
            return fail("refused with another error");
        }
    }

    Ok("dma_alloc_noncontiguous to_device refused with EINVAL witness: 2 sets of attributes")
}
