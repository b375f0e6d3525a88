// SPDX-License-Identifier: GPL-2.0

//! The limits of the device and its IOMMU: masks, sizes, and exhausted addresses.

use super::prelude::*;
use crate::{
    testdev::edu::DMA_BITS, //
};
use kernel::bindings;

pub(super) const PLAN: usize = 6;

/// The total size of all mappings, and the largest size of one, in bytes.
const TOTAL: usize = 64 << 20;
const PIECE: usize = 4 << 20;

/// A lazy domain frees addresses after 10 ms (`IOVA_DEFAULT_FQ_TIMEOUT`).
const FLUSHED: Delta = Delta::from_millis(100);

pub(super) fn run(ctx: &Context<'_>, suite: &mut Suite<'_>) {
    suite.result(fmt!("masks"), masks(ctx));
    suite.result(fmt!("sizes"), sizes(ctx));
    suite.result(fmt!("needs sync"), needs_sync(ctx));
    suite.result(fmt!("address beyond 32 bits"), beyond_32_bits(ctx));
    suite.result(fmt!("addresses used up"), used_up(ctx));
    suite.result(fmt!("too large"), too_large(ctx));
}

/// Returns whether all bits below the highest set bit are set.
fn is_mask(mask: u64) -> bool {
    mask > 0 && mask & mask.wrapping_add(1) == 0
}

/// The DMA masks of the device.
struct Masks {
    before: [u64; 2],
    now: u64,
}

impl fmt::Display for Masks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            before: [mask, coherent],
            now,
        } = self;

        write!(
            f,
            "dma_get_mask {now:#x}, before it was set {mask:#x} and {coherent:#x} \
             witness: parameter of the module"
        )
    }
}

/// Checks the masks against the module parameter.
fn masks(ctx: &Context<'_>) -> Result<Masks, Stop> {
    let masks = Masks {
        before: ctx.default_masks,
        now: limits::mask(ctx.dev),
    };
    let told = (1u64 << ctx.dma_bits) - 1;

    if masks.now != told || limits::coherent_mask(ctx.dev) != told {
        return fail("the masks are not those that the driver has set");
    }
    // The PCI core sets 32 bits; an earlier bind of this driver may have left others. CAST: At most
    // 64.
    let may_be_left = |mask: u64| is_mask(mask) && DMA_BITS.contains(&(mask.trailing_ones() as u8));
    if !masks.before.into_iter().all(may_be_left) {
        return fail("the masks were invalid before they were set");
    }

    Ok(masks)
}

/// The limits of mapping sizes.
struct Sizes {
    opt: usize,
    max: usize,
    boundary: usize,
}

impl fmt::Display for Sizes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { opt, max, boundary } = self;

        write!(
            f,
            "dma_opt_mapping_size {opt:#x}, dma_max_mapping_size {max:#x}, dma_get_merge_boundary \
             {boundary:#x} witness: configuration of the IOMMU"
        )
    }
}

/// The largest size of ranges that the IOVA allocator caches (`IOVA_RANGE_CACHE_MAX_SIZE`).
const CACHED: usize = PAGE_SIZE << 5;

/// Checks the sizes and the merge boundary, which only an IOMMU has.
fn sizes(ctx: &Context<'_>) -> Result<Sizes, Stop> {
    let sizes = Sizes {
        opt: limits::opt_mapping_size(ctx.dev),
        max: limits::max_mapping_size(ctx.dev),
        boundary: limits::merge_boundary(ctx.dev),
    };
    let (opt, boundary) = if ctx.iommu.translates() {
        (CACHED.min(sizes.max), PAGE_SIZE - 1)
    } else {
        (sizes.max, 0)
    };

    if sizes.max < PAGE_SIZE {
        return fail("not even a page can be mapped");
    }
    if sizes.opt != opt {
        return fail("the optimal size is wrong");
    }
    if sizes.boundary != boundary {
        return fail("the merge boundary is wrong");
    }

    Ok(sizes)
}

/// Checks that a mapping needs syncs if the device is not coherent or the mapping is bounced.
fn needs_sync(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    let mapping = Mapping::map(ctx.dev, filled(0, 0)?, FromDevice)?;
    let itself = mapping.range().number() == mapping.phys();
    let expected = !limits::is_coherent(ctx.dev) || !itself;

    match mapping.needs_sync() {
        // Behind an IOMMU this also depends on the DMA debugger.
        needed if needed != expected && !ctx.iommu.translates() => {
            fail("dma_need_sync contradicts coherence and address")
        }
        true => Ok("dma_need_sync true witness: coherence and address of the mapping"),
        false => Ok("dma_need_sync false witness: coherence and address of the mapping"),
    }
}

/// The size of the address space of 32 bits.
const REACH: u64 = 1 << 32;

/// Transfers memory at an address beyond 32 bits, if the mask has more bits.
///
/// Behind an IOMMU, the check reserves a range that is too large for the lower addresses, which the
/// allocator prefers. Without an IOMMU, the memory itself must be beyond 32 bits.
fn beyond_32_bits(ctx: &Context<'_>) -> Result<Evidence, Stop> {
    if limits::mask(ctx.dev) < 2 * REACH {
        return Err(Stop::Skip("the DMA mask has fewer than 34 bits"));
    }

    let mut pages = filled(0, 0)?;
    pattern::fill(&mut pages, Bidirectional::BEFORE, 0);
    let (pages, evidence) = if ctx.iommu.translates() {
        let size = REACH as usize;
        let builder = IovaBuilder::reserve(ctx.dev, pages, size, 1, Bidirectional, GFP_KERNEL)?;
        let mapping = builder.finish()?;
        let phys = mapping.phys_vecs().next().ok_or(EFAULT)?.phys();

        let (mapping, evidence) = used(ctx, mapping, "dma_iova_try_alloc", phys)?;
        (mapping.unmap().pop().ok_or(EFAULT)?, evidence)
    } else {
        let mapping = Mapping::map(ctx.dev, pages, Bidirectional)?;
        let place = Place::of(&mapping);

        if place.phys < REACH {
            return Err(Stop::Skip("memory from anywhere is below 4 GiB"));
        }
        if place.is_bounced(ctx) {
            return Err(Stop::Skip("bounce buffers are below 4 GiB"));
        }
        let (mapping, evidence) = used(ctx, mapping, "dma_map_page", place.phys)?;
        (mapping.unmap(), evidence)
    };
    pattern::compare(&pages[..BUFFER_SIZE], Bidirectional::after(ctx), 0)?;
    evidence.place.unmapped(ctx)?;

    Ok(evidence)
}

/// Transfers a page at an address beyond 32 bits.
fn used<M: Memory<Direction = Bidirectional>>(
    ctx: &Context<'_>,
    memory: M,
    operation: &'static str,
    phys: PhysAddr,
) -> Result<(M, Evidence), Stop> {
    let (_, addr, _) = memory.segments().single().ok_or(EFAULT)?;
    let dma = addr.number();
    let place = Place::streaming::<Bidirectional>(dma, PAGE_SIZE, phys);
    let witness = place.mapped(ctx)?;

    if dma < REACH {
        return fail("the address fits into 32 bits");
    }
    let memory = Bidirectional::through(ctx, memory, 0..BUFFER_SIZE, 0)?;

    let witnesses = [ctx.moved("round trip"), witness];
    Ok((memory, place.evidence(operation, witnesses)))
}

/// Returns the largest order of pages of at most `size` bytes.
fn order_within(size: usize) -> u32 {
    (size / PAGE_SIZE)
        .max(1)
        .ilog2()
        .min(bindings::MAX_PAGE_ORDER)
}

/// Returns pages filled with `content`.
fn filled(order: u32, content: u8) -> Result<Pages, Stop> {
    let Ok(mut pages) = Pages::zeroed(order, GFP_KERNEL | __GFP_NOWARN) else {
        return Err(Stop::Skip(
            "there is not enough memory in pieces that large",
        ));
    };

    pages.fill(content);
    Ok(pages)
}

/// The result of mapping all pieces.
struct UsedUp {
    mapped: usize,
    pieces: usize,
    size: usize,
    witness: &'static str,
}

impl fmt::Display for UsedUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            mapped,
            pieces,
            size,
            witness,
        } = self;

        write!(
            f,
            "dma_map_page from_device {mapped} of {pieces} times {size} bytes"
        )?;
        if mapped < pieces {
            write!(
                f,
                ", then refused with ENOMEM witness: {witness}, buffer came back intact"
            )
        } else {
            write!(f, " witness: {witness}")
        }
    }
}

/// Maps pieces until no addresses are left or [`TOTAL`] bytes are mapped, twice.
fn used_up(ctx: &Context<'_>) -> Result<UsedUp, Stop> {
    let order = order_within(PIECE.min(limits::max_mapping_size(ctx.dev)));
    let size = PAGE_SIZE << order;
    let count = TOTAL / size;

    let mut pieces = KVec::with_capacity(count, GFP_KERNEL)?;
    for number in 0..count {
        pieces.push(filled(order, content(number))?, GFP_KERNEL)?;
    }

    let (pieces, mapped, witness) = map_all(ctx, pieces)?;
    let (pieces, again, _) = map_all(ctx, pieces)?;

    if again != mapped {
        return fail("another number was mapped the second time");
    }
    if pieces.len() != count {
        return fail("a buffer is lost");
    }

    Ok(UsedUp {
        mapped,
        pieces: count,
        size,
        witness,
    })
}

/// Returns the byte that the piece `number` is filled with.
fn content(number: usize) -> u8 {
    // CAST: Truncation is intended.
    number as u8
}

/// Maps pieces until one is refused, and unmaps them. Returns all pieces, the number of mappings,
/// and the evidence.
fn map_all(
    ctx: &Context<'_>,
    pieces: KVec<Pages>,
) -> Result<(KVec<Pages>, usize, &'static str), Stop> {
    let count = pieces.len();
    let mut mappings = KVec::with_capacity(count, GFP_KERNEL)?;
    let mut back = KVec::with_capacity(count, GFP_KERNEL)?;
    let mut refused = false;

    // Wait until a lazy domain has freed the addresses of earlier mappings.
    fsleep(FLUSHED);
    for pages in pieces {
        if refused {
            back.push(pages, GFP_KERNEL)?;
            continue;
        }

        let expected = pages[0];
        match Mapping::map_with_attrs(ctx.dev, pages, FromDevice, DMA_ATTR_NO_WARN) {
            Ok(mapping) => mappings.push((mapping, expected), GFP_KERNEL)?,
            Err(err) => {
                back.push(is_enomem(err, expected)?, GFP_KERNEL)?;
                refused = true;
            }
        }
    }

    expect(ctx, refused, mappings.len(), count)?;
    let witness = check_places(ctx, &mappings)?;
    let mapped = mappings.len();

    for (mapping, expected) in mappings {
        let place = Place::of(&mapping);
        let pages = mapping.unmap();

        place.unmapped(ctx)?;
        pattern::all(&pages, expected)?;
        back.push(pages, GFP_KERNEL)?;
    }

    Ok((back, mapped, witness))
}

/// Checks that the number of mappings is as expected.
fn expect(ctx: &Context<'_>, refused: bool, mapped: usize, count: usize) -> Result<(), Failure> {
    // CAST: From at most 64 bits.
    let too_many = ctx.iommu.translates() && limits::mask(ctx.dev) < TOTAL as u64;
    // Other devices use the pool of bounce buffers, too.
    let bounced = limits::max_mapping_size(ctx.dev) != usize::MAX;

    if mapped == 0 {
        fail("no piece was mapped")
    } else if refused && !too_many && !bounced {
        fail("a piece was refused with addresses left")
    } else if !refused && too_many {
        fail("more was mapped than the mask allows")
    } else if refused != (mapped < count) {
        fail("a piece is lost")
    } else {
        Ok(())
    }
}

/// Checks that the mappings are within the mask, do not overlap, and lead to their memory.
fn check_places(
    ctx: &Context<'_>,
    mappings: &[(Mapping<'_, Pages, FromDevice>, u8)],
) -> Result<&'static str, Stop> {
    let mut ranges = KVec::with_capacity(mappings.len(), GFP_KERNEL)?;
    let mut witness = "";

    for (mapping, _) in mappings {
        let place = Place::of(mapping);
        let last = place.dma.wrapping_add((place.size - 1) as DmaAddress);

        witness = place.mapped(ctx)?;
        ranges.push((place.dma, last), GFP_KERNEL)?;
    }

    // Compare all pairs: objtool warns about the sort of `core`, whose panics it expects to return.
    let overlaps = ranges.iter().enumerate().any(|(at, range)| {
        ranges[..at]
            .iter()
            .any(|other| range.0 <= other.1 && other.0 <= range.1)
    });
    if overlaps {
        return fail("two mappings overlap");
    }
    let mask = limits::mask(ctx.dev);
    if ranges.iter().any(|range| range.1 > mask) {
        return fail("an address is beyond the device's mask");
    }

    Ok(witness)
}

/// Checks that a buffer beyond the maximum mapping size is refused if it needs bouncing, and that a
/// small one is mapped after that.
fn too_large(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    let order = order_within(PIECE);
    let size = PAGE_SIZE << order;
    let pages = filled(order, content(1))?;

    let refused = match Mapping::map_with_attrs(ctx.dev, pages, FromDevice, DMA_ATTR_NO_WARN) {
        Ok(mapping) => {
            let place = Place::of(&mapping);

            if place.is_bounced(ctx) && size > limits::max_mapping_size(ctx.dev) {
                return fail("the mapping was not refused");
            }
            place.mapped(ctx)?;
            pattern::all(&mapping.unmap(), content(1))?;
            place.unmapped(ctx)?;
            false
        }
        Err(err) if size > limits::max_mapping_size(ctx.dev) => {
            drop(is_enomem(err, content(1))?);
            true
        }
        Err(err) => return Err(err.error.into()),
    };

    let pages = Mapping::map(ctx.dev, filled(0, content(2))?, FromDevice)?.unmap();
    pattern::all(&pages, content(2))?;

    Ok(if refused {
        "dma_map_page from_device refused with ENOMEM witness: buffer came back intact"
    } else {
        "dma_map_page from_device not too large without a bounce buffer witness: buffer came back \
         intact"
    })
}

/// Checks that the error is `ENOMEM`, and returns the unchanged buffer.
fn is_enomem(err: ErrorWith<Pages>, expected: u8) -> Result<Pages, Stop> {
    if err.error != ENOMEM {
        return Err(err.error.into());
    }

    pattern::all(&err.value, expected)?;
    Ok(err.value)
}
