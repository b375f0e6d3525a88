// SPDX-License-Identifier: GPL-2.0

//! Pieces at one address: reserved, linked, synced, through the device and back, and unlinked.

use super::{
    bounce::is_copied,
    evidence::{
        direction_name,
        Evidence,
        Failure,
        Stop, //
    },
    kmsg::Log,
    ktap::Suite,
    moves::{
        Moves,
        DATA,
        OTHER, //
    },
    pattern,
    sg::{
        phys_at,
        Bytes, //
    },
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
    iova::{
        IovaBuilder,
        IovaMapping, //
    },
    limits,
    sg::{
        Piece,
        Scattered,
        SgMapping, //
    },
    streaming::{
        MapError,
        Mapping, //
    }, //
};
use crate::testdev::addresses::{Number, Phys};
use core::ops::Range;
use kernel::{
    dma::attrs::DMA_ATTR_NO_WARN,
    dma::DmaAddress,
    fmt,
    io::PhysAddr,
    page::PAGE_SIZE,
    prelude::*, //
};

/// How many pages, each a piece.
const COUNTS: [usize; 4] = [1, 2, 16, 256];
/// How much is moved at the ends, and on each side of a border between pieces, in bytes.
const NEAR: usize = 900;
/// Pages, and a part of one, which is bounced if the device is not cache-coherent.
const TAIL: usize = 90;
const VVEC_SIZE: usize = 5 * PAGE_SIZE + TAIL;
/// What is bounced by itself.
const SMALL: usize = 32;
/// The first of the odd pieces, which is to end with a page, and how many of them are looked at.
const FIRST: usize = 1024;
const ATTEMPTS: usize = 64;
/// The others: one of whole pages, and the last, of part of one.
const OTHERS: [usize; 2] = [2 * PAGE_SIZE, PAGE_SIZE + 904];

pub(super) const PLAN: usize = 3 * (COUNTS.len() + 2) + 6;

pub(super) fn run(ctx: &Context<'_>, suite: &mut Suite<'_>) {
    direction::<ToDevice>(ctx, suite);
    direction::<FromDevice>(ctx, suite);
    direction::<Bidirectional>(ctx, suite);
    suite.result(fmt!("builder"), builder(ctx));
    suite.result(fmt!("refused in the middle"), refused_in_the_middle(ctx));
    suite.result(
        fmt!("refused by the kernel in the middle"),
        refused_by_the_kernel(ctx),
    );
    suite.result(fmt!("refused without room"), refused_without_room(ctx));
    suite.result(
        fmt!("refused without addresses"),
        refused_without_addresses(ctx),
    );
    suite.result(fmt!("refused empty"), refused_empty(ctx));
}

/// Runs all cases in one direction.
fn direction<D: Moves + Permits<u8> + Permits<[u8]>>(ctx: &Context<'_>, suite: &mut Suite<'_>) {
    let name = direction_name(D::DIRECTION);

    for count in COUNTS {
        let result = scattered_pages(count).and_then(|memory| check::<_, D>(ctx, memory));
        suite.result(fmt!("{} pages {}", name, count), result);
    }

    let result = VVec::from_elem(0u8, VVEC_SIZE, GFP_KERNEL)
        .map_err(Stop::from)
        .and_then(|memory| check::<_, D>(ctx, memory));
    suite.result(fmt!("{} vvec {}", name, VVEC_SIZE), result);

    let result = odd_buffers(ctx).and_then(|memory| check::<_, D>(ctx, memory));
    suite.result(fmt!("{} odd first offset and last length", name), result);
}

/// Pages of which no two follow one another in memory.
fn scattered_pages(count: usize) -> Result<KVec<Pages>, Stop> {
    let mut memory = KVec::with_capacity(count, GFP_KERNEL)?;
    let mut between = KVec::with_capacity(count, GFP_KERNEL)?;

    for _ in 0..count {
        memory.push(Pages::zeroed(0, GFP_KERNEL)?, GFP_KERNEL)?;
        between.push(Pages::zeroed(0, GFP_KERNEL)?, GFP_KERNEL)?;
    }
    Ok(memory)
}

/// Buffers of which the first begins within a page and ends with it, and the last ends within one.
fn odd_buffers(ctx: &Context<'_>) -> Result<KVec<KVec<u8>>, Stop> {
    let mut memory = KVec::with_capacity(1 + OTHERS.len(), GFP_KERNEL)?;
    let mut passed = KVec::with_capacity(ATTEMPTS, GFP_KERNEL)?;

    for _ in 0..ATTEMPTS {
        let mapping = Mapping::map(ctx.dev, KVec::from_elem(0u8, FIRST, GFP_KERNEL)?, ToDevice)?;
        let end = mapping.phys() + FIRST as u64;
        let buffer = mapping.unmap();

        if end % PAGE_SIZE as u64 == 0 {
            memory.push(buffer, GFP_KERNEL)?;
            break;
        }
        passed.push(buffer, GFP_KERNEL)?;
    }
    if memory.is_empty() {
        return Err(Stop::Skip("no buffer ends with a page"));
    }

    for size in OTHERS {
        memory.push(KVec::from_elem(0u8, size, GFP_KERNEL)?, GFP_KERNEL)?;
    }
    Ok(memory)
}

/// What became of a mapping.
enum Outcome {
    Mapped(Evidence),
    NoIommu,
    /// The first piece begins within a page, and must be bounced. Its copy begins with a page, as the device has
    /// no `dma_set_min_align_mask()`, and 7.3 cannot link that.
    Bounced,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mapped(evidence) => evidence.fmt(f),
            Self::NoIommu => f.write_str(
                "dma_iova_try_alloc refused with EOPNOTSUPP, as nobody translates witness: memory came back \
                 intact, dma_map_sgtable takes it",
            ),
            Self::Bounced => f.write_str(
                "dma_iova_link refused with EINVAL, as a copy does not begin within a page witness: memory came \
                 back intact, dma_map_sgtable takes it",
            ),
        }
    }
}

/// The bytes that are moved of pieces that end where `ends` says: near each end, and near some borders.
fn chunks(ends: &[usize]) -> Result<KVec<Range<usize>>, Stop> {
    let mut chunks = KVec::new();
    let [inner @ .., len] = ends else {
        return Err(Failure::Unexpected("no piece").into());
    };

    chunks.push(0..NEAR.min(*len), GFP_KERNEL)?;
    let some = [0, inner.len() / 2, inner.len().saturating_sub(1)];
    for (i, end) in inner.iter().enumerate() {
        if some.contains(&i) {
            let last = chunks.last().map_or(0, |chunk: &Range<usize>| chunk.end);
            let chunk = last.max(end - NEAR)..(end + NEAR).min(*len);
            chunks.push(chunk, GFP_KERNEL)?;
        }
    }
    let last = chunks.last().map_or(0, |chunk| chunk.end);
    if last < *len {
        chunks.push(last.max(len - NEAR)..*len, GFP_KERNEL)?;
    }

    Ok(chunks)
}

/// Checks that `memory` has one pattern in `chunks`, and another in the rest.
fn compare<S: Bytes>(
    memory: &mut S,
    chunks: &[Range<usize>],
    inside: u32,
    outside: u32,
) -> Result<(), Failure> {
    memory.each(|bytes, offset| {
        for (i, byte) in bytes.iter().enumerate() {
            let at = offset + i;
            let moved = chunks.iter().any(|chunk| chunk.contains(&at));
            let seed = if moved { inside } else { outside };

            pattern::compare(core::slice::from_ref(byte), seed, at)?;
        }
        Ok(())
    })
}

/// Which bytes of a piece are whole pages of memory; before and after them is what may be bounced.
fn whole_pages(piece: &Piece) -> Range<usize> {
    // CAST: The offset within a page.
    let start = piece.phys() as usize % PAGE_SIZE;
    let first = (start.next_multiple_of(PAGE_SIZE) - start).min(piece.len());
    let after = (start + piece.len()) % PAGE_SIZE;

    first..first.max(piece.len().saturating_sub(after))
}

/// Checks, page by page, that the device has the pieces one after the other, and what must be bounced of
/// them as a copy.
fn look_at<S: Scattered, D: Moves>(
    ctx: &Context<'_>,
    mapping: &IovaMapping<'_, S, D>,
) -> Result<&'static str, Stop> {
    let addr = mapping.span().number();
    let mut at = 0;
    let mut witness = "nobody";

    for piece in mapping.pieces() {
        let phys = |offset| piece.phys() + offset as PhysAddr;
        let itself = if is_copied::<D>(ctx, piece.phys(), piece.len()) {
            let itself = whole_pages(&piece);

            for part in [0..itself.start, itself.end..piece.len()] {
                if !part.is_empty() {
                    let dma = addr.wrapping_add((at + part.start) as DmaAddress);
                    witness =
                        ctx.witness
                            .bounced(dma, part.len(), D::DIRECTION, phys(part.start))?;
                }
            }
            itself
        } else {
            0..piece.len()
        };

        if !itself.is_empty() {
            let dma = addr.wrapping_add((at + itself.start) as DmaAddress);
            witness = ctx
                .witness
                .mapped(dma, itself.len(), D::DIRECTION, &|offset| {
                    phys(itself.start + offset)
                })?;
        }
        at += piece.len();
    }
    Ok(witness)
}

/// Maps memory as one range, moves data across its borders, and checks all that there is to be seen.
fn check<S: Bytes, D: Moves + Permits<S::Element> + Permits<[u8]>>(
    ctx: &Context<'_>,
    mut memory: S,
) -> Result<Outcome, Stop> {
    memory.fill(D::BEFORE);

    let mapping = match IovaMapping::map(ctx.dev, memory, D::VALUE, GFP_KERNEL) {
        Ok(mapping) if ctx.witness.translates() => mapping,
        Ok(_) => return Err(Failure::Unexpected("mapped where nobody translates").into()),
        Err(MapError { error, mut buffer }) if error == EOPNOTSUPP && !ctx.witness.translates() => {
            compare(&mut buffer, &[], D::BEFORE, D::BEFORE)?;
            return match SgMapping::map(ctx.dev, buffer, D::VALUE, GFP_KERNEL) {
                Ok(mapping) => {
                    compare(&mut mapping.unmap(), &[], D::BEFORE, D::BEFORE)?;
                    Ok(Outcome::NoIommu)
                }
                // Without bounce buffers, what cannot be reached is refused, and comes back too.
                Err(mut err) => {
                    compare(&mut err.buffer, &[], D::BEFORE, D::BEFORE)?;
                    Err(Stop::Refused(
                        "dma_iova_try_alloc refused with EOPNOTSUPP, as nobody translates, and \
                         dma_map_sgtable too witness: memory came back intact",
                    ))
                }
            };
        }
        Err(MapError { error, buffer }) if error == EINVAL => {
            let mapping =
                SgMapping::map(ctx.dev, buffer, D::VALUE, GFP_KERNEL).map_err(|_| EINVAL)?;
            let begins_within = |piece: Piece| {
                piece.phys() % PAGE_SIZE as PhysAddr != 0
                    && is_copied::<D>(ctx, piece.phys(), piece.len())
            };
            let expected = mapping.pieces().next().is_some_and(begins_within);

            compare(&mut mapping.unmap(), &[], D::BEFORE, D::BEFORE)?;
            return if expected {
                Ok(Outcome::Bounced)
            } else {
                Err(error.into())
            };
        }
        Err(err) => return Err(err.error.into()),
    };

    let mut ends = KVec::new();
    for piece in mapping.pieces() {
        let start = ends.last().copied().unwrap_or(0);
        ends.push(start + piece.len(), GFP_KERNEL)?;
    }
    let (dma, size) = (mapping.span().number(), mapping.span().len());
    if ends.last() != Some(&size) {
        return Err(Failure::Unexpected("the span has another size than the memory").into());
    }
    let phys = phys_at(mapping.pieces(), 0).ok_or(EFAULT)?;
    let witness = look_at(ctx, &mapping)?;

    let chunks = chunks(&ends)?;
    let mut mapping = mapping;
    for chunk in &chunks {
        mapping = D::through(ctx, mapping, chunk.clone(), 0)?;
    }

    let mut memory = mapping.unmap();
    ctx.witness.unmapped(dma, size)?;
    compare(&mut memory, &chunks, D::after(ctx), D::BEFORE)?;

    Ok(Outcome::Mapped(Evidence {
        operation: "dma_iova_try_alloc, dma_iova_link, dma_iova_sync, dma_iova_destroy",
        direction: D::DIRECTION,
        size,
        phys,
        dma,
        witnesses: [ctx.moved("round trip across pieces"), witness],
    }))
}

/// What is said where there is nothing to reserve addresses of.
const NOBODY: &str =
    "dma_iova_try_alloc refused with EOPNOTSUPP, as nobody translates witness: memory came \
                      back intact";

/// A page with the pattern.
fn page(seed: u32, number: usize) -> Result<Pages, Stop> {
    let mut page = Pages::zeroed(0, GFP_KERNEL)?;

    pattern::fill(&mut page, seed, number * PAGE_SIZE);
    Ok(page)
}

/// A builder with one page and room for `count`, or the refusal that there must be where nobody translates.
fn begin<'a, D: Permits<[u8]>>(
    ctx: &Context<'a>,
    direction: D,
    count: usize,
) -> Result<IovaBuilder<'a, Pages, D>, Stop> {
    let size = count * PAGE_SIZE;

    match IovaBuilder::begin(ctx.dev, page(DATA, 0)?, size, count, direction, GFP_KERNEL) {
        Ok(builder) if ctx.witness.translates() => Ok(builder),
        Ok(_) => Err(Failure::Unexpected("begun where nobody translates").into()),
        Err(err) if err.error == EOPNOTSUPP && !ctx.witness.translates() => {
            pattern::compare(&err.buffer, DATA, 0)?;
            Err(Stop::Refused(NOBODY))
        }
        Err(err) => Err(err.error.into()),
    }
}

/// Checks that the pages have the pattern, and that none is missing.
fn are_back(mut pages: KVec<Pages>, count: usize) -> Result<(), Failure> {
    if pages.len() != count {
        return Err(Failure::Unexpected("a buffer is lost"));
    }
    compare(&mut pages, &[], DATA, DATA)
}

/// Buffers come one by one, some are taken back, the builder is finished with fewer than were reserved for,
/// dropped or cancelled, and what it leaves is what it should.
fn builder(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    let mut builder = begin(ctx, FromDevice, 4)?;
    builder.link(page(OTHER, 1)?)?;
    builder.link(page(DATA, 1)?)?;
    drop(builder.unlink());
    drop(builder.unlink());
    // Its addresses are free for another one.
    builder.link(page(OTHER, 1)?)?;
    builder.link(page(OTHER, 2)?)?;
    let mapping = builder.finish()?;
    let (dma, size) = (mapping.span().number(), mapping.span().len());
    if size != 3 * PAGE_SIZE {
        return Err(Failure::Unexpected("the span is not what was linked").into());
    }
    look_at(ctx, &mapping)?;
    ctx.witness
        .unmapped(dma.wrapping_add(size as DmaAddress), PAGE_SIZE)?;

    // The bytes around both borders, and no others.
    let moved = [
        PAGE_SIZE - NEAR..PAGE_SIZE + NEAR,
        2 * PAGE_SIZE - NEAR..2 * PAGE_SIZE + NEAR,
    ];
    let mapping = FromDevice::through(ctx, mapping, moved[0].clone(), 0)?;
    let mapping = FromDevice::through(ctx, mapping, moved[1].clone(), 0)?;
    let mut pages = mapping.unmap();
    ctx.witness.unmapped(dma, size)?;
    pattern::compare(&pages[0], DATA, 0)?;
    for (number, page) in pages.iter_mut().enumerate().skip(1) {
        for (i, byte) in page.iter().enumerate() {
            let at = number * PAGE_SIZE + i;
            let seed = if moved.iter().any(|chunk| chunk.contains(&at)) {
                FromDevice::after(ctx)
            } else {
                OTHER
            };
            pattern::compare(core::slice::from_ref(byte), seed, at)?;
        }
    }

    // Given up, before and after the IOMMU was told.
    let mut builder = begin(ctx, ToDevice, 2)?;
    builder.link(page(DATA, 1)?)?;
    are_back(builder.cancel(), 2)?;
    let mut builder = begin(ctx, ToDevice, 2)?;
    builder.link(page(DATA, 1)?)?;
    let mapping = builder.finish()?;
    let dma = mapping.span().number();
    drop(mapping);
    ctx.witness.unmapped(dma, 2 * PAGE_SIZE)?;
    drop(begin(ctx, ToDevice, 2)?);

    // All unlinked: nothing is left to finish.
    let mut builder = begin(ctx, ToDevice, 1)?;
    match (builder.unlink(), builder.unlink()) {
        (Some(page), None) => pattern::compare(&page, DATA, 0)?,
        _ => return Err(Failure::Unexpected("not the one buffer came back").into()),
    }
    match builder.finish() {
        Err(err) if err.error == EINVAL && err.buffer.is_empty() => {}
        _ => return Err(Failure::Unexpected("nothing was made a mapping").into()),
    }

    Ok(match ctx.edu {
        Some(_) => "dma_iova_link, dma_iova_unlink, dma_iova_sync, dma_iova_destroy witness: iova_to_phys, round trip across pieces",
        None => "dma_iova_link, dma_iova_unlink, dma_iova_sync, dma_iova_destroy witness: iova_to_phys",
    })
}

/// Buffers of whole pages, but for the one in the middle.
fn odd_in_the_middle() -> Result<KVec<KVec<u8>>, Stop> {
    let mut memory = KVec::with_capacity(3, GFP_KERNEL)?;

    for size in [OTHERS[0], OTHERS[1], OTHERS[0]] {
        memory.push(KVec::from_elem(0u8, size, GFP_KERNEL)?, GFP_KERNEL)?;
    }
    memory.fill(DATA);
    Ok(memory)
}

/// What cannot go on where the piece before ends is refused, whether all come at once or one by one, before
/// the kernel complains of it; and nothing is lost, nor left mapped.
fn refused_in_the_middle(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    let mut log = Log::end();
    let Err(mut err) = IovaMapping::map(ctx.dev, odd_in_the_middle()?, Bidirectional, GFP_KERNEL)
    else {
        return Err(Failure::Unexpected("a piece was linked within a page").into());
    };
    compare(&mut err.buffer, &[], DATA, DATA)?;
    if err.error == EOPNOTSUPP && !ctx.witness.translates() {
        return Err(Stop::Refused(NOBODY));
    }
    if err.error != EINVAL {
        return Err(err.error.into());
    }

    let mut parts = err.buffer.into_iter();
    let (Some(first), Some(odd), Some(last)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(Failure::Unexpected("a buffer is lost").into());
    };
    let size = first.len() + odd.len() + last.len();
    let mut builder = IovaBuilder::begin(ctx.dev, first, size, 3, Bidirectional, GFP_KERNEL)?;
    builder.link(odd)?;
    let last = match builder.link(last) {
        Err(err) if err.error == EINVAL => err.buffer,
        Err(err) => return Err(err.error.into()),
        Ok(()) => return Err(Failure::Unexpected("a piece was linked within a page").into()),
    };
    if log.says("unaligned: iova") {
        return Err(Failure::Unexpected("iommu_map() was asked for a part of a page").into());
    }
    pattern::compare(&last, DATA, OTHERS[0] + OTHERS[1])?;

    // It was refused for its place alone.
    let odd = builder.unlink().ok_or(EFAULT)?;
    pattern::compare(&odd, DATA, OTHERS[0])?;
    builder.link(last)?;
    builder.link(odd)?;
    let mapping = builder.finish()?;
    let (dma, size) = (mapping.span().number(), mapping.span().len());
    look_at(ctx, &mapping)?;
    if mapping.unmap().len() != 3 {
        return Err(Failure::Unexpected("a buffer is lost").into());
    }
    ctx.witness.unmapped(dma, size)?;

    Ok("dma_iova_link refused with EINVAL witness: the kernel's log, buffers came back intact, iova_to_phys of the rest")
}

/// What needs a copy.
type Bounced<'a> = Mapping<'a, KBox<[u8; SMALL]>, FromDevice>;

/// Bounced mappings, until there is no memory left for a copy.
fn all_bounce_buffers<'a>(ctx: &Context<'a>) -> Result<KVVec<Bounced<'a>>, Stop> {
    let mut taken = KVVec::new();

    loop {
        let buffer = KBox::new([0; SMALL], GFP_KERNEL)?;

        match Mapping::map_attrs(ctx.dev, buffer, FromDevice, DMA_ATTR_NO_WARN) {
            Ok(mapping) => taken.push(mapping, GFP_KERNEL)?,
            Err(err) if err.error == ENOMEM => return Ok(taken),
            Err(err) => return Err(err.error.into()),
        }
    }
}

/// A buffer of less than a page that begins with one.
fn tail() -> Result<KVec<u8>, Stop> {
    // As many as there are in some pages. They stay until the end, not to be allocated again.
    const TRIES: usize = 256;
    let mut others = KVec::with_capacity(TRIES, GFP_KERNEL)?;

    for _ in 0..TRIES {
        let buffer = KVec::from_elem(0u8, TAIL, GFP_KERNEL)?;

        if buffer.as_ptr().addr() % PAGE_SIZE == 0 {
            return Ok(buffer);
        }
        others.push(buffer, GFP_KERNEL)?;
    }
    Err(Stop::Skip("no small buffer begins with a page"))
}

/// The kernel itself fails behind pieces that it has linked, for want of a bounce buffer: that piece comes back,
/// and the others stay linked, or come back too.
fn refused_by_the_kernel(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    const ENDS: usize = 2 * PAGE_SIZE;
    if !ctx.witness.translates() {
        return Err(Stop::Skip("nobody translates"));
    }
    if limits::is_coherent(ctx.dev) {
        return Err(Stop::Skip(
            "a cache-coherent device has no use for bounce buffers",
        ));
    }

    let mut memory = KVec::with_capacity(3, GFP_KERNEL)?;
    for _ in 0..2 {
        memory.push(KVec::from_elem(0u8, PAGE_SIZE, GFP_KERNEL)?, GFP_KERNEL)?;
    }
    memory.push(tail()?, GFP_KERNEL)?;
    memory.fill(DATA);

    let taken = all_bounce_buffers(ctx)?;
    let Err(err) = IovaMapping::map(ctx.dev, memory, FromDevice, GFP_KERNEL) else {
        return Err(Failure::Unexpected("there was a bounce buffer left").into());
    };
    let mut memory = err.buffer;
    if err.error != ENOMEM || memory.len() != 3 {
        return Err(err.error.into());
    }
    compare(&mut memory, &[], DATA, DATA)?;

    // One by one, they stay.
    let mut parts = memory.into_iter();
    let (Some(first), Some(second), Some(tail)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(Failure::Unexpected("a buffer is lost").into());
    };
    let mut builder = IovaBuilder::begin(ctx.dev, first, ENDS + TAIL, 3, FromDevice, GFP_KERNEL)?;
    builder.link(second)?;
    let tail = match builder.link(tail) {
        Err(err) if err.error == ENOMEM => err.buffer,
        Err(err) => return Err(err.error.into()),
        Ok(()) => return Err(Failure::Unexpected("there was a bounce buffer left").into()),
    };
    pattern::compare(&tail, DATA, ENDS)?;
    if builder.len() != ENDS {
        return Err(Failure::Unexpected("what was refused counts as linked").into());
    }

    // There is room for it again, and it is linked where it would have been.
    drop(taken);
    builder.link(tail)?;
    drop(builder.unlink());
    let mapping = builder.finish()?;
    let (dma, size) = (mapping.span().number(), mapping.span().len());
    if size != ENDS {
        return Err(Failure::Unexpected("the span is not what was linked").into());
    }
    look_at(ctx, &mapping)?;
    ctx.witness
        .unmapped(dma.wrapping_add(ENDS as DmaAddress), TAIL)?;

    let mut memory = mapping.unmap();
    ctx.witness.unmapped(dma, ENDS)?;
    compare(&mut memory, &[], DATA, DATA)?;

    Ok("dma_iova_link refused with ENOMEM witness: buffers came back intact, iova_to_phys of the rest")
}

/// More than was reserved for is refused, and comes back.
fn refused_without_room(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    let mut builder = begin(ctx, ToDevice, 1)?;
    match builder.link(page(DATA, 1)?) {
        Err(err) if err.error == ENOSPC => pattern::compare(&err.buffer, DATA, PAGE_SIZE)?,
        _ => return Err(Failure::Unexpected("more was linked than was reserved for").into()),
    }
    are_back(builder.cancel(), 1)?;

    // Room for the buffers, but not for the bytes; then the other way round.
    for (size, count) in [(PAGE_SIZE - 1, 1), (PAGE_SIZE, 0)] {
        match IovaBuilder::begin(ctx.dev, page(DATA, 0)?, size, count, ToDevice, GFP_KERNEL) {
            Err(err) if err.error == ENOSPC => pattern::compare(&err.buffer, DATA, 0)?,
            _ => return Err(Failure::Unexpected("more was linked than was reserved for").into()),
        }
    }

    Ok("dma_iova_link refused with ENOSPC witness: buffers came back intact")
}

/// More addresses than the device has are refused, and sizes that are none; after that there are as many
/// as before.
fn refused_without_addresses(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    begin(ctx, ToDevice, 1)?;

    // CAST: From at most 64 bits.
    let beyond = limits::mask(ctx.dev) as usize + 1;
    for (size, error) in [(beyond, ENOMEM), (0, EINVAL), (usize::MAX, EINVAL)] {
        match IovaBuilder::begin(ctx.dev, page(DATA, 0)?, size, 1, ToDevice, GFP_KERNEL) {
            Err(err) if err.error == error => pattern::compare(&err.buffer, DATA, 0)?,
            Err(err) => return Err(err.error.into()),
            Ok(_) => return Err(Failure::Unexpected("such a size was reserved").into()),
        }
    }
    are_back(begin(ctx, ToDevice, 1)?.cancel(), 1)?;

    Ok("dma_iova_try_alloc refused with ENOMEM witness: buffer came back intact")
}

/// No piece, or an empty one behind another, is refused, and the memory comes back.
fn refused_empty(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    match IovaMapping::map(ctx.dev, KVec::<Pages>::new(), ToDevice, GFP_KERNEL) {
        Err(err) if err.error == EINVAL => {}
        _ => return Err(Failure::Unexpected("no memory at all was mapped").into()),
    }

    let mut memory = KVec::new();
    memory.push(KVec::from_elem(0u8, OTHERS[0], GFP_KERNEL)?, GFP_KERNEL)?;
    memory.push(KVec::new(), GFP_KERNEL)?;
    memory.fill(DATA);
    let expected = if ctx.witness.translates() {
        EINVAL
    } else {
        EOPNOTSUPP
    };
    match IovaMapping::map(ctx.dev, memory, ToDevice, GFP_KERNEL) {
        Err(mut err) if err.error == expected && err.buffer.len() == 2 => {
            compare(&mut err.buffer, &[], DATA, DATA)?;
        }
        _ => return Err(Failure::Unexpected("an empty piece was mapped").into()),
    }

    Ok("dma_iova_link refused with EINVAL witness: buffers came back intact")
}
