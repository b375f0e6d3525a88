// SPDX-License-Identifier: GPL-2.0

//! Boundary values for allocations of non-coherent memory.

use super::{
    all_attrs,
    all_flags,
    around,
    is_usable,
    is_within,
    ranges,
    Tally,
    NUMBERS,
    TOO_LARGE, //
};
use crate::{
    bindings as helpers,
    dma::{
        PageBox,
        PagesPart,
        PinDuration,
        UserPages, //
    },
    selftest::{
        prelude::*,
        user::{
            UserArea,
            PROT_READ,
            PROT_WRITE, //
        }, //
    }, //
};
use kernel::{
    bindings,
    uaccess::UserPtr, //
};

/// Large elements, whose byte count wraps for small lengths.
pub(super) type Page = [u8; 4096];

/// The maximum size of an allocation that may succeed.
const MODEST: usize = 32 << 20;

/// Orders, also beyond the width of a shift.
const ORDERS: [u32; 14] = [
    0,
    1,
    bindings::MAX_PAGE_ORDER,
    bindings::MAX_PAGE_ORDER + 1,
    bindings::MAX_PAGE_ORDER + 2,
    20,
    31,
    32,
    51,
    52,
    63,
    64,
    i32::MAX as u32 + 1,
    u32::MAX,
];

/// Allocates pages of all orders, and with all flags.
pub(super) fn pages(_ctx: &Context<'_>, tally: &mut Tally<'_>) -> Result<(), Stop> {
    for order in ORDERS {
        let result = Pages::zeroed(order, GFP_KERNEL | __GFP_NOWARN);

        if order == 0 || order > bindings::MAX_PAGE_ORDER {
            tally.expect(result, order == 0)?;
        } else if let Some(mut pages) = tally.either(result) {
            let size = PAGE_SIZE << order;

            pages[size - 1] = 1;
            if pages.size() != size {
                return fail("the size is not the one requested");
            }
        }
    }
    for flags in all_flags() {
        tally.either(Pages::zeroed(0, flags));
    }
    Ok(())
}

/// Moves a value to pages, with all flags.
pub(super) fn page_box(_ctx: &Context<'_>, tally: &mut Tally<'_>) -> Result<(), Stop> {
    for flags in all_flags() {
        tally.either(PageBox::new(0u64, flags));
    }
    Ok(())
}

pub(super) fn pages_part(_ctx: &Context<'_>, tally: &mut Tally<'_>) -> Result<(), Stop> {
    let mut pages = Pages::zeroed(0, GFP_KERNEL)?;

    for range in ranges(PAGE_SIZE) {
        let works = range.start <= range.end && range.end <= PAGE_SIZE;
        let part = PagesPart::new(pages, range.clone());

        pages = match part {
            Ok(mut part) => {
                part.fill(1);
                if part.len() != range.len() {
                    return fail("the size is not the one requested");
                }
                tally
                    .expect(Ok::<_, Error>(part), works)?
                    .ok_or(EFAULT)?
                    .into_pages()
            }
            Err(ErrorWith {
                error,
                value: buffer,
            }) => {
                tally.expect(Err::<(), _>(error), works)?;
                buffer
            }
        };
    }
    Ok(())
}

/// Returns [`NUMBERS`] as lengths of `[T]`, without those between [`MODEST`] bytes and all of
/// memory, which could exhaust it.
fn numbers_of<T>() -> impl Iterator<Item = usize> {
    // SAFETY: The function has no preconditions. CAST: `unsigned long` has as many bits as `usize`.
    let ram = unsafe { helpers::helper_totalram_pages() } as usize * PAGE_SIZE;
    let is_too_much =
        move |len: &usize| (MODEST + 1..=ram).contains(&len.saturating_mul(size_of::<T>()));

    NUMBERS.into_iter().filter(move |len| !is_too_much(len))
}

/// Allocates all numbers of elements, also with large masks.
pub(super) fn lengths<T, M: Memory<Direction: Direction>>(
    ctx: &Context<'_>,
    tally: &mut Tally<'_>,
    make: impl Fn(usize, Flags) -> Result<M>,
) -> Result<(), Stop> {
    each_length::<T, M>(ctx, tally, &make)?;
    ctx.with_large_masks(|| each_length::<T, M>(ctx, tally, &make))
}

fn each_length<T, M: Memory<Direction: Direction>>(
    ctx: &Context<'_>,
    tally: &mut Tally<'_>,
    make: &impl Fn(usize, Flags) -> Result<M>,
) -> Result<(), Stop> {
    for len in numbers_of::<T>() {
        for flags in [GFP_KERNEL, GFP_ATOMIC] {
            let result = make(len, flags);
            let size = len
                .checked_mul(size_of::<T>())
                .filter(|&size| size != 0 && size < TOO_LARGE);

            let memory = match size {
                Some(size) if size > 2 * PAGE_SIZE => tally.either(result),
                _ => tally.expect(result, size.is_some())?,
            };
            if let (Some(memory), Some(size)) = (memory, size) {
                let segments = memory.segments().from_device().ok_or(EFAULT)?;

                is_usable(ctx, segments.single().ok_or(EFAULT)?, size)?;
            }
        }
    }
    Ok(())
}

pub(super) fn device_pages(ctx: &Context<'_>, tally: &mut Tally<'_>) -> Result<(), Stop> {
    lengths::<u8, _>(ctx, tally, |len, flags| {
        DevicePages::<u8, _>::zeroed(ctx.dev, len, Bidirectional, flags)
    })?;
    lengths::<u64, _>(ctx, tally, |len, flags| {
        DevicePages::<u64, _>::zeroed(ctx.dev, len, Bidirectional, flags)
    })?;
    lengths::<Page, _>(ctx, tally, |len, flags| {
        DevicePages::<Page, _>::zeroed(ctx.dev, len, Bidirectional, flags)
    })?;
    for flags in all_flags() {
        tally.either(DevicePages::<u8, _>::zeroed(
            ctx.dev,
            1,
            Bidirectional,
            flags,
        ));
    }
    Ok(())
}

pub(super) fn device_pages_range(ctx: &Context<'_>, tally: &mut Tally<'_>) -> Result<(), Stop> {
    const LEN: usize = 100;
    let mut pages = DevicePages::<u64, _>::zeroed(ctx.dev, LEN, Bidirectional, GFP_KERNEL)?;

    for range in ranges(LEN) {
        let works = is_within(&range, LEN);

        if let Some(mut part) = tally.expect(pages.sync_range_for_cpu(range), works)? {
            part.fill(1);
        }
    }
    Ok(())
}

pub(super) fn noncontiguous(ctx: &Context<'_>, tally: &mut Tally<'_>) -> Result<(), Stop> {
    lengths::<u8, _>(ctx, tally, |len, flags| {
        NoncontiguousPages::<u8, _>::zeroed(ctx.dev, len, Bidirectional, flags)
    })?;
    lengths::<u64, _>(ctx, tally, |len, flags| {
        NoncontiguousPages::<u64, _>::zeroed(ctx.dev, len, Bidirectional, flags)
    })?;
    lengths::<Page, _>(ctx, tally, |len, flags| {
        NoncontiguousPages::<Page, _>::zeroed(ctx.dev, len, Bidirectional, flags)
    })?;
    for flags in all_flags() {
        tally.either(NoncontiguousPages::<u8, _>::zeroed(
            ctx.dev,
            1,
            Bidirectional,
            flags,
        ));
    }
    Ok(())
}

pub(super) fn noncontiguous_attrs(ctx: &Context<'_>, tally: &mut Tally<'_>) -> Result<(), Stop> {
    for attrs in all_attrs() {
        lengths_with::<u64, _>(tally, |len| {
            NoncontiguousPages::<u64, _>::zeroed_with_attrs(
                ctx.dev,
                len,
                Bidirectional,
                GFP_KERNEL,
                attrs,
            )
        });
    }
    Ok(())
}

/// Allocates all numbers of elements, where attributes may make each call fail.
pub(super) fn lengths_with<T, M>(tally: &mut Tally<'_>, make: impl Fn(usize) -> Result<M>) {
    for len in numbers_of::<T>() {
        tally.either(make(len));
    }
}

pub(super) fn user_pages(_ctx: &Context<'_>, tally: &mut Tally<'_>) -> Result<(), Stop> {
    const LEN: usize = 3 * PAGE_SIZE;
    const OFFSET: usize = 100;
    // Mapped behind the memory there may be other memory of the process.
    let mut area = UserArea::new(2 * LEN, PROT_READ | PROT_WRITE)?;
    area.truncate(LEN);

    for duration in [PinDuration::ShortTerm, PinDuration::LongTerm] {
        for len in around(LEN - OFFSET) {
            let works = len != 0 && len <= LEN - OFFSET;

            tally.expect(
                UserPages::pin(area.at(OFFSET), len, FromDevice, duration),
                works,
            )?;
            tally.expect(
                UserPages::pin(area.at(OFFSET), len, ToDevice, duration),
                works,
            )?;
            // The process may have memory at any address.
            tally.either(UserPages::pin(
                UserPtr::from_addr(len),
                1,
                ToDevice,
                duration,
            ));
            tally.either(UserPages::pin(
                UserPtr::from_addr(len),
                len,
                ToDevice,
                duration,
            ));
        }
    }
    Ok(())
}
