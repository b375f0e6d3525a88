// SPDX-License-Identifier: GPL-2.0

//! Scatter-gather mappings.

pub(super) mod merged;

use self::merged::ListEvidence;
use super::{
    direction_test,
    prelude::*, //
};
use crate::dma::PhysVec;
use core::ops::DerefMut;

/// Not a multiple of the page size.
const VVEC_SIZE: usize = 5 * PAGE_SIZE + 100;
/// More than the maximum segment size.
const LONG_SIZE: usize = 96 << 10;
/// The order of each allocation of pages.
const ORDERS: [u32; 3] = [0, 2, 1];
/// Odd sizes, which rarely begin or end at a page boundary.
const SIZES: [usize; 5] = [1000, 4096, 33, 9001, 256];

/// A number of objects of which some do not begin with a cache line.
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
fn direction<D: DirectionTest + Permits<u8> + Permits<[u8]>>(
    ctx: &Context<'_>,
    suite: &mut Suite<'_>,
) {
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

/// Returns pages in an order in which no two are adjacent, so that each is an entry.
fn pages() -> Result<KVec<Pages>, Stop> {
    let mut memory = KVec::with_capacity(ORDERS.len(), GFP_KERNEL)?;

    for order in ORDERS {
        memory.push(Pages::zeroed(order, GFP_KERNEL)?, GFP_KERNEL)?;
    }
    // Sort in descending order. objtool warns about the sort of `core`, whose panics it expects to
    // return.
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

/// Memory in pieces, accessible as bytes.
pub(super) trait Bytes: ScatterBuffer {
    /// Calls `f` with the bytes and the offset of each piece.
    fn each(
        &mut self,
        f: impl FnMut(&mut [u8], usize) -> Result<(), Failure>,
    ) -> Result<(), Failure>;

    /// Fills the memory with the pattern.
    fn fill(&mut self, seed: u32) {
        let _ = self.each(|bytes, offset| {
            pattern::fill(bytes, seed, offset);
            Ok(())
        });
    }

    /// Compares the memory with the pattern.
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
    KVec<B>: ScatterBuffer,
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

/// Returns the physical address of the byte at `offset` of all pieces together.
pub(super) fn phys_at(
    mut pieces: impl Iterator<Item = PhysVec>,
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

/// Maps memory, transfers it, and checks the mapping and the data.
fn check<S: Bytes, D: DirectionTest + Permits<S::Element>>(
    ctx: &Context<'_>,
    mut memory: S,
) -> Result<ListEvidence, Stop> {
    memory.fill(D::BEFORE);

    let mapping = SgMapping::map(ctx.dev, memory, D::VALUE, GFP_KERNEL)?;
    let merged = merged::check(ctx, &mapping)?;
    let mut memory = through(ctx, mapping)?.unmap();
    merged.unmapped(ctx)?;
    memory.compare(D::after(ctx))?;

    let operation = "dma_map_sgtable, dma_unmap_sgtable";
    Ok(merged.evidence(ctx, operation))
}

/// Transfers all bytes of a mapping, range by range.
pub(super) fn through<'a, S: ScatterBuffer, D: DirectionTest>(
    ctx: &Context<'_>,
    mut mapping: SgMapping<'a, S, D>,
) -> Result<SgMapping<'a, S, D>, Stop> {
    let mut offset = 0;

    for number in 0..mapping.segments().count() {
        let len = mapping.segments().nth(number).ok_or(EFAULT)?.len();

        mapping = direction_test::part(ctx, mapping, offset..offset + len, 0)?;
        offset += len;
    }
    Ok(mapping)
}

/// Reads and writes across entries.
fn sync(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    let mut memory = buffers()?;
    memory.fill(direction_test::DATA);
    let mut mapping = SgMapping::map(ctx.dev, memory, Bidirectional, GFP_KERNEL)?;

    let mut access = mapping.sync_for_cpu();
    let len = access.size();
    let mut bytes = KVec::from_elem(0u8, len, GFP_KERNEL)?;
    access.read(0, &mut bytes)?;
    pattern::compare(&bytes, direction_test::DATA, 0)?;

    // From an offset, and across pieces.
    let part = 900..len - 7;
    access.read(part.start, &mut bytes[part.clone()])?;
    pattern::compare(&bytes, direction_test::DATA, 0)?;

    for (offset, size) in [(0, len + 1), (len, 1), (usize::MAX, 1), (1, usize::MAX)] {
        let refused = match bytes.get_mut(..size.min(1)) {
            Some(room) if size == 1 => access.read(offset, room) == Err(EINVAL),
            _ => true,
        };
        if !refused {
            return fail("bytes beyond the end were read");
        }
    }

    pattern::fill(&mut bytes, direction_test::OTHER, 0);
    access.write(part.start, &bytes[part.clone()])?;
    drop(access);

    let mut memory = mapping.unmap();
    memory.each(|bytes, offset| {
        for (i, byte) in bytes.iter().enumerate() {
            let at = offset + i;
            let seed = if part.contains(&at) {
                direction_test::OTHER
            } else {
                direction_test::DATA
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

/// Maps objects that share cache lines, in segments of one cache line.
///
/// The kernel mistakes such a segment for an object with a cache line of its own, and does not
/// bounce it.
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
        memory.fill(direction_test::DATA);
        Ok(memory)
    };

    // Reads by the device are harmless.
    ctx.with_max_seg_size(line, || check::<_, ToDevice>(ctx, objects()?))?;

    let mapped = ctx.with_max_seg_size(line, || {
        Ok::<_, Stop>(SgMapping::map(ctx.dev, objects()?, FromDevice, GFP_KERNEL))
    })?;
    match mapped {
        Ok(_) if limits::is_coherent(ctx.dev) => {
            Ok("dma_map_sgtable, dev_is_dma_coherent from_device witness: no lines to share")
        }
        Ok(_) => fail("the device was given a part of a cache line"),
        Err(err) if limits::is_coherent(ctx.dev) || err.error != EINVAL => Err(err.error.into()),
        Err(mut err) => {
            err.value.compare(direction_test::DATA)?;
            Ok("dma_map_sgtable from_device refused with EINVAL witness: buffers came back intact")
        }
    }
}

/// Checks that an empty list and an empty piece are refused, and that the memory is returned.
fn refused_empty(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    let mut with_empty = buffers()?;
    with_empty.push(KVec::new(), GFP_KERNEL)?;
    with_empty.fill(direction_test::DATA);

    match SgMapping::map(ctx.dev, KVec::<Pages>::new(), ToDevice, GFP_KERNEL) {
        Ok(_) => return fail("an empty list was mapped"),
        Err(err) if err.error != EINVAL => return Err(err.error.into()),
        Err(_) => {}
    }
    match SgMapping::map(ctx.dev, with_empty, ToDevice, GFP_KERNEL) {
        Ok(_) => fail("an empty piece was mapped"),
        Err(err) if err.error != EINVAL => Err(err.error.into()),
        Err(mut err) => {
            err.value.compare(direction_test::DATA)?;
            Ok("dma_map_sgtable refused with EINVAL witness: buffers came back intact")
        }
    }
}
