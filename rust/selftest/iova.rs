// SPDX-License-Identifier: GPL-2.0

//! Pieces of memory in one IOVA range.

use super::{
    kmsg::Log,
    place::must_bounce,
    prelude::*,
    sg::{
        phys_at,
        Bytes, //
    }, //
};
use crate::dma::PhysVec;

/// The numbers of pages, each of which is a piece.
const COUNTS: [usize; 4] = [1, 2, 16, 256];
/// The number of bytes to transfer at the ends, and on each side of a boundary of pieces.
const NEAR: usize = 900;
/// The last part of a page of a vector, which is bounced for a non-coherent device.
const TAIL: usize = 90;
const VVEC_SIZE: usize = 5 * PAGE_SIZE + TAIL;
/// The size of a buffer that is always bounced for a non-coherent device.
const SMALL: usize = 32;
/// The size of the first odd piece, which must end at a page boundary, and the number of
/// candidates.
const FIRST: usize = 1024;
const ATTEMPTS: usize = 64;
/// The sizes of the other odd pieces: whole pages, and then pages and a part of one.
const OTHERS: [usize; 2] = [2 * PAGE_SIZE, PAGE_SIZE + 904];

pub(super) const PLAN: usize = 3 * (COUNTS.len() + 3) + 6;

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
fn direction<D: DirectionTest + Permits<u8> + Permits<[u8]>>(
    ctx: &Context<'_>,
    suite: &mut Suite<'_>,
) {
    let name = direction_name(D::DIRECTION);

    for count in COUNTS {
        let result = scattered_pages(count).and_then(|memory| check::<_, D>(ctx, memory));
        suite.result(fmt!("{} pages {}", name, count), result);
    }

    let result = VVec::from_elem(0u8, VVEC_SIZE, GFP_KERNEL)
        .map_err(Stop::from)
        .and_then(|memory| check::<_, D>(ctx, memory));
    suite.result(fmt!("{} vvec {}", name, VVEC_SIZE), result);

    let result = growing_pages().and_then(|memory| check::<_, D>(ctx, memory));
    suite.result(fmt!("{} longer after a page", name), result);

    let result = odd_buffers(ctx).and_then(|memory| check::<_, D>(ctx, memory));
    suite.result(fmt!("{} odd first offset and last length", name), result);
}

/// Returns pages that are not adjacent.
fn scattered_pages(count: usize) -> Result<KVec<Pages>, Stop> {
    let mut memory = KVec::with_capacity(count, GFP_KERNEL)?;
    let mut between = KVec::with_capacity(count, GFP_KERNEL)?;

    for _ in 0..count {
        memory.push(Pages::zeroed(0, GFP_KERNEL)?, GFP_KERNEL)?;
        between.push(Pages::zeroed(0, GFP_KERNEL)?, GFP_KERNEL)?;
    }
    Ok(memory)
}

/// Returns a page, and pages that need more addresses than as many single pages.
fn growing_pages() -> Result<KVec<Pages>, Stop> {
    let mut memory = KVec::with_capacity(3, GFP_KERNEL)?;

    for order in [0, 1, 0] {
        memory.push(Pages::zeroed(order, GFP_KERNEL)?, GFP_KERNEL)?;
    }
    Ok(memory)
}

/// Returns buffers; the first begins within a page and the last ends within one.
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

/// The result of a mapping.
enum Outcome {
    Mapped(Evidence),
    NoIommu,
    /// The first piece begins within a page and must be bounced. The device has no
    /// `dma_set_min_align_mask()`, so the bounce buffer begins with a page, and Linux 7.3 refuses
    /// to link it.
    Bounced,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mapped(evidence) => evidence.fmt(f),
            Self::NoIommu => f.write_str(
                "dma_iova_try_alloc refused with EOPNOTSUPP, without translation witness: memory \
                 came back intact, dma_map_sgtable maps it",
            ),
            Self::Bounced => f.write_str(
                "dma_iova_link refused with EINVAL, for a bounce buffer that begins with a page \
                 witness: memory came back intact, dma_map_sgtable maps it",
            ),
        }
    }
}

/// Returns the chunks to transfer of pieces that end at `ends`: near both ends of the range, and
/// near some boundaries.
fn chunks(ends: &[usize]) -> Result<KVec<Range<usize>>, Stop> {
    let mut chunks = KVec::new();
    let [inner @ .., len] = ends else {
        return fail("no piece");
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

/// Checks that `memory` has the pattern `inside` in `chunks`, and `outside` elsewhere.
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

/// Returns the bytes of a piece that are whole pages. Only the other bytes may be bounced.
fn whole_pages(piece: &PhysVec) -> Range<usize> {
    // CAST: The offset within a page.
    let start = piece.phys() as usize % PAGE_SIZE;
    let first = (start.next_multiple_of(PAGE_SIZE) - start).min(piece.len());
    let after = (start + piece.len()) % PAGE_SIZE;

    first..first.max(piece.len().saturating_sub(after))
}

/// Checks, page by page, that the DMA addresses lead to the pieces in order, or to bounce buffers
/// of the parts that must be bounced.
pub(super) fn check_pieces<S: ScatterBuffer, D: DirectionTest>(
    ctx: &Context<'_>,
    mapping: &IovaMapping<'_, S, D>,
) -> Result<&'static str, Stop> {
    let addr = mapping.range().number();
    let mut at = 0;
    let mut witness = "";

    for piece in mapping.phys_vecs() {
        let phys = |offset| piece.phys() + offset as PhysAddr;
        let itself = if must_bounce(ctx, D::DIRECTION, piece.phys(), piece.len()) {
            let itself = whole_pages(&piece);

            for part in [0..itself.start, itself.end..piece.len()] {
                if !part.is_empty() {
                    let dma = addr.wrapping_add((at + part.start) as DmaAddress);
                    witness = ctx
                        .iommu
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
                .iommu
                .mapped(dma, itself.len(), D::DIRECTION, &|offset| {
                    phys(itself.start + offset)
                })?;
        }
        at += piece.len();
    }
    Ok(witness)
}

/// Maps memory as one range, transfers chunks across pieces, and checks the mapping and the data.
fn check<S: Bytes, D: DirectionTest + Permits<S::Element> + Permits<[u8]>>(
    ctx: &Context<'_>,
    mut memory: S,
) -> Result<Outcome, Stop> {
    memory.fill(D::BEFORE);

    let mapping = match IovaMapping::map(ctx.dev, memory, D::VALUE, GFP_KERNEL) {
        Ok(mapping) if ctx.iommu.translates() => mapping,
        Ok(_) => return fail("mapped without translation"),
        Err(ErrorWith {
            error,
            value: mut buffer,
        }) if error == EOPNOTSUPP && !ctx.iommu.translates() => {
            compare(&mut buffer, &[], D::BEFORE, D::BEFORE)?;
            return match SgMapping::map(ctx.dev, buffer, D::VALUE, GFP_KERNEL) {
                Ok(mapping) => {
                    compare(&mut mapping.unmap(), &[], D::BEFORE, D::BEFORE)?;
                    Ok(Outcome::NoIommu)
                }
                // Without bounce buffers, memory beyond the mask is refused and returned, too.
                Err(mut err) => {
                    compare(&mut err.value, &[], D::BEFORE, D::BEFORE)?;
                    Err(Stop::Refused(
                        "dma_iova_try_alloc refused with EOPNOTSUPP, without translation, and \
                         dma_map_sgtable too witness: memory came back intact",
                    ))
                }
            };
        }
        Err(ErrorWith {
            error,
            value: buffer,
        }) if error == EINVAL => {
            let mapping =
                SgMapping::map(ctx.dev, buffer, D::VALUE, GFP_KERNEL).map_err(|_| EINVAL)?;
            let begins_within = |piece: PhysVec| {
                piece.phys() % PAGE_SIZE as PhysAddr != 0
                    && must_bounce(ctx, D::DIRECTION, piece.phys(), piece.len())
            };
            let expected = mapping.phys_vecs().next().is_some_and(begins_within);

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
    for piece in mapping.phys_vecs() {
        let start = ends.last().copied().unwrap_or(0);
        ends.push(start + piece.len(), GFP_KERNEL)?;
    }
    let phys = phys_at(mapping.phys_vecs(), 0).ok_or(EFAULT)?;
    let place = Place::unbounced(&mapping, phys);
    if ends.last() != Some(&place.size) {
        return fail("the range has another size than the memory");
    }
    let witness = check_pieces(ctx, &mapping)?;

    let chunks = chunks(&ends)?;
    let mut mapping = mapping;
    for chunk in &chunks {
        mapping = D::through(ctx, mapping, chunk.clone(), 0)?;
    }

    let mut memory = mapping.unmap();
    place.unmapped(ctx)?;
    compare(&mut memory, &chunks, D::after(ctx), D::BEFORE)?;

    Ok(Outcome::Mapped(place.evidence(
        "dma_iova_try_alloc, dma_iova_link, dma_iova_sync, dma_iova_destroy",
        [ctx.moved("round trip across pieces"), witness],
    )))
}

/// The evidence of the refusal without translation.
const UNTRANSLATED: &str = "dma_iova_try_alloc refused with EOPNOTSUPP, without translation \
                            witness: memory came back intact";

/// Returns a page with the pattern.
fn page(seed: u32, number: usize) -> Result<Pages, Stop> {
    let mut page = Pages::zeroed(0, GFP_KERNEL)?;

    pattern::fill(&mut page, seed, number * PAGE_SIZE);
    Ok(page)
}

/// Returns a builder with one page and space for `count`, or checks the refusal without
/// translation.
fn begin<'a, D: Permits<[u8]>>(
    ctx: &Context<'a>,
    direction: D,
    count: usize,
) -> Result<IovaBuilder<'a, Pages, D>, Stop> {
    let size = count * PAGE_SIZE;

    match IovaBuilder::reserve(ctx.dev, page(DATA, 0)?, size, count, direction, GFP_KERNEL) {
        Ok(builder) if ctx.iommu.translates() => Ok(builder),
        Ok(_) => fail("begun without translation"),
        Err(err) if err.error == EOPNOTSUPP && !ctx.iommu.translates() => {
            pattern::compare(&err.value, DATA, 0)?;
            Err(Stop::Refused(UNTRANSLATED))
        }
        Err(err) => Err(err.error.into()),
    }
}

/// Checks that `count` pages came back with the pattern.
fn are_back(mut pages: KVec<Pages>, count: usize) -> Result<(), Failure> {
    if pages.len() != count {
        return fail("a buffer is lost");
    }
    compare(&mut pages, &[], DATA, DATA)
}

/// Links and unlinks buffers one by one, and finishes, drops and cancels builders.
fn builder(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    let mut builder = begin(ctx, FromDevice, 4)?;
    builder.link(page(OTHER, 1)?)?;
    builder.link(page(DATA, 1)?)?;
    drop(builder.unlink());
    drop(builder.unlink());
    // The addresses are free again.
    builder.link(page(OTHER, 1)?)?;
    builder.link(page(OTHER, 2)?)?;
    let mapping = builder.finish()?;
    let (dma, size) = (mapping.range().number(), mapping.range().len());
    if size != 3 * PAGE_SIZE {
        return fail("the range differs from the linked pieces");
    }
    check_pieces(ctx, &mapping)?;
    ctx.iommu
        .unmapped(dma.wrapping_add(size as DmaAddress), PAGE_SIZE)?;

    // Transfer the bytes around both boundaries.
    let moved = [
        PAGE_SIZE - NEAR..PAGE_SIZE + NEAR,
        2 * PAGE_SIZE - NEAR..2 * PAGE_SIZE + NEAR,
    ];
    let mapping = FromDevice::through(ctx, mapping, moved[0].clone(), 0)?;
    let mapping = FromDevice::through(ctx, mapping, moved[1].clone(), 0)?;
    let mut pages = mapping.unmap();
    ctx.iommu.unmapped(dma, size)?;
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

    // Cancel a builder, and drop one before and after the sync.
    let mut builder = begin(ctx, ToDevice, 2)?;
    builder.link(page(DATA, 1)?)?;
    are_back(builder.cancel(), 2)?;
    let mut builder = begin(ctx, ToDevice, 2)?;
    builder.link(page(DATA, 1)?)?;
    let mapping = builder.finish()?;
    let dma = mapping.range().number();
    drop(mapping);
    ctx.iommu.unmapped(dma, 2 * PAGE_SIZE)?;
    drop(begin(ctx, ToDevice, 2)?);

    // Unlink all buffers.
    let mut builder = begin(ctx, ToDevice, 1)?;
    match (builder.unlink(), builder.unlink()) {
        (Some(page), None) => pattern::compare(&page, DATA, 0)?,
        _ => return fail("unlink did not return the one buffer"),
    }
    match builder.finish() {
        Err(err) if err.error == EINVAL && err.value.is_empty() => {}
        _ => return fail("an empty builder became a mapping"),
    }

    Ok(match ctx.edu {
        Some(_) => {
            "dma_iova_link, dma_iova_unlink, dma_iova_sync, dma_iova_destroy witness: \
             iova_to_phys, round trip across pieces"
        }
        None => {
            "dma_iova_link, dma_iova_unlink, dma_iova_sync, dma_iova_destroy witness: \
             iova_to_phys"
        }
    })
}

/// Returns buffers of whole pages, except for the one in the middle.
fn odd_in_the_middle() -> Result<KVec<KVec<u8>>, Stop> {
    let mut memory = KVec::with_capacity(3, GFP_KERNEL)?;

    for size in [OTHERS[0], OTHERS[1], OTHERS[0]] {
        memory.push(KVec::from_elem(0u8, size, GFP_KERNEL)?, GFP_KERNEL)?;
    }
    memory.fill(DATA);
    Ok(memory)
}

/// Checks that a piece behind one that ends within a page is refused before `iommu_map()` warns, in
/// a list and one by one, and that no buffer is lost and no page stays mapped.
fn refused_in_the_middle(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    let mut log = Log::end();
    let Err(mut err) = IovaMapping::map(ctx.dev, odd_in_the_middle()?, Bidirectional, GFP_KERNEL)
    else {
        return fail("a piece was linked within a page");
    };
    compare(&mut err.value, &[], DATA, DATA)?;
    if err.error == EOPNOTSUPP && !ctx.iommu.translates() {
        return Err(Stop::Refused(UNTRANSLATED));
    }
    if err.error != EINVAL {
        return Err(err.error.into());
    }

    let mut parts = err.value.into_iter();
    let (Some(first), Some(odd), Some(last)) = (parts.next(), parts.next(), parts.next()) else {
        return fail("a buffer is lost");
    };
    let size = first.len() + odd.len() + last.len();
    let mut builder = IovaBuilder::reserve(ctx.dev, first, size, 3, Bidirectional, GFP_KERNEL)?;
    builder.link(odd)?;
    let last = match builder.link(last) {
        Err(err) if err.error == EINVAL => err.value,
        Err(err) => return Err(err.error.into()),
        Ok(()) => return fail("a piece was linked within a page"),
    };
    if log.says("unaligned: iova") {
        return fail("iommu_map() was called for a part of a page");
    }
    pattern::compare(&last, DATA, OTHERS[0] + OTHERS[1])?;

    // The piece is accepted in another position.
    let odd = builder.unlink().ok_or(EFAULT)?;
    pattern::compare(&odd, DATA, OTHERS[0])?;
    builder.link(last)?;
    builder.link(odd)?;
    let mapping = builder.finish()?;
    let (dma, size) = (mapping.range().number(), mapping.range().len());
    check_pieces(ctx, &mapping)?;
    if mapping.unmap().len() != 3 {
        return fail("a buffer is lost");
    }
    ctx.iommu.unmapped(dma, size)?;

    Ok(
        "dma_iova_link refused with EINVAL witness: kernel log, buffers came back intact, \
         iova_to_phys of the rest",
    )
}

/// A mapping that is bounced if the device is not coherent.
type Bounced<'a> = Mapping<'a, KBox<[u8; SMALL]>, FromDevice>;

/// Allocates all bounce buffers.
fn all_bounce_buffers<'a>(ctx: &Context<'a>) -> Result<KVVec<Bounced<'a>>, Stop> {
    let mut taken = KVVec::new();

    loop {
        let buffer = KBox::new([0; SMALL], GFP_KERNEL)?;

        match Mapping::map_with_attrs(ctx.dev, buffer, FromDevice, DMA_ATTR_NO_WARN) {
            Ok(mapping) => taken.push(mapping, GFP_KERNEL)?,
            Err(err) if err.error == ENOMEM => return Ok(taken),
            Err(err) => return Err(err.error.into()),
        }
    }
}

/// Returns a buffer of less than a page that begins with one.
fn tail() -> Result<KVec<u8>, Stop> {
    // Enough to fill some pages. Keep all until the end: a freed object would be allocated next.
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

/// Checks that a piece that the kernel cannot link for lack of bounce buffers is returned. In a
/// list all others are returned, too; one by one, they stay linked.
fn refused_by_the_kernel(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    const ENDS: usize = 2 * PAGE_SIZE;
    if !ctx.iommu.translates() {
        return Err(Stop::Skip("no translation"));
    }
    if limits::is_coherent(ctx.dev) {
        return Err(Stop::Skip(
            "a cache-coherent device needs no bounce buffers",
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
        return fail("there was a bounce buffer left");
    };
    let mut memory = err.value;
    if err.error != ENOMEM || memory.len() != 3 {
        return Err(err.error.into());
    }
    compare(&mut memory, &[], DATA, DATA)?;

    // One by one, the other pieces stay linked.
    let mut parts = memory.into_iter();
    let (Some(first), Some(second), Some(tail)) = (parts.next(), parts.next(), parts.next()) else {
        return fail("a buffer is lost");
    };
    let mut builder = IovaBuilder::reserve(ctx.dev, first, ENDS + TAIL, 3, FromDevice, GFP_KERNEL)?;
    builder.link(second)?;
    let tail = match builder.link(tail) {
        Err(err) if err.error == ENOMEM => err.value,
        Err(err) => return Err(err.error.into()),
        Ok(()) => return fail("there was a bounce buffer left"),
    };
    pattern::compare(&tail, DATA, ENDS)?;
    if builder.len() != ENDS {
        return fail("a refused piece counts as linked");
    }

    // When bounce buffers are free again, the piece is linked at the same address.
    drop(taken);
    builder.link(tail)?;
    drop(builder.unlink());
    let mapping = builder.finish()?;
    let (dma, size) = (mapping.range().number(), mapping.range().len());
    if size != ENDS {
        return fail("the range differs from the linked pieces");
    }
    check_pieces(ctx, &mapping)?;
    ctx.iommu
        .unmapped(dma.wrapping_add(ENDS as DmaAddress), TAIL)?;

    let mut memory = mapping.unmap();
    ctx.iommu.unmapped(dma, ENDS)?;
    compare(&mut memory, &[], DATA, DATA)?;

    Ok(
        "dma_iova_link refused with ENOMEM witness: buffers came back intact, iova_to_phys of \
         the rest",
    )
}

/// Checks that a buffer beyond the reserved range is refused and returned.
fn refused_without_room(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    let mut builder = begin(ctx, ToDevice, 1)?;
    match builder.link(page(DATA, 1)?) {
        Err(err) if err.error == ENOSPC => pattern::compare(&err.value, DATA, PAGE_SIZE)?,
        _ => return fail("more was linked than was reserved"),
    }
    are_back(builder.cancel(), 1)?;

    // Reserve space for the buffers but not for the bytes, and the reverse.
    for (size, count) in [(PAGE_SIZE - 1, 1), (PAGE_SIZE, 0)] {
        match IovaBuilder::reserve(ctx.dev, page(DATA, 0)?, size, count, ToDevice, GFP_KERNEL) {
            Err(err) if err.error == ENOSPC => pattern::compare(&err.value, DATA, 0)?,
            _ => return fail("more was linked than was reserved"),
        }
    }

    Ok("dma_iova_link refused with ENOSPC witness: buffers came back intact")
}

/// Checks that invalid sizes and sizes beyond the mask are refused, and that no addresses are lost.
fn refused_without_addresses(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    begin(ctx, ToDevice, 1)?;

    // CAST: From at most 64 bits.
    let beyond = limits::mask(ctx.dev) as usize + 1;
    for (size, error) in [(beyond, ENOMEM), (0, EINVAL), (usize::MAX, EINVAL)] {
        match IovaBuilder::reserve(ctx.dev, page(DATA, 0)?, size, 1, ToDevice, GFP_KERNEL) {
            Err(err) if err.error == error => pattern::compare(&err.value, DATA, 0)?,
            Err(err) => return Err(err.error.into()),
            Ok(_) => return fail("an invalid size was reserved"),
        }
    }
    are_back(begin(ctx, ToDevice, 1)?.cancel(), 1)?;

    Ok("dma_iova_try_alloc refused with ENOMEM witness: buffer came back intact")
}

/// Checks that an empty list and an empty piece behind another are refused, and that the memory is
/// returned.
fn refused_empty(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    match IovaMapping::map(ctx.dev, KVec::<Pages>::new(), ToDevice, GFP_KERNEL) {
        Err(err) if err.error == EINVAL => {}
        _ => return fail("an empty list was mapped"),
    }

    let mut memory = KVec::new();
    memory.push(KVec::from_elem(0u8, OTHERS[0], GFP_KERNEL)?, GFP_KERNEL)?;
    memory.push(KVec::new(), GFP_KERNEL)?;
    memory.fill(DATA);
    let expected = if ctx.iommu.translates() {
        EINVAL
    } else {
        EOPNOTSUPP
    };
    match IovaMapping::map(ctx.dev, memory, ToDevice, GFP_KERNEL) {
        Err(mut err) if err.error == expected && err.value.len() == 2 => {
            compare(&mut err.value, &[], DATA, DATA)?;
        }
        _ => return fail("an empty piece was mapped"),
    }

    Ok("dma_iova_link refused with EINVAL witness: buffers came back intact")
}
