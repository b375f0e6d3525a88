// SPDX-License-Identifier: GPL-2.0

//! Memory that the device owns from birth, through the device and back.

use super::{
    evidence::{
        direction_name,
        Evidence,
        Failure,
        Stop, //
    },
    ktap::Suite,
    moves::{
        self,
        Moves, //
    },
    pattern,
    scratch::{
        fetch,
        load,
        JOB,
        TIMEOUT, //
    },
    sync::bad_ranges,
    Context, //
};
use crate::{
    dma::{
        direction::{
            Bidirectional,
            DeviceReads,
            Direction,
            FromDevice,
            ToDevice, //
        },
        limits,
        pages::{
            DevicePages,
            NoncontiguousPages,
            VmappedPages, //
        },
        transfer::{
            DeviceMemory,
            Transfer, //
        }, //
    },
    testdev::addresses::{Number, Phys},
    testdev::edu::BUFFER_SIZE, //
};
use core::ops::Range;
use kernel::{
    dma::DmaAddress,
    dma::{
        attrs::{
            DMA_ATTR_ALLOC_SINGLE_PAGES,
            DMA_ATTR_NO_WARN, //
        },
        DataDirection, //
    },
    io::PhysAddr,
    page::PAGE_SIZE,
    prelude::*, //
};

/// The last one is more than the device takes in a segment, unless it is told to.
const SIZES: [usize; 4] = [PAGE_SIZE, 3 * PAGE_SIZE, 64 << 10, LARGE];
const LARGE: usize = 1 << 20;

/// Of each memory, so many parts are moved, of as much as the device takes at a time, and the last.
const MOVED: usize = 4;

/// Neither the start nor the end is that of a word or of a cache line.
const PART: Range<usize> = 1001..2003;

const ROUNDS: u32 = 4;
const TURNS_SIZE: usize = 3 * PAGE_SIZE;

pub(super) const PLAN: usize = 2 * 3 * SIZES.len() + 8;

pub(super) fn run(ctx: &Context<'_>, suite: &mut Suite<'_>) {
    direction::<ToDevice>(ctx, suite, fill, fill);
    direction::<FromDevice>(ctx, suite, |_| {}, |_| {});
    direction::<Bidirectional>(ctx, suite, fill, fill);

    suite.result(fmt!("contiguous turns"), contiguous_turns(ctx));
    // Pages may be large: three of them are more than a segment then, unless it is told otherwise.
    let large =
        |f: fn(&Context<'_>) -> Result<Evidence, Stop>| ctx.with_segments_of(TURNS_SIZE, || f(ctx));
    suite.result(fmt!("noncontiguous turns"), large(noncontiguous_turns));
    suite.result(fmt!("partial"), partial(ctx));
    let result = ctx.with_segments_of(TURNS_SIZE, || without_vmap(ctx));
    suite.result(fmt!("without vmap"), result);
    suite.result(fmt!("single pages"), large(single_pages));
    suite.result(fmt!("refused size"), refused_size(ctx));
    suite.result(fmt!("refused segment"), refused_segment(ctx));
    suite.result(fmt!("refused attributes"), refused_attributes(ctx));
}

/// Runs all sizes of both kinds in one direction.
///
/// `fill` and `fill_vmapped` put the pattern [`Moves::BEFORE`] into memory, if the CPU may write.
fn direction<'a, D: Moves>(
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

/// Memory with turns of the CPU, and the places where it is.
pub(super) trait Turns: DeviceMemory<Direction: Moves> {
    /// The C functions behind it.
    const OPERATION: &'static str;
    /// What the IOMMU lets the device do.
    const PERMISSION: DataDirection;

    /// Calls `f` with the bytes in the CPU's turn.
    fn look<R>(&mut self, f: impl FnOnce(&[u8]) -> R) -> R;

    /// The physical address of the byte at `offset`; 0, which would be reported as a wrong translation,
    /// if there is none.
    fn phys_at(&self, offset: usize) -> PhysAddr;
}

impl<D: Moves> Turns for DevicePages<'_, u8, D> {
    const OPERATION: &'static str = "dma_alloc_noncoherent, dma_alloc_pages, dma_free_pages";
    const PERMISSION: DataDirection = D::DIRECTION;

    fn look<R>(&mut self, f: impl FnOnce(&[u8]) -> R) -> R {
        f(&self.sync_for_cpu())
    }

    fn phys_at(&self, offset: usize) -> PhysAddr {
        self.phys() + offset as PhysAddr
    }
}

impl<D: Moves> Turns for VmappedPages<'_, u8, D> {
    const OPERATION: &'static str =
        "dma_alloc_noncontiguous, dma_vmap_noncontiguous, dma_vunmap_noncontiguous";
    const PERMISSION: DataDirection = DataDirection::Bidirectional;

    fn look<R>(&mut self, f: impl FnOnce(&[u8]) -> R) -> R {
        f(&self.sync_for_cpu())
    }

    fn phys_at(&self, offset: usize) -> PhysAddr {
        phys_in_pieces(self, offset)
    }
}

/// The physical address of the byte at `offset` of pages from anywhere, or 0.
fn phys_in_pieces<D: Direction>(
    pages: &NoncontiguousPages<'_, u8, D>,
    mut offset: usize,
) -> PhysAddr {
    for piece in pages.pieces() {
        if offset < piece.len() {
            return piece.phys() + offset as PhysAddr;
        }
        offset -= piece.len();
    }
    0
}

/// Memory that the CPU may write to in its turn.
trait Changes: Turns {
    /// Calls `f` with the bytes in the CPU's turn.
    fn change(&mut self, f: impl FnOnce(&mut [u8]));
}

impl<D: Moves + DeviceReads> Changes for DevicePages<'_, u8, D> {
    fn change(&mut self, f: impl FnOnce(&mut [u8])) {
        f(&mut self.sync_for_cpu());
    }
}

impl<D: Moves + DeviceReads> Changes for VmappedPages<'_, u8, D> {
    fn change(&mut self, f: impl FnOnce(&mut [u8])) {
        f(&mut self.sync_for_cpu());
    }
}

/// Puts the pattern into memory that is there before anything is moved.
fn fill<M: Changes>(memory: &mut M) {
    memory.change(|bytes| pattern::fill(bytes, M::Direction::BEFORE, 0));
}

fn contiguous<'a, D: Moves>(
    ctx: &Context<'a>,
    size: usize,
    fill: fn(&mut DevicePages<'a, u8, D>),
) -> Result<Evidence, Stop> {
    dirty(size)?;
    let pages = DevicePages::zeroed(ctx.dev, size, D::VALUE, GFP_KERNEL)?;

    check(ctx, pages, size, fill)
}

fn noncontiguous<'a, D: Moves>(
    ctx: &Context<'a>,
    suite: &Suite<'_>,
    size: usize,
    fill: fn(&mut VmappedPages<'a, u8, D>),
) -> Result<Evidence, Stop> {
    let holes = dirty(size)?;
    let pages = NoncontiguousPages::zeroed(ctx.dev, size, D::VALUE, GFP_KERNEL)?;
    drop(holes);

    let pieces = pages.pieces().count();
    suite.note(fmt!("pieces of memory {}, for the device 1", pieces));
    if !ctx.witness.translates() && pieces != 1 {
        return Err(Failure::Unexpected("nobody makes one piece of them for the device").into());
    }

    check(ctx, pages.vmap()?, size, fill)
}

/// Leaves pages that are not zero, enough for `size` bytes, to be allocated next; and returns those
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

/// The parts that are moved, of at most as much as the device takes.
fn chunks(size: usize) -> impl Iterator<Item = Range<usize>> {
    let stride = (size / BUFFER_SIZE / MOVED).max(1);

    (0..size)
        .step_by(BUFFER_SIZE)
        .enumerate()
        .map(move |(number, start)| (number, start..size.min(start + BUFFER_SIZE)))
        .filter(move |(number, chunk)| number % stride == 0 || chunk.end == size)
        .map(|(_, chunk)| chunk)
}

/// Checks where the device has the memory; returns who says so.
fn place<M: Turns>(ctx: &Context<'_>, memory: &M, size: usize) -> Result<&'static str, Stop> {
    let span = memory.span();
    let dma = span.number();

    if span.len() != size {
        return Err(Failure::Unexpected("the span has another size than the memory").into());
    }
    if dma.wrapping_add((size - 1) as DmaAddress) > limits::coherent_mask(ctx.dev) {
        return Err(Failure::Unexpected("the device cannot reach it").into());
    }
    if !ctx.witness.translates() && dma != memory.phys_at(0) {
        return Err(Failure::Unexpected("the device was given a copy").into());
    }
    Ok(ctx
        .witness
        .mapped(dma, size, M::PERMISSION, &|offset| memory.phys_at(offset))?)
}

/// Uses memory that was just allocated, frees it, and checks where the device has it, before and after.
pub(super) fn used<M: Turns>(
    ctx: &Context<'_>,
    memory: M,
    size: usize,
    f: impl FnOnce(M) -> Result<M, Stop>,
) -> Result<Evidence, Stop> {
    let witness = place(ctx, &memory, size)?;
    let (dma, phys) = (memory.span().number(), memory.phys_at(0));

    let memory = f(memory)?;
    if memory.span().number() != dma {
        return Err(Failure::Unexpected("the DMA address has changed").into());
    }
    drop(memory);
    ctx.witness.unmapped(dma, size)?;

    Ok(Evidence {
        operation: M::OPERATION,
        direction: <M::Direction as Direction>::DIRECTION,
        size,
        phys,
        dma,
        witnesses: [ctx.moved("round trip"), witness],
    })
}

/// Moves data through memory that was just allocated, and frees it.
fn check<M: Turns>(
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
                Err(Failure::Unexpected("the CPU has another size of memory"))
            }
        })?;
        fill(&mut memory);
        // What is there besides what is moved must not change.
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

/// Checks that the bytes are those that are expected.
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

/// The part that a round moves: not aligned, elsewhere each time.
fn window(round: u32) -> Range<usize> {
    // CAST: A small number.
    let start = 1 + round as usize * 3000;

    start..start + 64
}

/// The CPU and the device take turns with the same memory, round after round.
fn turns<M: Changes<Direction = Bidirectional>>(
    ctx: &Context<'_>,
    memory: M,
) -> Result<Evidence, Stop> {
    used(ctx, memory, TURNS_SIZE, |mut memory| {
        let mut expected = KVec::from_elem(0u8, TURNS_SIZE, GFP_KERNEL)?;

        for round in 0..ROUNDS {
            // Another part of the pattern each time. CAST: A small number.
            let offset = round as usize * TURNS_SIZE;
            let range = window(round);

            memory.change(|bytes| pattern::fill(bytes, moves::DATA, offset));
            pattern::fill(&mut expected, moves::DATA, offset);

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

fn contiguous_turns(ctx: &Context<'_>) -> Result<Evidence, Stop> {
    let pages = DevicePages::zeroed(ctx.dev, TURNS_SIZE, Bidirectional, GFP_KERNEL)?;

    turns(ctx, pages)
}

/// It is mapped for the CPU once, and again after that mapping was undone.
fn noncontiguous_turns(ctx: &Context<'_>) -> Result<Evidence, Stop> {
    let pages = NoncontiguousPages::zeroed(ctx.dev, TURNS_SIZE, Bidirectional, GFP_KERNEL)?;

    let mut pages = pages.vmap()?;
    pages.sync_for_cpu()[TURNS_SIZE - 1] = 0x5a;
    let mut pages = pages.vunmap().vmap()?;
    pattern::all(&pages.sync_for_cpu()[TURNS_SIZE - 1..], 0x5a)?;

    turns(ctx, pages)
}

/// A part is synced, and the rest is as it was.
fn partial(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    const SIZE: usize = BUFFER_SIZE;
    let mut pages = DevicePages::zeroed(ctx.dev, SIZE, Bidirectional, GFP_KERNEL)?;
    let mut seen = KVec::from_elem(0u8, SIZE, GFP_KERNEL)?;
    let dma = pages.span().number();
    place(ctx, &pages, SIZE)?;

    pattern::fill(&mut pages.sync_for_cpu(), 1, 0);
    pattern::fill(&mut pages.sync_range_for_cpu(PART)?, 2, PART.start);

    pages = Transfer::read(ctx.edu()?, pages, 0..SIZE, JOB)?.wait(TIMEOUT)?;
    fetch(ctx, &mut seen)?;
    pattern::compare(&seen[..PART.start], 1, 0)?;
    pattern::compare(&seen[PART], 2, PART.start)?;
    pattern::compare(&seen[PART.end..], 1, PART.end)?;

    // And the other way: the device changes the part, and only the part is synced.
    pattern::fill(&mut seen[PART], 3, PART.start);
    load(ctx, &seen[PART])?;
    pages = Transfer::write(ctx.edu()?, pages, PART, JOB)?.wait(TIMEOUT)?;
    pattern::compare(&pages.sync_range_for_cpu(PART)?, 3, PART.start)?;
    same(&pages.sync_for_cpu(), &seen)?;

    for range in bad_ranges(SIZE) {
        if pages.sync_range_for_cpu(range).is_ok() {
            return Err(Failure::Unexpected("a bad range was synced").into());
        }
    }

    // Elements are counted, and not bytes.
    let mut words = DevicePages::<u32, _>::zeroed(ctx.dev, 100, ToDevice, GFP_KERNEL)?;
    words.sync_range_for_cpu(98..100)?.fill(0x0403_0201);
    if words.sync_range_for_cpu(99..101).is_ok() || words.span().len() != 400 {
        return Err(Failure::Unexpected("there are not as many elements as were asked for").into());
    }
    drop(pages);
    ctx.witness.unmapped(dma, SIZE)?;
    let (dma, phys) = (words.span().number(), words.phys());
    ctx.witness
        .mapped(dma, 400, ToDevice::DIRECTION, &|offset| {
            phys + offset as PhysAddr
        })?;
    drop(Transfer::read(ctx.edu()?, words, 388..400, JOB)?.wait(TIMEOUT)?);
    ctx.witness.unmapped(dma, 400)?;
    fetch(ctx, &mut seen[..12])?;
    same(&seen[..12], &[0, 0, 0, 0, 1, 2, 3, 4, 1, 2, 3, 4])?;

    Ok("dma_sync_single_range witness: round trip, 6 bad ranges refused with EINVAL")
}

/// What the CPU has never seen goes from the device to the device.
fn without_vmap(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    const SIZE: usize = TURNS_SIZE;
    let mut pages = NoncontiguousPages::<u8, _>::zeroed(ctx.dev, SIZE, Bidirectional, GFP_KERNEL)?;
    let mut bytes = KVec::from_elem(0u8, 128, GFP_KERNEL)?;
    // Across the border of two pages.
    let range = 2 * PAGE_SIZE - 64..2 * PAGE_SIZE + 64;

    pattern::fill(&mut bytes, moves::DATA, 0);
    let dma = pages.span().number();
    ctx.witness
        .mapped(dma, SIZE, Bidirectional::DIRECTION, &|offset| {
            phys_in_pieces(&pages, offset)
        })?;
    load(ctx, &bytes)?;
    pages = Transfer::write(ctx.edu()?, pages, range.clone(), JOB)?.wait(TIMEOUT)?;
    bytes.fill(0);
    load(ctx, &bytes)?;
    let pages = Transfer::read(ctx.edu()?, pages, range, JOB)?.wait(TIMEOUT)?;
    fetch(ctx, &mut bytes)?;
    pattern::compare(&bytes, moves::DATA, 0)?;

    drop(pages);
    ctx.witness.unmapped(dma, SIZE)?;

    Ok("dma_alloc_noncontiguous bidirectional witness: round trip")
}

/// The attribute that asks for single pages: no piece but of pages that happen to be in a row.
fn single_pages(ctx: &Context<'_>) -> Result<Evidence, Stop> {
    const SIZE: usize = TURNS_SIZE;
    let attrs = DMA_ATTR_ALLOC_SINGLE_PAGES;

    let pages = NoncontiguousPages::zeroed_attrs(ctx.dev, SIZE, FromDevice, GFP_KERNEL, attrs)?;
    check(ctx, pages.vmap()?, SIZE, |_| {})
}

/// What an allocation was refused with.
fn refusal<M>(result: Result<M>) -> Result<Error, Stop> {
    match result {
        Ok(_) => Err(Failure::Unexpected("it was allocated all the same").into()),
        Err(error) => Ok(error),
    }
}

/// Nothing, and more than there is, of either kind.
fn refused_size(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    // CAST: A positive number.
    const MOST: usize = isize::MAX as usize;
    let unexpected = Err(Failure::Unexpected("refused with another error").into());

    for (len, error) in [
        (0, EINVAL),
        (usize::MAX, EOVERFLOW),
        (MOST / 4 + 1, EOVERFLOW),
        // The page allocator has no such order, and C would warn.
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

/// More than the device takes as one segment.
fn refused_segment(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    // CAST: From 32 bits to at least as many.
    let most = limits::max_seg_size(ctx.dev) as usize;

    drop(NoncontiguousPages::<u8, _>::zeroed(
        ctx.dev, most, ToDevice, GFP_KERNEL,
    )?);
    let pages = NoncontiguousPages::<u8, _>::zeroed(ctx.dev, most + 1, ToDevice, GFP_KERNEL);
    if refusal(pages)? != EINVAL {
        return Err(Failure::Unexpected("refused with another error").into());
    }

    Ok("dma_alloc_noncontiguous to_device refused with EINVAL witness: a byte less was allocated")
}

fn refused_attributes(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    for attrs in [
        DMA_ATTR_NO_WARN,
        DMA_ATTR_NO_WARN | DMA_ATTR_ALLOC_SINGLE_PAGES,
    ] {
        let pages = NoncontiguousPages::<u8, _>::zeroed_attrs(
            ctx.dev, PAGE_SIZE, ToDevice, GFP_KERNEL, attrs,
        );
        if refusal(pages)? != EINVAL {
            return Err(Failure::Unexpected("refused with another error").into());
        }
    }

    Ok("dma_alloc_noncontiguous to_device refused with EINVAL witness: 2 sets of attributes")
}
