// SPDX-License-Identifier: GPL-2.0

//! Boundary values for mappings and parts of them.

use super::{
    all_attrs,
    all_flags,
    around,
    is_usable,
    is_within,
    ranges,
    Tally,
    NUMBERS, //
};
use crate::selftest::prelude::*;

/// The length of memory in pieces, which ends within a page.
const LEN: usize = 2 * PAGE_SIZE + 100;

fn page() -> Result<Pages> {
    Ok(Pages::zeroed(0, GFP_KERNEL)?)
}

/// Returns memory in two pieces.
fn pages() -> Result<KVec<Pages>> {
    let mut pages = KVec::with_capacity(2, GFP_KERNEL)?;

    pages.push(page()?, GFP_KERNEL)?;
    pages.push(page()?, GFP_KERNEL)?;
    Ok(pages)
}

/// Returns a list of `LEN` bytes.
fn list<'a>(ctx: &Context<'a>) -> Result<SgMapping<'a, VVec<u8>, Bidirectional>> {
    let memory = VVec::from_elem(0u8, LEN, GFP_KERNEL)?;

    Ok(SgMapping::map(ctx.dev, memory, Bidirectional, GFP_KERNEL)?)
}

pub(super) fn map_with_attrs(ctx: &Context<'_>, tally: &mut Tally<'_>) -> Result<(), Stop> {
    for attrs in all_attrs() {
        let mapping = Mapping::map_with_attrs(ctx.dev, page()?, Bidirectional, attrs);

        if let Some(mapping) = tally.either(mapping) {
            is_usable(ctx, mapping.range(), PAGE_SIZE)?;
        }
    }
    Ok(())
}

pub(super) fn sync_range(ctx: &Context<'_>, tally: &mut Tally<'_>) -> Result<(), Stop> {
    const LEN: usize = 100;
    let buffer = KVec::from_elem(0u64, LEN, GFP_KERNEL)?;
    let mut mapping = Mapping::map(ctx.dev, buffer, Bidirectional)?;

    for range in ranges(LEN) {
        let works = is_within(&range, LEN);

        if let Some(mut part) = tally.expect(mapping.sync_range_for_cpu(range), works)? {
            part.fill(1);
        }
    }
    Ok(())
}

pub(super) fn slice(ctx: &Context<'_>, tally: &mut Tally<'_>) -> Result<(), Stop> {
    let mapping = Mapping::map(ctx.dev, page()?, Bidirectional)?;
    let all = mapping.range();

    for range in ranges(PAGE_SIZE) {
        let works = range.start <= range.end && range.end <= PAGE_SIZE;
        let part = all.slice(range.clone()).ok_or(EINVAL);

        if let Some(part) = tally.expect(part, works)?.filter(|part| !part.is_empty()) {
            is_usable(ctx, part, range.len())?;
        }
    }
    Ok(())
}

pub(super) fn into_raw(_ctx: &Context<'_>, tally: &mut Tally<'_>) -> Result<(), Stop> {
    for flags in all_flags() {
        let memory = VVec::from_elem(0u8, LEN, GFP_KERNEL)?;

        if let Some(raw) = tally.either(memory.into_raw(flags)) {
            // SAFETY: `raw` was returned by `into_raw()` and is not mapped.
            drop(unsafe { VVec::<u8>::from_raw(raw) });
        }
        if let Some(raw) = tally.either(pages()?.into_raw(flags)) {
            // SAFETY: As above.
            drop(unsafe { KVec::<Pages>::from_raw(raw) });
        }
    }
    Ok(())
}

pub(super) fn sg(ctx: &Context<'_>, tally: &mut Tally<'_>) -> Result<(), Stop> {
    for flags in all_flags() {
        let memory = VVec::from_elem(0u8, LEN, GFP_KERNEL)?;

        tally.either(SgMapping::map(ctx.dev, memory, Bidirectional, flags));
        tally.either(SgMapping::map(ctx.dev, pages()?, Bidirectional, flags));
    }
    Ok(())
}

pub(super) fn sg_attrs(ctx: &Context<'_>, tally: &mut Tally<'_>) -> Result<(), Stop> {
    for attrs in all_attrs() {
        for flags in all_flags() {
            let mapping = SgMapping::map_with_attrs(ctx.dev, pages()?, Bidirectional, flags, attrs);

            tally.either(mapping);
        }
    }
    Ok(())
}

/// Calls `copy` with all offsets into `LEN` bytes and several lengths.
fn offsets(
    tally: &mut Tally<'_>,
    mut copy: impl FnMut(usize, &mut [u8]) -> Result,
) -> Result<(), Stop> {
    let mut bytes = KVec::from_elem(1u8, LEN + 1, GFP_KERNEL)?;

    for len in [0, 1, PAGE_SIZE, LEN, LEN + 1] {
        for offset in around(LEN) {
            let works = offset.checked_add(len).is_some_and(|end| end <= LEN);

            tally.expect(copy(offset, &mut bytes[..len]), works)?;
        }
    }
    Ok(())
}

pub(super) fn cpu_owned_read(ctx: &Context<'_>, tally: &mut Tally<'_>) -> Result<(), Stop> {
    let owned = list(ctx)?.into_cpu();

    offsets(tally, |offset, bytes| owned.read(offset, bytes))
}

pub(super) fn cpu_owned_write(ctx: &Context<'_>, tally: &mut Tally<'_>) -> Result<(), Stop> {
    let mut owned = list(ctx)?.into_cpu();

    offsets(tally, |offset, bytes| owned.write(offset, bytes))
}

pub(super) fn iova(ctx: &Context<'_>, tally: &mut Tally<'_>) -> Result<(), Stop> {
    for flags in all_flags() {
        let mapping = IovaMapping::map(ctx.dev, pages()?, Bidirectional, flags);

        if let Some(mapping) = tally.expect(mapping, ctx.iommu.translates())? {
            is_usable(ctx, mapping.range(), 2 * PAGE_SIZE)?;
        }
    }
    Ok(())
}

pub(super) fn builder(ctx: &Context<'_>, tally: &mut Tally<'_>) -> Result<(), Stop> {
    sizes(ctx, tally)?;
    ctx.with_large_masks(|| sizes(ctx, tally))?;
    for flags in all_flags() {
        tally.either(IovaBuilder::reserve(
            ctx.dev,
            page()?,
            PAGE_SIZE,
            1,
            Bidirectional,
            flags,
        ));
    }
    Ok(())
}

/// Begins mappings of all sizes and numbers of buffers.
fn sizes(ctx: &Context<'_>, tally: &mut Tally<'_>) -> Result<(), Stop> {
    for size in around(PAGE_SIZE) {
        for count in NUMBERS {
            let can = ctx.iommu.translates() && size >= PAGE_SIZE && count > 0;
            let must = can && size <= 2 * PAGE_SIZE && count <= PAGE_SIZE;
            let begun =
                IovaBuilder::reserve(ctx.dev, page()?, size, count, Bidirectional, GFP_KERNEL);

            let begun = if can && !must {
                tally.either(begun)
            } else {
                tally.expect(begun, must)?
            };
            let Some(mut builder) = begun else { continue };

            // A second page needs space.
            let linked = builder.link(page()?).is_ok();
            if linked != (count > 1 && size >= 2 * PAGE_SIZE) {
                return fail("another page was linked, or was not");
            }
            is_usable(
                ctx,
                builder.finish()?.range(),
                PAGE_SIZE << usize::from(linked),
            )?;
        }
    }
    Ok(())
}
