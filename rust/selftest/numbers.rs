// SPDX-License-Identifier: GPL-2.0

//! Every number that the library's functions take, from none to all ones.
//!
//! A call works, or returns an error; what works can be used, and goes away again. The kernel's log
//! has nothing to say of it, and the IOMMU's page table is as before. There is a result for each
//! function that takes a size, a count, a range, an alignment, a time, flags or attributes, by its
//! name: `scripts/tests/module/test_numbers.py` reads the names here, and finds the functions in the
//! sources.

mod coherent;
mod mapping;
mod memory;
mod pools;
mod transfer;

use super::{
    evidence::{
        Failure,
        Stop, //
    },
    ktap::Suite,
    witness::Mapped,
    Context, //
};
use crate::{
    dma::{
        direction::Direction,
        span::Span, //
    },
    testdev::addresses::Number, //
};
use core::ops::Range;
use kernel::{
    alloc::Flags,
    dma::{
        attrs::*,
        Attrs, //
    },
    fmt,
    page::PAGE_SIZE,
    prelude::*, //
};

/// Sizes, counts and offsets: those that C counts in 32 bits, or in pages of 32 bits; those that
/// wrap when they are multiplied by the size of an element, or rounded up to pages; and those
/// around them.
const NUMBERS: [usize; 34] = [
    0,
    1,
    2,
    3,
    PAGE_SIZE - 1,
    PAGE_SIZE,
    PAGE_SIZE + 1,
    (1 << 31) - 1,
    1 << 31,
    (1 << 31) + 1,
    (1 << 32) - PAGE_SIZE,
    (1 << 32) - 1,
    1 << 32,
    (1 << 32) + 1,
    (1 << 32) + PAGE_SIZE,
    (1 << 44) - 1,
    1 << 44,
    (1 << 44) + 1,
    (1 << 44) + PAGE_SIZE,
    usize::MAX / PAGE_SIZE,
    usize::MAX / PAGE_SIZE + 1,
    usize::MAX / PAGE_SIZE + 2,
    usize::MAX / 8,
    usize::MAX / 8 + 1,
    usize::MAX / 8 + 2,
    isize::MAX as usize - PAGE_SIZE + 1,
    isize::MAX as usize - 1,
    isize::MAX as usize,
    isize::MAX as usize + 1,
    usize::MAX - PAGE_SIZE,
    usize::MAX - PAGE_SIZE + 1,
    usize::MAX - PAGE_SIZE + 2,
    usize::MAX - 1,
    usize::MAX,
];

/// More bytes than any machine has for one allocation.
const TOO_LARGE: usize = 1 << 40;

/// [`NUMBERS`], and those around `len`.
fn around(len: usize) -> impl Iterator<Item = usize> {
    let more = [len - 1, len, len + 1].into_iter();

    // By its name: everything has a `chain()` of pin-init.
    Iterator::chain(
        NUMBERS.into_iter(),
        more.filter(|number| !NUMBERS.contains(number)),
    )
}

/// Each range from one of [`around()`] to another, the reversed ones too.
fn ranges(len: usize) -> impl Iterator<Item = Range<usize>> {
    around(len).flat_map(move |start| around(len).map(move |end| start..end))
}

/// Whether there are bytes in `range`, and all of them are in `len` bytes.
fn is_within(range: &Range<usize>, len: usize) -> bool {
    range.start < range.end && range.end <= len
}

/// No flag, each flag, and all but that one.
fn all_flags() -> impl Iterator<Item = Flags> {
    let each = [
        GFP_KERNEL & !GFP_KERNEL,
        GFP_KERNEL,
        GFP_KERNEL_ACCOUNT,
        GFP_ATOMIC,
        GFP_NOWAIT,
        __GFP_ZERO,
        __GFP_HIGHMEM,
        __GFP_NOWARN,
    ];

    each.into_iter().flat_map(|flags| [flags, !flags])
}

/// No attribute, each attribute, and all but that one.
fn all_attrs() -> impl Iterator<Item = Attrs> {
    let each = [
        DMA_ATTR_NO_WARN & !DMA_ATTR_NO_WARN,
        DMA_ATTR_WEAK_ORDERING,
        DMA_ATTR_WRITE_COMBINE,
        DMA_ATTR_SKIP_CPU_SYNC,
        DMA_ATTR_FORCE_CONTIGUOUS,
        DMA_ATTR_ALLOC_SINGLE_PAGES,
        DMA_ATTR_NO_WARN,
        DMA_ATTR_PRIVILEGED,
        DMA_ATTR_MMIO,
    ];

    each.into_iter().flat_map(|attrs| [attrs, !attrs])
}

/// How many calls of a function did what.
struct Tally<'a> {
    ctx: &'a Context<'a>,
    refused: usize,
    worked: usize,
}

impl Tally<'_> {
    /// Counts a call that may work or not; returns what it made.
    fn either<T, E>(&mut self, result: Result<T, E>) -> Option<T> {
        match result {
            Ok(made) => {
                self.worked += 1;
                Some(made)
            }
            Err(_) => {
                self.refused += 1;
                None
            }
        }
    }

    /// Counts a call that must work, or must not.
    fn expect<T, E>(&mut self, result: Result<T, E>, works: bool) -> Result<Option<T>, Failure> {
        let made = self.either(result);

        if made.is_some() == works {
            return Ok(made);
        }
        dev_err!(self.ctx.dev, "    # call {}\n", self.refused + self.worked);
        Err(Failure::Unexpected(if works {
            "a number was refused that is good"
        } else {
            "a number was accepted that is not good"
        }))
    }
}

impl fmt::Display for Tally<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let witness = if self.ctx.witness.translates() {
            "page table as before"
        } else {
            "no page table"
        };

        write!(
            f,
            "{} calls, {} refused, {} worked, {}",
            self.refused + self.worked,
            self.refused,
            self.worked,
            witness
        )
    }
}

/// Checks that a span has `size` bytes, the first and the last of which lead to memory.
fn is_usable<D: Direction>(
    ctx: &Context<'_>,
    span: Span<'_, D>,
    size: usize,
) -> Result<(), Failure> {
    let ends = [span.slice(0..1), span.slice(size - 1..size)];

    if span.len() != size {
        return Err(Failure::Unexpected("the size is not what was asked for"));
    }
    for byte in ends {
        let byte = byte.ok_or(Failure::Unexpected("a byte is not in the span"))?;

        if ctx.witness.is_free(byte.number()) {
            return Err(Failure::Unexpected("a byte leads nowhere"));
        }
    }
    Ok(())
}

type Sweep = fn(&Context<'_>, &mut Tally<'_>) -> Result<(), Stop>;

/// The functions, and the sweep of each.
const SWEEPS: &[(&str, Sweep)] = &[
    ("buffer::Pages::zeroed", memory::pages),
    ("buffer::Pages::zeroed_dma32", memory::pages_dma32),
    ("buffer::PagesPart::new", memory::pages_part),
    ("pages::DevicePages::zeroed", memory::device_pages),
    (
        "pages::DevicePages::sync_range_for_cpu",
        memory::device_pages_range,
    ),
    ("pages::NoncontiguousPages::zeroed", memory::noncontiguous),
    (
        "pages::NoncontiguousPages::zeroed_attrs",
        memory::noncontiguous_attrs,
    ),
    ("coherent::CoherentMemory::zeroed_slice", coherent::zeroed),
    (
        "coherent::CoherentMemory::zeroed_slice_with_attrs",
        coherent::zeroed_attrs,
    ),
    ("coherent::CoherentMemory::from_slice", coherent::from_slice),
    (
        "coherent::CoherentMemory::from_slice_with_attrs",
        coherent::from_slice_attrs,
    ),
    ("coherent::MmapMemory::new", coherent::mmap),
    ("streaming::Mapping::map_attrs", mapping::map_attrs),
    (
        "streaming::Mapping::sync_range_for_cpu",
        mapping::sync_range,
    ),
    ("span::Span::slice", mapping::slice),
    ("sg::Scattered::into_raw", mapping::into_raw),
    ("sg::SgMapping::map", mapping::sg),
    ("sg::SgMapping::map_attrs", mapping::sg_attrs),
    ("sg::SgMapping::into_segment", mapping::segment),
    ("sg::SgAccess::read", mapping::access_read),
    ("sg::SgAccess::write", mapping::access_write),
    ("turn::CpuTurn::read", mapping::turn_read),
    ("turn::CpuTurn::write", mapping::turn_write),
    ("iova::IovaMapping::map", mapping::iova),
    ("iova::IovaBuilder::begin", mapping::builder),
    ("pool::DmaPool::new", pools::dma_pool),
    ("pool::DmaPool::zalloc", pools::zalloc),
    ("pool::DmaPool::zalloc_borrowed", pools::zalloc_borrowed),
    ("buffer_pool::BufferPool::new", pools::buffer_pool),
    (
        "buffer_pool::LocalBufferPool::new",
        pools::local_buffer_pool,
    ),
    ("buffer_pool::CpuBuffer::take", pools::take),
    (
        "buffer_pool::DeviceBuffer::sync_for_cpu",
        pools::sync_for_cpu,
    ),
    ("resource::MmioRegion::of_bar", transfer::of_bar),
    ("transfer::Transfer::read", transfer::read),
    ("transfer::Transfer::write", transfer::write),
    ("transfer::Transfer::wait", transfer::wait),
    ("scoped::ScopedMapping::read", transfer::scoped_read),
    ("scoped::ScopedMapping::write", transfer::scoped_write),
];

/// How many pages below the highest address are looked at after each function, and after all of
/// them.
const NEAR: usize = 1 << 10;
const FAR: usize = 1 << 16;

pub(super) const PLAN: usize = SWEEPS.len() + 1;

pub(super) fn run(ctx: &Context<'_>, suite: &mut Suite<'_>) {
    let before = ctx.witness.mapped_pages(FAR);
    let mut near = ctx.witness.mapped_pages(NEAR);

    for (name, sweep) in SWEEPS {
        suite.result(fmt!("{}", name), swept(ctx, *sweep, &mut near));
    }
    suite.result(fmt!("page table"), is_as_before(ctx, before));
}

/// Calls a function with all numbers; `mapped` is what was mapped before, and then what is.
fn swept<'a>(
    ctx: &'a Context<'a>,
    sweep: Sweep,
    mapped: &mut Option<Mapped>,
) -> Result<Tally<'a>, Stop> {
    let mut tally = Tally {
        ctx,
        refused: 0,
        worked: 0,
    };

    sweep(ctx, &mut tally)?;

    let before = core::mem::replace(mapped, ctx.witness.mapped_pages(NEAR));
    if *mapped != before {
        return Err(Failure::Unexpected("the IOMMU's page table is not as before").into());
    }
    Ok(tally)
}

/// Checks that the IOMMU's page table is as it was before all functions.
fn is_as_before(ctx: &Context<'_>, before: Option<Mapped>) -> Result<Mapped, Stop> {
    match (ctx.witness.mapped_pages(FAR), before) {
        (None, None) => Err(Stop::Skip("nobody translates")),
        (Some(after), Some(before)) if after == before => Ok(after),
        _ => Err(Failure::Unexpected("the IOMMU's page table is not as before").into()),
    }
}
