// SPDX-License-Identifier: GPL-2.0

//! More than a device can be given: addresses used up, and a buffer that is too large.

use super::{
    bounce::{
        is_copied,
        placed, //
    },
    evidence::{
        Evidence,
        Failure,
        Stop, //
    },
    ktap::Suite,
    moves::Moves,
    pattern,
    Context, //
};
use crate::{
    dma::{
        buffer::Pages,
        direction::{
            Bidirectional,
            Direction,
            FromDevice, //
        },
        iova::IovaBuilder,
        limits,
        streaming::{
            MapError,
            Mapping, //
        },
        transfer::DeviceMemory, //
    },
    module_parameters,
    testdev::addresses::{Number, Phys},
    testdev::edu::{
        BUFFER_SIZE,
        DMA_BITS, //
    }, //
};
use kernel::{
    bindings,
    dma::attrs::DMA_ATTR_NO_WARN,
    dma::DmaAddress,
    fmt,
    io::PhysAddr,
    page::PAGE_SIZE,
    prelude::*,
    time::{
        delay::fsleep,
        Delta, //
    }, //
};

pub(super) const PLAN: usize = 6;

/// What is mapped in all, and the largest piece of it, in bytes.
const TOTAL: usize = 64 << 20;
const PIECE: usize = 4 << 20;

/// A lazy domain gives addresses back after 10 ms (`IOVA_DEFAULT_FQ_TIMEOUT`).
const FLUSHED: Delta = Delta::from_millis(100);

pub(super) fn run(ctx: &Context<'_>, suite: &mut Suite<'_>) {
    suite.result(fmt!("masks"), masks(ctx));
    suite.result(fmt!("sizes"), sizes(ctx));
    suite.result(fmt!("needs sync"), needs_sync(ctx));
    suite.result(fmt!("address beyond 32 bits"), beyond_32_bits(ctx));
    suite.result(fmt!("addresses used up"), used_up(ctx));
    suite.result(fmt!("too large"), too_large(ctx));
}

/// Whether all bits below the highest are set.
fn is_mask(mask: u64) -> bool {
    mask > 0 && mask & mask.wrapping_add(1) == 0
}

/// What the device can address.
struct Masks {
    before: [u64; 2],
    now: u64,
    required: u64,
    limited: bool,
}

impl fmt::Display for Masks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            before: [mask, coherent],
            now,
            required,
            limited,
        } = self;

        write!(
            f,
            "dma_get_mask {now:#x}, before it was set {mask:#x} and {coherent:#x}, dma_get_required_mask \
             {required:#x}, dma_addressing_limited {limited} witness: parameter of the module, addresses of \
             memory"
        )
    }
}

/// The masks are what the driver was told to set, and what is required reaches memory.
fn masks(ctx: &Context<'_>) -> Result<Masks, Stop> {
    let masks = Masks {
        before: ctx.default_masks,
        now: limits::mask(ctx.dev),
        required: limits::required_mask(ctx.dev),
        limited: limits::addressing_limited(ctx.dev),
    };
    let told = (1u64 << module_parameters::dma_bits.value()) - 1;

    if masks.now != told || limits::coherent_mask(ctx.dev) != told {
        return Err(Failure::Unexpected("the masks are not what the driver has set").into());
    }
    // 32 bits from the PCI core, or what an earlier driver has left; that is this one.
    // CAST: At most 64.
    let may_be_left = |mask: u64| is_mask(mask) && DMA_BITS.contains(&(mask.trailing_ones() as u8));
    if !masks.before.into_iter().all(may_be_left) {
        return Err(Failure::Unexpected("the masks were none before they were set").into());
    }

    if !is_mask(masks.required) {
        return Err(Failure::Unexpected("the required mask is none").into());
    }
    if ctx.witness.translates() {
        if masks.required != 0xffff_ffff {
            return Err(Failure::Unexpected("an IOMMU requires another mask than 32 bits").into());
        }
    } else {
        let pages = Mapping::map(ctx.dev, filled(0, 0)?, FromDevice)?;
        if pages.phys() > masks.required {
            return Err(Failure::Unexpected("there is memory beyond the required mask").into());
        }
    }
    if masks.limited != (masks.now < masks.required) {
        return Err(Failure::Unexpected(
            "the device is limited, and the masks say not, or the reverse",
        )
        .into());
    }

    Ok(masks)
}

/// How much the device can be given at once.
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

/// The largest range of which an IOMMU driver keeps addresses ready (`IOVA_RANGE_CACHE_MAX_SIZE`).
const CACHED: usize = PAGE_SIZE << 5;

/// An SMMU translates pages and merges whole ones; nobody else merges.
fn sizes(ctx: &Context<'_>) -> Result<Sizes, Stop> {
    let sizes = Sizes {
        opt: limits::opt_mapping_size(ctx.dev),
        max: limits::max_mapping_size(ctx.dev),
        boundary: limits::merge_boundary(ctx.dev),
    };
    let (opt, boundary) = if ctx.witness.translates() {
        (CACHED.min(sizes.max), PAGE_SIZE - 1)
    } else {
        (sizes.max, 0)
    };

    if sizes.max < PAGE_SIZE {
        return Err(Failure::Unexpected("not even a page can be mapped").into());
    }
    if sizes.opt != opt {
        return Err(Failure::Unexpected("the optimal size is another").into());
    }
    if sizes.boundary != boundary {
        return Err(Failure::Unexpected("the merge boundary is another").into());
    }

    Ok(sizes)
}

/// A mapping is synced if the caches must be told, or it is a copy, or an IOMMU driver may be in the way.
fn needs_sync(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    let mapping = Mapping::map(ctx.dev, filled(0, 0)?, FromDevice)?;
    let itself = mapping.span().number() == mapping.phys();
    let expected = !limits::is_coherent(ctx.dev) || !itself;

    match mapping.needs_sync() {
        // Behind an IOMMU it depends on whether there is a DMA debugger.
        needed if needed != expected && !ctx.witness.translates() => {
            Err(Failure::Unexpected("it needs a sync, and should not, or the reverse").into())
        }
        true => Ok("dma_need_sync true witness: coherence and address of the mapping"),
        false => Ok("dma_need_sync false witness: coherence and address of the mapping"),
    }
}

/// The bytes that an address of 32 bits reaches.
const REACH: u64 = 1 << 32;

/// A device with more than 32 bits is given an address that needs them, and uses it.
///
/// Of an IOMMU so many addresses are reserved that they cannot be among the lower ones, which it prefers.
/// Without one it is the address of the memory.
fn beyond_32_bits(ctx: &Context<'_>) -> Result<Evidence, Stop> {
    if limits::mask(ctx.dev) < 2 * REACH {
        return Err(Stop::Skip(
            "the device has hardly more than 32 bits, or less",
        ));
    }

    let mut pages = filled(0, 0)?;
    pattern::fill(&mut pages, Bidirectional::BEFORE, 0);
    let (pages, evidence) = if ctx.witness.translates() {
        let size = REACH as usize;
        let builder = IovaBuilder::begin(ctx.dev, pages, size, 1, Bidirectional, GFP_KERNEL)?;
        let mapping = builder.finish()?;
        let phys = mapping.pieces().next().ok_or(EFAULT)?.phys();

        let (mapping, evidence) = used(ctx, mapping, "dma_iova_try_alloc", phys)?;
        (mapping.unmap().pop().ok_or(EFAULT)?, evidence)
    } else {
        let mapping = Mapping::map(ctx.dev, pages, Bidirectional)?;
        let phys = mapping.phys();

        if phys < REACH {
            return Err(Stop::Skip("memory from anywhere is below 4 GiB"));
        }
        if is_copied::<Bidirectional>(ctx, phys, PAGE_SIZE) {
            return Err(Stop::Skip("bounce buffers are below 4 GiB"));
        }
        let (mapping, evidence) = used(ctx, mapping, "dma_map_page", phys)?;
        (mapping.unmap(), evidence)
    };
    pattern::compare(&pages[..BUFFER_SIZE], Bidirectional::after(ctx), 0)?;
    ctx.witness.unmapped(evidence.dma, PAGE_SIZE)?;

    Ok(evidence)
}

/// Lets the device use a page that it has beyond 32 bits.
fn used<M: DeviceMemory<Direction = Bidirectional>>(
    ctx: &Context<'_>,
    memory: M,
    operation: &'static str,
    phys: PhysAddr,
) -> Result<(M, Evidence), Stop> {
    let dma = memory.span().number();
    let witness = placed::<Bidirectional>(ctx, dma, PAGE_SIZE, phys)?;

    if dma < REACH {
        return Err(Failure::Unexpected("the address has 32 bits").into());
    }
    let memory = Bidirectional::through(ctx, memory, 0..BUFFER_SIZE, 0)?;

    Ok((
        memory,
        Evidence {
            operation,
            direction: Bidirectional::DIRECTION,
            size: PAGE_SIZE,
            phys,
            dma,
            witnesses: [ctx.moved("round trip"), witness],
        },
    ))
}

/// The order of the largest pieces that are of no more than `size` bytes.
fn order_within(size: usize) -> u32 {
    (size / PAGE_SIZE)
        .max(1)
        .ilog2()
        .min(bindings::MAX_PAGE_ORDER)
}

/// Pages of which every byte is `content`.
fn filled(order: u32, content: u8) -> Result<Pages, Stop> {
    let Ok(mut pages) = Pages::zeroed(order, GFP_KERNEL | __GFP_NOWARN) else {
        return Err(Stop::Skip(
            "there is not enough memory in pieces that large",
        ));
    };

    pages.fill(content);
    Ok(pages)
}

/// What all the pieces have come to.
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

/// Maps more and more, until there is no address left or [`TOTAL`] bytes are mapped; twice.
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
        return Err(Failure::Unexpected("not as many could be mapped a second time").into());
    }
    if pieces.len() != count {
        return Err(Failure::Unexpected("a buffer is lost").into());
    }

    Ok(UsedUp {
        mapped,
        pieces: count,
        size,
        witness,
    })
}

/// What the piece with that number is filled with.
fn content(number: usize) -> u8 {
    // CAST: What is cut off does not matter.
    number as u8
}

/// Maps the pieces until one is refused, and unmaps them; returns all of them, how many were mapped,
/// and who has seen it.
fn map_all(
    ctx: &Context<'_>,
    pieces: KVec<Pages>,
) -> Result<(KVec<Pages>, usize, &'static str), Stop> {
    let count = pieces.len();
    let mut mappings = KVec::with_capacity(count, GFP_KERNEL)?;
    let mut back = KVec::with_capacity(count, GFP_KERNEL)?;
    let mut refused = false;

    // What was unmapped before must not be in the way.
    fsleep(FLUSHED);
    for pages in pieces {
        if refused {
            back.push(pages, GFP_KERNEL)?;
            continue;
        }

        let expected = pages[0];
        match Mapping::map_attrs(ctx.dev, pages, FromDevice, DMA_ATTR_NO_WARN) {
            Ok(mapping) => mappings.push((mapping, expected), GFP_KERNEL)?,
            Err(err) => {
                back.push(is_enomem(err, expected)?, GFP_KERNEL)?;
                refused = true;
            }
        }
    }

    expect(ctx, refused, mappings.len(), count)?;
    let witness = look_at(ctx, &mappings)?;
    let mapped = mappings.len();

    for (mapping, expected) in mappings {
        let (dma, len) = device_side(&mapping);
        let pages = mapping.unmap();

        ctx.witness.unmapped(dma, len)?;
        pattern::all(&pages, expected)?;
        back.push(pages, GFP_KERNEL)?;
    }

    Ok((back, mapped, witness))
}

/// Where the device has a mapping.
fn device_side(mapping: &Mapping<'_, Pages, FromDevice>) -> (DmaAddress, usize) {
    let span = mapping.span();

    (span.number(), span.len())
}

/// Checks that all were mapped that can be, and no more.
fn expect(ctx: &Context<'_>, refused: bool, mapped: usize, count: usize) -> Result<(), Failure> {
    // CAST: From at most 64 bits.
    let too_many = ctx.witness.translates() && limits::mask(ctx.dev) < TOTAL as u64;
    // A bounce buffer is a part of a pool that others use too.
    let bounced = limits::max_mapping_size(ctx.dev) != usize::MAX;

    if mapped == 0 {
        Err(Failure::Unexpected("not one piece was mapped"))
    } else if refused && !too_many && !bounced {
        Err(Failure::Unexpected(
            "a piece was refused, although there are addresses",
        ))
    } else if !refused && too_many {
        Err(Failure::Unexpected(
            "more was mapped than there are addresses",
        ))
    } else if refused != (mapped < count) {
        Err(Failure::Unexpected("a piece is lost"))
    } else {
        Ok(())
    }
}

/// Checks where the mappings are: within the device's mask, each apart from the others, and each of them
/// its own memory.
fn look_at(
    ctx: &Context<'_>,
    mappings: &[(Mapping<'_, Pages, FromDevice>, u8)],
) -> Result<&'static str, Stop> {
    let mut ranges = KVec::with_capacity(mappings.len(), GFP_KERNEL)?;
    let mut witness = "nobody";

    for (mapping, _) in mappings {
        let (dma, len) = device_side(mapping);
        let phys = mapping.phys();

        witness = placed::<FromDevice>(ctx, dma, len, phys)?;
        ranges.push((dma, dma.wrapping_add((len - 1) as DmaAddress)), GFP_KERNEL)?;
    }

    // Not sorted: `core` has a panic for that which objtool does not know not to return.
    let overlaps = ranges.iter().enumerate().any(|(at, range)| {
        ranges[..at]
            .iter()
            .any(|other| range.0 <= other.1 && other.0 <= range.1)
    });
    if overlaps {
        return Err(Failure::Unexpected("two mappings overlap").into());
    }
    let mask = limits::mask(ctx.dev);
    if ranges.iter().any(|range| range.1 > mask) {
        return Err(Failure::Unexpected("an address is beyond the device's mask").into());
    }

    Ok(witness)
}

/// A buffer that is more than the device can be given at once is refused, unless it needs no bounce buffer,
/// and one that is not is mapped after that.
fn too_large(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    let order = order_within(PIECE);
    let size = PAGE_SIZE << order;
    let pages = filled(order, content(1))?;

    let refused = match Mapping::map_attrs(ctx.dev, pages, FromDevice, DMA_ATTR_NO_WARN) {
        Ok(mapping) => {
            let (dma, phys) = (mapping.span().number(), mapping.phys());

            if is_copied::<FromDevice>(ctx, phys, size) && size > limits::max_mapping_size(ctx.dev)
            {
                return Err(Failure::Unexpected("it was mapped all the same").into());
            }
            placed::<FromDevice>(ctx, dma, size, phys)?;
            pattern::all(&mapping.unmap(), content(1))?;
            ctx.witness.unmapped(dma, size)?;
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
        "dma_map_page from_device not too large without a bounce buffer witness: buffer came back intact"
    })
}

/// Checks the error, and that the buffer is as it was.
fn is_enomem(err: MapError<Pages>, expected: u8) -> Result<Pages, Stop> {
    if err.error != ENOMEM {
        return Err(err.error.into());
    }

    pattern::all(&err.buffer, expected)?;
    Ok(err.buffer)
}
