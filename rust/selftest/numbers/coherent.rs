// SPDX-License-Identifier: GPL-2.0

//! Boundary values for coherent memory.

use super::{
    all_attrs,
    all_flags,
    memory::{
        lengths,
        lengths_with,
        Page, //
    },
    Tally, //
};
use crate::{
    dma::MmapMemory,
    selftest::prelude::*, //
};

pub(super) fn zeroed(ctx: &Context<'_>, tally: &mut Tally<'_>) -> Result<(), Stop> {
    lengths::<u8, _>(ctx, tally, |len, flags| {
        CoherentMemory::<[u8]>::zeroed_slice(ctx.dev, len, flags)
    })?;
    lengths::<u64, _>(ctx, tally, |len, flags| {
        CoherentMemory::<[u64]>::zeroed_slice(ctx.dev, len, flags)
    })?;
    lengths::<Page, _>(ctx, tally, |len, flags| {
        CoherentMemory::<[Page]>::zeroed_slice(ctx.dev, len, flags)
    })?;
    for flags in all_flags() {
        tally.either(CoherentMemory::<[u8]>::zeroed_slice(ctx.dev, 1, flags));
    }
    Ok(())
}

pub(super) fn zeroed_with_attrs(ctx: &Context<'_>, tally: &mut Tally<'_>) -> Result<(), Stop> {
    for attrs in all_attrs() {
        lengths_with::<u64, _>(tally, |len| {
            CoherentMemory::<[u64]>::zeroed_slice_with_attrs(ctx.dev, len, GFP_KERNEL, attrs)
        });
    }
    Ok(())
}

pub(super) fn from_slice(ctx: &Context<'_>, tally: &mut Tally<'_>) -> Result<(), Stop> {
    let data = KVec::from_elem(1u8, PAGE_SIZE + 1, GFP_KERNEL)?;

    for flags in all_flags() {
        for len in [0, 1, data.len()] {
            tally.either(CoherentMemory::from_slice(ctx.dev, &data[..len], flags));
        }
    }
    Ok(())
}

pub(super) fn from_slice_attrs(ctx: &Context<'_>, tally: &mut Tally<'_>) -> Result<(), Stop> {
    let data = KVec::from_elem(1u8, PAGE_SIZE + 1, GFP_KERNEL)?;

    for attrs in all_attrs() {
        for len in [0, 1, data.len()] {
            let slice = &data[..len];

            tally.either(CoherentMemory::from_slice_with_attrs(
                ctx.dev, slice, GFP_KERNEL, attrs,
            ));
        }
    }
    Ok(())
}

pub(super) fn mmap(ctx: &Context<'_>, tally: &mut Tally<'_>) -> Result<(), Stop> {
    for flags in all_flags() {
        let memory = CoherentMemory::<[u8]>::zeroed_slice(ctx.dev, 1, GFP_KERNEL)?;

        tally.either(MmapMemory::new(memory, flags));
    }
    Ok(())
}
