// SPDX-License-Identifier: GPL-2.0

//! Buffers that stay mapped: what goes through them, and that they are the same ones ever after.

use super::{
    bounce::placed,
    evidence::{
        Evidence,
        Failure,
        Stop, //
    },
    ktap::Suite,
    moves::{
        arrived,
        device_reads,
        device_writes,
        DATA,
        OTHER, //
    },
    pattern,
    scratch::{
        JOB,
        TIMEOUT, //
    },
    Context, //
};
use crate::dma::{
    buffer_pool::{
        self,
        BufferPool,
        CpuBuffer,
        DeviceBuffer,
        LocalBufferPool, //
    },
    direction::{
        Bidirectional,
        DeviceReads,
        DeviceWrites,
        Direction,
        FromDevice,
        Permits,
        ToDevice, //
    },
    transfer::{
        DeviceMemory,
        Transfer, //
    }, //
};
use crate::testdev::addresses::{Number, Phys};
use core::{
    ops::Deref, //
};
use kernel::{
    dma::DataDirection,
    dma::DmaAddress,
    io::PhysAddr,
    prelude::*,
    sync::Arc, //
};

/// Of each buffer, in bytes.
const SIZE: usize = 2048;
const COUNT: usize = 3;
/// How much of a buffer is used, one after the other.
const LENGTHS: [usize; 4] = [SIZE, 1, 100, 1500];

pub(super) const PLAN: usize = 3 + 5;

pub(super) fn run(ctx: &Context<'_>, suite: &mut Suite<'_>) {
    suite.result(fmt!("to_device"), round_trips(ctx, ToDevice, send));
    suite.result(fmt!("from_device"), round_trips(ctx, FromDevice, receive));
    suite.result(
        fmt!("bidirectional"),
        round_trips(ctx, Bidirectional, exchange),
    );
    suite.result(fmt!("without a lock"), without_lock(ctx));
    suite.result(fmt!("all taken"), all_taken(ctx));
    suite.result(fmt!("last back, first out"), last_first(ctx));
    suite.result(fmt!("buffer keeps its pool"), keeps_pool(ctx));
    suite.result(fmt!("refused length"), refused_length(ctx));
}

type Pool<'a, D> = BufferPool<'a, KVec<u8>, D>;

/// Either kind of pool.
trait AnyPool<'a, D: Direction>: buffer_pool::Pool<'a, KVec<u8>, D> {}

impl<'a, D: Direction, P: buffer_pool::Pool<'a, KVec<u8>, D>> AnyPool<'a, D> for P {}

fn pool<'a, D: Permits<[u8]> + Copy>(
    ctx: &Context<'a>,
    direction: D,
) -> Result<Arc<Pool<'a, D>>, Stop> {
    let make = || Ok(KVec::from_elem(0u8, SIZE, GFP_KERNEL)?);

    Ok(BufferPool::new(ctx.dev, COUNT, direction, make)?)
}

/// Where a buffer is.
#[derive(Clone, Copy, PartialEq)]
struct Place {
    dma: DmaAddress,
    phys: PhysAddr,
    direction: DataDirection,
}

impl Place {
    fn of<'a, D, P>(buffer: &DeviceBuffer<'a, KVec<u8>, D, P>) -> Self
    where
        D: Direction,
        P: Deref<Target: AnyPool<'a, D>>,
    {
        Self {
            dma: buffer.mapping().span().number(),
            phys: buffer.mapping().phys(),
            direction: D::DIRECTION,
        }
    }

    fn is_mapped(&self, ctx: &Context<'_>) -> Result<&'static str, Failure> {
        match self.direction {
            DataDirection::ToDevice => placed::<ToDevice>(ctx, self.dma, SIZE, self.phys),
            DataDirection::FromDevice => placed::<FromDevice>(ctx, self.dma, SIZE, self.phys),
            _ => placed::<Bidirectional>(ctx, self.dma, SIZE, self.phys),
        }
    }
}

/// Where all buffers of a pool are, none of which is taken.
fn places<D: Permits<[u8]>>(pool: &Pool<'_, D>) -> Result<[Place; COUNT], Stop> {
    let mut taken = KVec::with_capacity(COUNT, GFP_KERNEL)?;

    while let Ok(buffer) = DeviceBuffer::take(pool) {
        taken.push(buffer, GFP_KERNEL)?;
    }
    match &taken[..] {
        [a, b, c] => {
            let places = [Place::of(a), Place::of(b), Place::of(c)];

            // They go back as they came.
            while taken.pop().is_some() {}
            Ok(places)
        }
        _ => Err(Failure::Unexpected("there are not as many buffers as were made").into()),
    }
}

/// Uses each buffer of a pool, and checks that all stay where they are.
fn round_trips<D: Permits<[u8]> + Copy>(
    ctx: &Context<'_>,
    direction: D,
    once: fn(&Context<'_>, &Pool<'_, D>, usize) -> Result<(), Stop>,
) -> Result<Evidence, Stop> {
    let pool = pool(ctx, direction)?;
    let before = places(&pool)?;
    let mut witness = "";
    for place in &before {
        place.is_mapped(ctx)?;
    }

    for (round, len) in LENGTHS.into_iter().enumerate() {
        // So that it is another one's turn.
        let mut others = KVec::with_capacity(COUNT, GFP_KERNEL)?;
        for _ in 0..round % COUNT {
            others.push(DeviceBuffer::take(&*pool)?, GFP_KERNEL)?;
        }

        once(ctx, &pool, len)?;

        while others.pop().is_some() {}
        if places(&pool)? != before {
            return Err(Failure::Unexpected("a buffer has moved").into());
        }
        for place in &before {
            witness = place.is_mapped(ctx)?;
        }
    }

    drop(pool);
    for place in &before {
        ctx.witness.unmapped(place.dma, SIZE)?;
    }

    Ok(Evidence {
        operation: "dma_sync_single_range_for_cpu, dma_sync_single_range_for_device",
        direction: D::DIRECTION,
        size: SIZE,
        phys: before[0].phys,
        dma: before[0].dma,
        witnesses: [ctx.moved("4 round trips"), witness],
    })
}

/// The CPU fills a buffer, and the device reads it.
fn send<D: Permits<[u8]> + DeviceReads>(
    ctx: &Context<'_>,
    pool: &Pool<'_, D>,
    len: usize,
) -> Result<(), Stop> {
    let mut buffer = CpuBuffer::take(pool, len)?;
    if buffer.len() != len {
        return Err(Failure::Unexpected("a buffer has another length than was asked for").into());
    }
    pattern::fill(&mut buffer, DATA, len);

    let memory = device_reads(ctx, buffer.sync_for_device(), 0..len)?;
    arrived(ctx, DATA, len..2 * len)?;

    // What the CPU wrote is still there.
    let buffer = memory.sync_for_cpu(len).map_err(|_| EINVAL)?;
    Ok(pattern::compare(&buffer, DATA, len)?)
}

/// The device writes to a buffer, and the CPU reads it.
fn receive<D: Permits<[u8]> + DeviceWrites>(
    ctx: &Context<'_>,
    pool: &Pool<'_, D>,
    len: usize,
) -> Result<(), Stop> {
    from_device(ctx, DeviceBuffer::take(pool)?, len, DATA)?;
    // At once again: perhaps the same buffer, and what is in the CPU's cache is old.
    from_device(ctx, DeviceBuffer::take(pool)?, len, OTHER)?;
    Ok(())
}

/// The CPU fills a buffer, the device reads it and writes it, and then the same again.
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

/// Lets the device write a pattern to a buffer, and compares.
fn from_device<'a, D, P>(
    ctx: &Context<'_>,
    memory: DeviceBuffer<'a, KVec<u8>, D, P>,
    len: usize,
    seed: u32,
) -> Result<CpuBuffer<'a, KVec<u8>, D, P>, Stop>
where
    D: DeviceWrites,
    P: Deref<Target: AnyPool<'a, D>>,
{
    let memory = device_writes(ctx, memory, 0..len, seed, len)?;
    let buffer = memory.sync_for_cpu(len).map_err(|_| EINVAL)?;
    if ctx.edu.is_some() {
        pattern::compare(&buffer, seed, len)?;
    }
    Ok(buffer)
}

/// A pool without a lock does the same.
fn without_lock(ctx: &Context<'_>) -> Result<Evidence, Stop> {
    let make = || Ok(KVec::from_elem(0u8, SIZE, GFP_KERNEL)?);
    let pool = LocalBufferPool::new(ctx.dev, 2, Bidirectional, make)?;
    let first = Place::of(&DeviceBuffer::take(&pool)?);
    let mut witness = first.is_mapped(ctx)?;

    for len in LENGTHS {
        let mut buffer = CpuBuffer::take(&pool, len)?;
        let other = DeviceBuffer::take(&pool)?;
        if CpuBuffer::take(&pool, 1).err() != Some(ENOBUFS) {
            return Err(Failure::Unexpected("there was a buffer in an empty pool").into());
        }

        pattern::fill(&mut buffer, DATA, len);
        let memory = device_reads(ctx, buffer.sync_for_device(), 0..len)?;
        arrived(ctx, DATA, len..2 * len)?;
        if Place::of(&memory) != first || Place::of(&other) == first {
            return Err(Failure::Unexpected("a buffer has moved, or was given to two").into());
        }

        drop(other);
        drop(from_device(ctx, memory, len, OTHER)?);
        witness = first.is_mapped(ctx)?;
    }

    drop(pool);
    ctx.witness.unmapped(first.dma, SIZE)?;
    Ok(Evidence {
        operation: "dma_sync_single_range_for_cpu, dma_sync_single_range_for_device",
        direction: Bidirectional::DIRECTION,
        size: SIZE,
        phys: first.phys,
        dma: first.dma,
        witnesses: [ctx.moved("4 round trips"), witness],
    })
}

/// A buffer is had when one was given back, and not before.
fn all_taken(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    let pool = pool(ctx, ToDevice)?;
    let mut taken = KVec::with_capacity(COUNT, GFP_KERNEL)?;

    for _ in 0..COUNT {
        taken.push(CpuBuffer::take(pool.clone(), 1)?, GFP_KERNEL)?;
    }
    for _ in 0..2 {
        let refused = [
            CpuBuffer::take(pool.clone(), 1).err(),
            DeviceBuffer::take(pool.clone()).err(),
        ];
        if refused != [Some(ENOBUFS); 2] || pool.available() != 0 {
            return Err(Failure::Unexpected("there was a buffer in an empty pool").into());
        }
    }

    drop(taken.pop());
    let again = CpuBuffer::take(pool.clone(), 1)?;
    if pool.available() != 0 {
        return Err(Failure::Unexpected("one buffer was given back, and more are there").into());
    }
    drop((again, taken));
    if pool.available() != COUNT {
        return Err(Failure::Unexpected("not all buffers are back").into());
    }

    Ok("take refused with ENOBUFS, then 1 of 3 taken witness: available")
}

/// Two buffers at once are two; and that which was given back last is taken first.
fn last_first(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    let pool = pool(ctx, FromDevice)?;
    let first = DeviceBuffer::take(&*pool)?;
    let second = DeviceBuffer::take(&*pool)?;
    let (a, b) = (Place::of(&first), Place::of(&second));

    if a.dma == b.dma || a.phys == b.phys {
        return Err(Failure::Unexpected("a buffer was given to two").into());
    }

    drop(second);
    drop(first);
    let first = DeviceBuffer::take(&*pool)?;
    let second = DeviceBuffer::take(&*pool)?;
    if Place::of(&first) != a || Place::of(&second) != b {
        return Err(Failure::Unexpected("buffers came in another order").into());
    }

    Ok("take witness: addresses")
}

/// A pool stays while a buffer is out, and goes with the last.
fn keeps_pool(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    let pool = pool(ctx, ToDevice)?;
    let places = places(&pool)?;
    let mut buffer = CpuBuffer::take(pool.clone(), SIZE)?;

    drop(pool);
    for place in &places {
        place.is_mapped(ctx)?;
    }

    pattern::fill(&mut buffer, DATA, SIZE);
    let memory =
        Transfer::read(ctx.edu()?, buffer.sync_for_device(), 0..SIZE, JOB)?.wait(TIMEOUT)?;
    arrived(ctx, DATA, SIZE..2 * SIZE)?;

    drop(memory);
    for place in &places {
        ctx.witness.unmapped(place.dma, SIZE)?;
    }
    Ok("drop witness: round trip, iova_to_phys")
}

/// More than a buffer has, or nothing, is refused, and nothing is lost.
fn refused_length(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    let pool = pool(ctx, Bidirectional)?;

    for len in [0, SIZE + 1, usize::MAX] {
        if CpuBuffer::take(&*pool, len).err() != Some(EINVAL) {
            return Err(Failure::Unexpected("a bad length was accepted").into());
        }
        match DeviceBuffer::take(&*pool)?.sync_for_cpu(len) {
            Ok(_) => return Err(Failure::Unexpected("a bad length was accepted").into()),
            Err(memory) if memory.span().len() != SIZE => {
                return Err(Failure::Unexpected("a buffer came back shorter").into())
            }
            Err(_) => {}
        }
    }

    // What the CPU was not given was not synced, and is not for the device.
    let memory = CpuBuffer::take(&*pool, 100)?.sync_for_device();
    match Transfer::read(ctx.edu()?, memory, 0..101, JOB) {
        Ok(_) => return Err(Failure::Unexpected("more than was synced was transferred").into()),
        Err(err) if err.error != EINVAL => return Err(err.error.into()),
        Err(_) => {}
    }

    if pool.available() != COUNT {
        return Err(Failure::Unexpected("a buffer was lost").into());
    }
    Ok("take refused with EINVAL, 3 lengths, and a transfer witness: available")
}
