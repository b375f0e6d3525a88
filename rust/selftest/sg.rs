// SPDX-License-Identifier: GPL-2.0

//! Scatter-gather mappings: memory from several places, through the device and back.

pub(super) mod merged;

use self::merged::ListEvidence;
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
    Context, //
};
use crate::dma::{
    buffer::Pages,
    direction::{
        Bidirectional,
        FromDevice,
        Permits,
        ToDevice, //
    },
    limits,
    sg::{
        Piece,
        Scattered,
        SgMapping, //
    }, //
};
use crate::testdev::addresses::{Number, Phys};
use core::ops::DerefMut;
use kernel::{
    io::PhysAddr,
    page::PAGE_SIZE,
    prelude::*, //
};

/// Several pages, and a part of one.
const VVEC_SIZE: usize = 5 * PAGE_SIZE + 100;
/// More than the device takes as one entry.
const LONG_SIZE: usize = 96 << 10;
/// Of each allocation of pages.
const ORDERS: [u32; 3] = [0, 2, 1];
/// Odd sizes, so that hardly one begins or ends with a page.
const SIZES: [usize; 5] = [1000, 4096, 33, 9001, 256];

/// How many objects that do not all begin with a cache line.
const SMALL: usize = 8;

pub(super) const PLAN: usize = 3 * 4 + 3;

pub(super) fn run(ctx: &Context<'_>, suite: &mut Suite<'_>) {
    direction::<ToDevice>(ctx, suite);
    direction::<FromDevice>(ctx, suite);
    direction::<Bidirectional>(ctx, suite);
    suite.result(fmt!("sync"), sync(ctx));
    suite.result(fmt!("cut within a cache line"), cut_within_a_line(ctx));
    suite.result(fmt!("refused empty"), refused_empty(ctx));
}

/// Runs all cases in one direction.
fn direction<D: Moves + Permits<u8> + Permits<[u8]>>(ctx: &Context<'_>, suite: &mut Suite<'_>) {
    let name = direction_name(D::DIRECTION);

    let result = vvec(VVEC_SIZE).and_then(|memory| check::<_, D>(ctx, memory));
    suite.result(fmt!("{} vvec {}", name, VVEC_SIZE), result);

    let result = vvec(LONG_SIZE).and_then(|memory| check::<_, D>(ctx, memory));
    suite.result(fmt!("{} vvec {}", name, LONG_SIZE), result);

    let result = pages().and_then(|memory| check::<_, D>(ctx, memory));
    suite.result(fmt!("{} pages", name), result);

    let result = buffers().and_then(|memory| check::<_, D>(ctx, memory));
    suite.result(fmt!("{} buffers of odd sizes", name), result);
}

fn vvec(size: usize) -> Result<VVec<u8>, Stop> {
    Ok(VVec::from_elem(0, size, GFP_KERNEL)?)
}

/// Never in a row, so that each is an entry of its own.
fn pages() -> Result<KVec<Pages>, Stop> {
    let mut memory = KVec::with_capacity(ORDERS.len(), GFP_KERNEL)?;

    for order in ORDERS {
        memory.push(Pages::zeroed(order, GFP_KERNEL)?, GFP_KERNEL)?;
    }
    // In descending order. `core` sorts with a panic which objtool does not know not to return.
    let swapped = |memory: &KVec<Pages>| {
        (1..memory.len()).find(|&at| memory[at - 1].as_ptr() < memory[at].as_ptr())
    };
    while let Some(at) = swapped(&memory) {
        memory.swap(at - 1, at);
    }
    Ok(memory)
}

pub(super) fn buffers() -> Result<KVec<KVec<u8>>, Stop> {
    let mut memory = KVec::with_capacity(SIZES.len(), GFP_KERNEL)?;

    for size in SIZES {
        memory.push(KVec::from_elem(0, size, GFP_KERNEL)?, GFP_KERNEL)?;
    }
    Ok(memory)
}

/// Memory in pieces that the CPU can see as bytes.
pub(super) trait Bytes: Scattered {
    /// Calls `f` with the bytes of each piece and the offset of its first.
    fn each(
        &mut self,
        f: impl FnMut(&mut [u8], usize) -> Result<(), Failure>,
    ) -> Result<(), Failure>;

    /// Puts the pattern into all of it.
    fn fill(&mut self, seed: u32) {
        let _ = self.each(|bytes, offset| {
            pattern::fill(bytes, seed, offset);
            Ok(())
        });
    }

    /// Checks that the pattern is in all of it.
    fn compare(&mut self, seed: u32) -> Result<(), Failure> {
        self.each(|bytes, offset| pattern::compare(bytes, seed, offset))
    }
}

impl Bytes for VVec<u8> {
    fn each(
        &mut self,
        mut f: impl FnMut(&mut [u8], usize) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        f(self, 0)
    }
}

impl<B> Bytes for KVec<B>
where
    KVec<B>: Scattered,
    B: DerefMut<Target = [u8]>,
{
    fn each(
        &mut self,
        mut f: impl FnMut(&mut [u8], usize) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mut offset = 0;

        for buffer in self.iter_mut() {
            f(buffer, offset)?;
            offset += buffer.len();
        }
        Ok(())
    }
}

/// The physical address of the byte at `offset` of all pieces together.
pub(super) fn phys_at(
    mut pieces: impl Iterator<Item = Piece>,
    mut offset: usize,
) -> Option<PhysAddr> {
    pieces.find_map(|piece| {
        if offset < piece.len() {
            return Some(piece.phys() + offset as PhysAddr);
        }
        offset -= piece.len();
        None
    })
}

/// Maps memory, moves its data span by span, and checks all that there is to be seen.
fn check<S: Bytes, D: Moves + Permits<S::Element>>(
    ctx: &Context<'_>,
    mut memory: S,
) -> Result<ListEvidence, Stop> {
    memory.fill(D::BEFORE);

    let mapping = SgMapping::map(ctx.dev, memory, D::VALUE, GFP_KERNEL)?;
    let seen = merged::look_at(ctx, &mapping)?;
    let size: usize = mapping.pieces().map(|piece| piece.len()).sum();
    let phys = phys_at(mapping.pieces(), 0).ok_or(EFAULT)?;
    let dma = mapping.spans().next().ok_or(EFAULT)?.number();

    let spans = merged::spans(&mapping)?;
    let mut memory = through(ctx, mapping)?.unmap();
    for (dma, len) in spans {
        ctx.witness.unmapped(dma, len)?;
    }
    memory.compare(D::after(ctx))?;

    Ok(ListEvidence {
        evidence: Evidence {
            operation: "dma_map_sgtable, dma_unmap_sgtable",
            direction: D::DIRECTION,
            size,
            phys,
            dma,
            witnesses: [ctx.moved("round trip"), seen.witness],
        },
        seen,
    })
}

/// Moves all bytes of a mapping through the device, span by span.
pub(super) fn through<'a, S: Scattered, D: Moves>(
    ctx: &Context<'_>,
    mut mapping: SgMapping<'a, S, D>,
) -> Result<SgMapping<'a, S, D>, Stop> {
    let mut offset = 0;

    for number in 0..mapping.spans().count() {
        let segment = mapping.into_segment(number).map_err(|_| EFAULT)?;

        mapping = moves::all(ctx, segment, offset)?.into_mapping();
        offset += mapping.spans().nth(number).ok_or(EFAULT)?.len();
    }
    Ok(mapping)
}

/// The CPU and the device take turns, and the CPU reads and writes across entries.
fn sync(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    let mut memory = buffers()?;
    memory.fill(moves::DATA);
    let mut mapping = SgMapping::map(ctx.dev, memory, Bidirectional, GFP_KERNEL)?;

    let mut access = mapping.sync_for_cpu();
    let len = access.len();
    let mut bytes = KVec::from_elem(0u8, len, GFP_KERNEL)?;
    access.read(0, &mut bytes)?;
    pattern::compare(&bytes, moves::DATA, 0)?;

    // Across the borders of the pieces, and not from the start.
    let part = 900..len - 7;
    access.read(part.start, &mut bytes[part.clone()])?;
    pattern::compare(&bytes, moves::DATA, 0)?;

    for (offset, size) in [(0, len + 1), (len, 1), (usize::MAX, 1), (1, usize::MAX)] {
        let refused = match bytes.get_mut(..size.min(1)) {
            Some(room) if size == 1 => access.read(offset, room) == Err(EINVAL),
            _ => true,
        };
        if !refused {
            return Err(Failure::Unexpected("bytes beyond the end were read").into());
        }
    }

    pattern::fill(&mut bytes, moves::OTHER, 0);
    access.write(part.start, &bytes[part.clone()])?;
    drop(access);

    let mut memory = mapping.unmap();
    memory.each(|bytes, offset| {
        for (i, byte) in bytes.iter().enumerate() {
            let at = offset + i;
            let seed = if part.contains(&at) {
                moves::OTHER
            } else {
                moves::DATA
            };
            pattern::compare(core::slice::from_ref(byte), seed, at)?;
        }
        Ok(())
    })?;

    Ok(
        "dma_sync_sgtable_for_cpu, dma_sync_sgtable_for_device, sg_pcopy_to_buffer, \
         sg_pcopy_from_buffer witness: bytes across entries",
    )
}

/// Objects side by side in cache lines are cut for a device that takes a line at a time: the kernel would take
/// the parts for objects of that size, which have a line of their own.
fn cut_within_a_line(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    let line = limits::cache_alignment();
    let objects = || -> Result<KVec<KVec<u8>>, Stop> {
        let mut memory = KVec::with_capacity(SMALL, GFP_KERNEL)?;
        for _ in 0..SMALL {
            memory.push(KVec::from_elem(0, line + line / 2, GFP_KERNEL)?, GFP_KERNEL)?;
        }
        if memory
            .iter()
            .all(|object: &KVec<u8>| object.as_ptr().addr() % line == 0)
        {
            return Err(Stop::Skip("kmalloc() aligns all objects to cache lines"));
        }
        memory.fill(moves::DATA);
        Ok(memory)
    };

    // The device does not write: nobody's data is destroyed.
    ctx.with_max_seg_size(line, || check::<_, ToDevice>(ctx, objects()?))?;

    let mapped = ctx.with_max_seg_size(line, || {
        Ok::<_, Stop>(SgMapping::map(ctx.dev, objects()?, FromDevice, GFP_KERNEL))
    })?;
    match mapped {
        Ok(_) if limits::is_coherent(ctx.dev) => {
            Ok("dma_map_sgtable, dev_is_dma_coherent from_device witness: no lines to share")
        }
        Ok(_) => Err(Failure::Unexpected("the device was given a part of a cache line").into()),
        Err(err) if limits::is_coherent(ctx.dev) || err.error != EINVAL => Err(err.error.into()),
        Err(mut err) => {
            err.buffer.compare(moves::DATA)?;
            Ok("dma_map_sgtable from_device refused with EINVAL witness: buffers came back intact")
        }
    }
}

/// No piece, or an empty one, is refused, and the memory comes back.
fn refused_empty(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    let mut with_empty = buffers()?;
    with_empty.push(KVec::new(), GFP_KERNEL)?;
    with_empty.fill(moves::DATA);

    match SgMapping::map(ctx.dev, KVec::<Pages>::new(), ToDevice, GFP_KERNEL) {
        Ok(_) => return Err(Failure::Unexpected("no memory at all was mapped").into()),
        Err(err) if err.error != EINVAL => return Err(err.error.into()),
        Err(_) => {}
    }
    match SgMapping::map(ctx.dev, with_empty, ToDevice, GFP_KERNEL) {
        Ok(_) => Err(Failure::Unexpected("an empty piece was mapped").into()),
        Err(err) if err.error != EINVAL => Err(err.error.into()),
        Err(mut err) => {
            err.buffer.compare(moves::DATA)?;
            Ok("dma_map_sgtable refused with EINVAL witness: buffers came back intact")
        }
    }
}
