// SPDX-License-Identifier: GPL-2.0

//! Pools of buffers that stay mapped.

use super::{
    direction_test::{
        arrived,
        device_reads,
        device_writes, //
    },
    prelude::*, //
};
use crate::dma::{
    DeviceReads,
    DeviceWrites, //
};

/// The size of each buffer.
const SIZE: usize = 2048;
const COUNT: usize = 3;
/// The C functions behind a round trip.
const SYNCS: &str = "dma_sync_single_range_for_cpu, dma_sync_single_range_for_device";
/// The lengths of successive rounds.
const LENGTHS: [usize; 4] = [SIZE, 1, 100, 1500];

pub(super) const PLAN: usize = 3 + 4;

pub(super) fn run(ctx: &Context<'_>, suite: &mut Suite<'_>) {
    suite.result(fmt!("to_device"), round_trips(ctx, ToDevice, send));
    suite.result(fmt!("from_device"), round_trips(ctx, FromDevice, receive));
    suite.result(
        fmt!("bidirectional"),
        round_trips(ctx, Bidirectional, exchange),
    );
    suite.result(fmt!("all taken"), all_taken(ctx));
    suite.result(fmt!("last back, first out"), last_first(ctx));
    suite.result(fmt!("buffer keeps its pool"), keeps_pool(ctx));
    suite.result(fmt!("refused length"), refused_length(ctx));
}

type Pool<'a, D> = BufferPool<'a, KVec<u8>, D>;

fn pool<'a, D: Permits<[u8]> + Copy>(ctx: &Context<'a>, direction: D) -> Result<Pool<'a, D>, Stop> {
    let make = || Ok(KVec::from_elem(0u8, SIZE, GFP_KERNEL)?);

    Ok(BufferPool::new(ctx.dev, COUNT, direction, make)?)
}

/// Returns the place of a buffer.
fn place<D: Direction>(buffer: &DeviceBuffer<'_, KVec<u8>, D>) -> Place {
    Place::of(buffer.mapping())
}

/// Returns the places of all buffers of a pool, which must all be in the pool.
fn places<D: Permits<[u8]>>(pool: &Pool<'_, D>) -> Result<[Place; COUNT], Stop> {
    let mut taken = KVec::with_capacity(COUNT, GFP_KERNEL)?;

    while let Ok(buffer) = DeviceBuffer::take(pool) {
        taken.push(buffer, GFP_KERNEL)?;
    }
    match &taken[..] {
        [a, b, c] => {
            let places = [place(a), place(b), place(c)];

            // Restore the order of the pool.
            while taken.pop().is_some() {}
            Ok(places)
        }
        _ => fail("the number of buffers is wrong"),
    }
}

/// Uses each buffer of a pool, and checks that none moves.
fn round_trips<D: Permits<[u8]> + Copy>(
    ctx: &Context<'_>,
    direction: D,
    once: fn(&Context<'_>, &Pool<'_, D>, usize) -> Result<(), Stop>,
) -> Result<Evidence, Stop> {
    let pool = pool(ctx, direction)?;
    let before = places(&pool)?;
    let mut witness = "";
    for place in &before {
        place.mapped(ctx)?;
    }

    for (round, len) in LENGTHS.into_iter().enumerate() {
        // Take buffers out of the pool, so that each round uses another one.
        let mut others = KVec::with_capacity(COUNT, GFP_KERNEL)?;
        for _ in 0..round % COUNT {
            others.push(DeviceBuffer::take(&pool)?, GFP_KERNEL)?;
        }

        once(ctx, &pool, len)?;

        while others.pop().is_some() {}
        if places(&pool)? != before {
            return fail("a buffer has moved");
        }
        for place in &before {
            witness = place.mapped(ctx)?;
        }
    }

    drop(pool);
    for place in &before {
        place.unmapped(ctx)?;
    }

    let witnesses = [ctx.moved("4 round trips"), witness];
    Ok(before[0].evidence(SYNCS, witnesses))
}

/// Writes to a buffer, lets the device read it, and compares the data.
fn send<D: Permits<[u8]> + DeviceReads>(
    ctx: &Context<'_>,
    pool: &Pool<'_, D>,
    len: usize,
) -> Result<(), Stop> {
    let mut buffer = CpuBuffer::take(pool, len)?;
    if buffer.len() != len {
        return fail("the length of a buffer is wrong");
    }
    pattern::fill(&mut buffer, DATA, len);

    let memory = device_reads(ctx, buffer.sync_for_device(), 0..len)?;
    arrived(ctx, DATA, len..2 * len)?;

    // The device changed nothing.
    let buffer = memory.sync_for_cpu(len)?;
    Ok(pattern::compare(&buffer, DATA, len)?)
}

/// Lets the device write to a buffer, and compares the data.
fn receive<D: Permits<[u8]> + DeviceWrites>(
    ctx: &Context<'_>,
    pool: &Pool<'_, D>,
    len: usize,
) -> Result<(), Stop> {
    from_device(ctx, DeviceBuffer::take(pool)?, len, DATA)?;
    // Repeat at once: the same buffer may have stale lines in the cache of the CPU.
    from_device(ctx, DeviceBuffer::take(pool)?, len, OTHER)?;
    Ok(())
}

/// Writes to a buffer, and lets the device read and write it, twice.
fn exchange(ctx: &Context<'_>, pool: &Pool<'_, Bidirectional>, len: usize) -> Result<(), Stop> {
    let mut buffer = CpuBuffer::take(pool, len)?;

    for _ in 0..2 {
        pattern::fill(&mut buffer, DATA, len);
        let memory = device_reads(ctx, buffer.sync_for_device(), 0..len)?;
        arrived(ctx, DATA, len..2 * len)?;
        buffer = from_device(ctx, memory, len, OTHER)?;
    }
    Ok(())
}

/// Lets the device write a pattern to a buffer, and compares it.
fn from_device<'a, D: DeviceWrites>(
    ctx: &Context<'_>,
    memory: DeviceBuffer<'a, KVec<u8>, D>,
    len: usize,
    seed: u32,
) -> Result<CpuBuffer<'a, KVec<u8>, D>, Stop> {
    let memory = device_writes(ctx, memory, 0..len, seed, len)?;
    let buffer = memory.sync_for_cpu(len)?;
    if ctx.edu.is_some() {
        pattern::compare(&buffer, seed, len)?;
    }
    Ok(buffer)
}

/// Checks that an empty pool has no buffer until one returns.
fn all_taken(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    let pool = pool(ctx, ToDevice)?;
    let mut taken = KVec::with_capacity(COUNT, GFP_KERNEL)?;

    for _ in 0..COUNT {
        taken.push(CpuBuffer::take(&pool, 1)?, GFP_KERNEL)?;
    }
    for _ in 0..2 {
        let refused = [
            CpuBuffer::take(&pool, 1).err(),
            DeviceBuffer::take(&pool).err(),
        ];
        if refused != [Some(ENOBUFS); 2] || pool.available() != 0 {
            return fail("there was a buffer in an empty pool");
        }
    }

    drop(taken.pop());
    let again = CpuBuffer::take(&pool, 1)?;
    if pool.available() != 0 {
        return fail("more than one buffer is back");
    }
    drop((again, taken));
    if pool.available() != COUNT {
        return fail("not all buffers are back");
    }

    Ok("take refused with ENOBUFS, then 1 of 3 taken witness: available")
}

/// Checks that buffers are distinct, and that the last one returned is the first one taken.
fn last_first(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    let pool = pool(ctx, FromDevice)?;
    let first = DeviceBuffer::take(&pool)?;
    let second = DeviceBuffer::take(&pool)?;
    let (a, b) = (place(&first), place(&second));

    if a.dma == b.dma || a.phys == b.phys {
        return fail("a buffer is taken twice");
    }

    drop(second);
    drop(first);
    let first = DeviceBuffer::take(&pool)?;
    let second = DeviceBuffer::take(&pool)?;
    if place(&first) != a || place(&second) != b {
        return fail("buffers came in another order");
    }

    Ok("take witness: addresses")
}

/// Checks that a pool lives as long as its last buffer.
fn keeps_pool(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    let pool = pool(ctx, ToDevice)?;
    let places = places(&pool)?;
    let mut buffer = CpuBuffer::take(&pool, SIZE)?;

    drop(pool);
    for place in &places {
        place.mapped(ctx)?;
    }

    pattern::fill(&mut buffer, DATA, SIZE);
    let memory = Transfer::to_device(ctx.edu()?.channel(), buffer.sync_for_device(), 0..SIZE, JOB)?
        .wait(TIMEOUT)?;
    arrived(ctx, DATA, SIZE..2 * SIZE)?;

    drop(memory);
    for place in &places {
        place.unmapped(ctx)?;
    }
    Ok("drop witness: round trip, iova_to_phys")
}

/// Checks that bad lengths are refused, and that no buffer is lost.
fn refused_length(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    let pool = pool(ctx, Bidirectional)?;

    for len in [0, SIZE + 1, usize::MAX] {
        if CpuBuffer::take(&pool, len).err() != Some(EINVAL) {
            return fail("a bad length was accepted");
        }
        match DeviceBuffer::take(&pool)?.sync_for_cpu(len) {
            Ok(_) => return fail("a bad length was accepted"),
            Err(err) if err.value.segments().single().map(|(.., len)| len) != Some(SIZE) => {
                return fail("a buffer came back shorter")
            }
            Err(_) => {}
        }
    }

    // Bytes that the CPU did not own were not synced, so the device must not access them.
    let memory = CpuBuffer::take(&pool, 100)?.sync_for_device();
    match Transfer::to_device(ctx.edu()?.channel(), memory, 0..101, JOB) {
        Ok(_) => return fail("more than was synced was transferred"),
        Err(err) if err.error != EINVAL => return Err(err.error.into()),
        Err(_) => {}
    }

    if pool.available() != COUNT {
        return fail("a buffer was lost");
    }
    Ok("take refused with EINVAL, 3 lengths, and a transfer witness: available")
}
