// SPDX-License-Identifier: GPL-2.0

//! Boundary values for all numeric parameters of the library.
//!
//! Each call returns an error, or memory that can be used and freed. It causes no warning, and
//! leaves the page table of the IOMMU unchanged. The results are named after the functions that
//! take a size, count, range, alignment, time, flags or attributes:
//! `scripts/tests/module/test_numbers.py` compares the names with the functions in the sources.

mod coherent;
mod in_flight;
mod mapping;
mod memory;
mod pools;
mod transfer;

use super::{
    iommu_check::Mapped,
    prelude::*, //
};
use crate::dma::Range;
use core::ops;

/// Sizes, counts and offsets at the limits of 32 bits, of 32-bit page numbers, of multiplication by
/// an element size, and of rounding up to pages.
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

/// More bytes than any machine can allocate at once.
const TOO_LARGE: usize = 1 << 40;

/// Returns [`NUMBERS`], and the numbers around `len`.
fn around(len: usize) -> impl Iterator<Item = usize> {
    let more = [len - 1, len, len + 1].into_iter();

    // Called by path, because pin-init adds a method `chain()` to all types.
    Iterator::chain(
        NUMBERS.into_iter(),
        more.filter(|number| !NUMBERS.contains(number)),
    )
}

/// Returns all ranges between numbers of [`around()`], also reversed ones.
fn ranges(len: usize) -> impl Iterator<Item = ops::Range<usize>> {
    around(len).flat_map(move |start| around(len).map(move |end| start..end))
}

/// Returns whether `range` is not empty and within `len`.
fn is_within(range: &ops::Range<usize>, len: usize) -> bool {
    range.start < range.end && range.end <= len
}

/// Returns no flag, each flag, and all but each flag.
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

/// Returns no attribute, each attribute, and all but each attribute.
fn all_attrs() -> impl Iterator<Item = Attrs> {
    let each = [
        no_attrs(),
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

/// Counts the calls of a function by result.
struct Tally<'a> {
    ctx: &'a Context<'a>,
    refused: usize,
    worked: usize,
}

impl Tally<'_> {
    /// Counts a call that may succeed or fail; returns its value.
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

    /// Counts a call that must succeed if `works` is true, and otherwise fail.
    fn expect<T, E>(&mut self, result: Result<T, E>, works: bool) -> Result<Option<T>, Failure> {
        let made = self.either(result);

        if made.is_some() == works {
            return Ok(made);
        }
        dev_err!(self.ctx.dev, "    # call {}\n", self.refused + self.worked);
        Err(Failure::Unexpected(if works {
            "a valid number was refused"
        } else {
            "an invalid number was accepted"
        }))
    }
}

impl fmt::Display for Tally<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let witness = if self.ctx.iommu.translates() {
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

/// Checks that a range has `size` bytes, and that the first and the last one are mapped.
fn is_usable<D: Direction>(
    ctx: &Context<'_>,
    range: Range<'_, D>,
    size: usize,
) -> Result<(), Failure> {
    let ends = [range.slice(0..1), range.slice(size - 1..size)];

    if range.len() != size {
        return fail("the size is not the one requested");
    }
    for byte in ends {
        let byte = byte.ok_or(Failure::Unexpected("a byte is not in the range"))?;

        if ctx.iommu.is_free(byte.number()) {
            return fail("a byte is not mapped");
        }
    }
    Ok(())
}

type Sweep = fn(&Context<'_>, &mut Tally<'_>) -> Result<(), Stop>;

/// The functions and their sweeps.
const SWEEPS: &[(&str, Sweep)] = &[
    ("Pages::zeroed", memory::pages),
    ("PageBox::new", memory::page_box),
    ("PagesPart::new", memory::pages_part),
    ("DevicePages::zeroed", memory::device_pages),
    (
        "DevicePages::sync_range_for_cpu",
        memory::device_pages_range,
    ),
    ("NoncontiguousPages::zeroed", memory::noncontiguous),
    (
        "NoncontiguousPages::zeroed_with_attrs",
        memory::noncontiguous_attrs,
    ),
    ("CoherentMemory::zeroed_slice", coherent::zeroed),
    (
        "CoherentMemory::zeroed_slice_with_attrs",
        coherent::zeroed_with_attrs,
    ),
    ("CoherentMemory::from_slice", coherent::from_slice),
    (
        "CoherentMemory::from_slice_with_attrs",
        coherent::from_slice_attrs,
    ),
    ("MmapMemory::new", coherent::mmap),
    ("Mapping::map_with_attrs", mapping::map_with_attrs),
    ("Mapping::sync_range_for_cpu", mapping::sync_range),
    ("Range::slice", mapping::slice),
    ("ScatterBuffer::into_raw", mapping::into_raw),
    ("SgMapping::map", mapping::sg),
    ("SgMapping::map_with_attrs", mapping::sg_attrs),
    ("CpuOwned::read", mapping::cpu_owned_read),
    ("CpuOwned::write", mapping::cpu_owned_write),
    ("IovaMapping::map", mapping::iova),
    ("IovaBuilder::reserve", mapping::builder),
    ("UserPages::pin", memory::user_pages),
    ("Pool::new", pools::dma_pool),
    ("Pool::zalloc", pools::zalloc),
    ("Pool::zalloc_borrowed", pools::zalloc_borrowed),
    ("BufferPool::new", pools::buffer_pool),
    ("CpuBuffer::take", pools::take),
    ("DeviceBuffer::sync_for_cpu", pools::sync_for_cpu),
    ("SubmissionRing::new", in_flight::submission),
    ("SubmissionRing::set_head", in_flight::set_head),
    ("CompletionRing::new", in_flight::completion),
    ("DescriptorRing::new", in_flight::descriptor),
    ("Segments::slice", in_flight::slice),
    ("in_flight", in_flight::depth),
    ("Submitter::submit", in_flight::submit),
    ("Submitter::push", in_flight::push),
    ("Submitter::command_id", in_flight::found),
    ("MmioRegion::from_bar", transfer::from_bar),
    ("Transfer::to_device", transfer::read),
    ("Transfer::from_device", transfer::write),
    ("Transfer::wait", transfer::wait),
];

/// The number of pages below the highest address to check after each function, and at the end.
const NEAR: usize = 1 << 10;
const FAR: usize = 1 << 16;

pub(super) const PLAN: usize = SWEEPS.len() + 1;

pub(super) fn run(ctx: &Context<'_>, suite: &mut Suite<'_>) {
    let before = ctx.iommu.mapped_pages(FAR);
    let mut near = ctx.iommu.mapped_pages(NEAR);

    for (name, sweep) in SWEEPS {
        suite.result(fmt!("{}", name), swept(ctx, *sweep, &mut near));
    }
    suite.result(fmt!("page table"), is_as_before(ctx, before));
}

/// Calls a function with all numbers, checks the page table, and updates `mapped`.
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

    let before = core::mem::replace(mapped, ctx.iommu.mapped_pages(NEAR));
    if *mapped != before {
        return fail("the page table of the IOMMU has changed");
    }
    Ok(tally)
}

/// Checks that all functions together left the page table unchanged.
fn is_as_before(ctx: &Context<'_>, before: Option<Mapped>) -> Result<Mapped, Stop> {
    match (ctx.iommu.mapped_pages(FAR), before) {
        (None, None) => Err(Stop::Skip("no translation")),
        (Some(after), Some(before)) if after == before => Ok(after),
        _ => fail("the page table of the IOMMU has changed"),
    }
}
