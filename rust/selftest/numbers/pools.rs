// SPDX-License-Identifier: GPL-2.0

//! Boundary values for pools.

use super::{
    all_flags,
    around,
    is_usable,
    Tally,
    NUMBERS, //
};
use crate::selftest::prelude::*;

/// Not a power of two.
type Object = [u8; 40];

/// The number and length of buffers for a pool.
const COUNT: usize = 3;
const LEN: usize = 100;

pub(super) fn dma_pool(ctx: &Context<'_>, tally: &mut Tally<'_>) -> Result<(), Stop> {
    let powers = || (0..usize::BITS).filter_map(|bit| Alignment::new_checked(1 << bit));

    for align in powers() {
        for boundary in Iterator::chain(powers().map(Some), [None]) {
            let works = size_of::<Object>()
                .checked_next_multiple_of(align.as_usize())
                .is_some_and(|block| {
                    block <= PAGE_SIZE && boundary.is_none_or(|most| block <= most.as_usize())
                });
            let pool = Pool::<Object>::new(ctx.dev, c"numbers", align, boundary);

            if let Some(pool) = tally.expect(pool, works)? {
                let object = Pool::zalloc(&pool, GFP_KERNEL)?;

                is_usable(ctx, object.range(), size_of::<Object>())?;
            }
        }
    }
    Ok(())
}

fn pool<'a>(ctx: &Context<'a>) -> Result<Arc<Pool<'a, Object>>> {
    Pool::new(ctx.dev, c"numbers", Alignment::new::<64>(), None)
}

pub(super) fn zalloc(ctx: &Context<'_>, tally: &mut Tally<'_>) -> Result<(), Stop> {
    for flags in all_flags() {
        tally.either(Pool::zalloc(&pool(ctx)?, flags));
    }
    Ok(())
}

pub(super) fn zalloc_borrowed(ctx: &Context<'_>, tally: &mut Tally<'_>) -> Result<(), Stop> {
    for flags in all_flags() {
        tally.either(pool(ctx)?.zalloc_borrowed(flags));
    }
    Ok(())
}

/// Returns a function that allocates at most `COUNT` buffers.
fn maker() -> impl FnMut() -> Result<KVec<u8>> {
    let mut left = COUNT;

    move || {
        left = left.checked_sub(1).ok_or(ENOMEM)?;
        Ok(KVec::from_elem(0, LEN, GFP_KERNEL)?)
    }
}

fn buffers<'a>(ctx: &Context<'a>) -> Result<BufferPool<'a, KVec<u8>, Bidirectional>> {
    BufferPool::new(ctx.dev, 1, Bidirectional, maker())
}

pub(super) fn buffer_pool(ctx: &Context<'_>, tally: &mut Tally<'_>) -> Result<(), Stop> {
    for count in NUMBERS {
        let pool = BufferPool::new(ctx.dev, count, Bidirectional, maker());

        if let Some(pool) = tally.expect(pool, (1..=COUNT).contains(&count))? {
            DeviceBuffer::take(&pool)?;
        }
    }
    Ok(())
}

pub(super) fn take(ctx: &Context<'_>, tally: &mut Tally<'_>) -> Result<(), Stop> {
    let pool = buffers(ctx)?;

    for len in around(LEN) {
        let buffer = CpuBuffer::take(&pool, len);

        if let Some(mut buffer) = tally.expect(buffer, (1..=LEN).contains(&len))? {
            buffer.fill(1);
        }
    }
    Ok(())
}

pub(super) fn sync_for_cpu(ctx: &Context<'_>, tally: &mut Tally<'_>) -> Result<(), Stop> {
    let pool = buffers(ctx)?;

    for len in around(LEN) {
        let buffer = DeviceBuffer::take(&pool)?.sync_for_cpu(len);

        if let Some(mut buffer) = tally.expect(buffer, (1..=LEN).contains(&len))? {
            buffer.fill(1);
        }
    }
    Ok(())
}
