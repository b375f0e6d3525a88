// SPDX-License-Identifier: GPL-2.0

//! Pools of small objects in coherent memory.

use super::{
    evidence::{
        Evidence,
        Failure,
        Stop, //
    },
    ktap::Suite,
    pattern,
    scratch::{
        fetch,
        load,
        JOB,
        TIMEOUT, //
    },
    Context, //
};
use crate::dma::{
    pool::{
        DmaPool,
        PoolObject, //
    },
    transfer::Transfer, //
};
use crate::testdev::addresses::{Number, Phys};
use core::ops::Deref;
use kernel::{
    alloc::Flags,
    dma::DataDirection,
    dma::DmaAddress,
    io::{
        Io,
        PhysAddr, //
    },
    page::PAGE_SIZE,
    prelude::*,
    ptr::Alignment,
    sync::Arc,
    transmute::{
        AsBytes,
        FromBytes, //
    }, //
};

/// As large as no power of two.
const SIZE: usize = 40;

const SEED: u32 = 8;
const OTHER: u32 = 9;

type Object = [u8; SIZE];

/// So many that they need several pages.
const COUNT: usize = 200;

/// Alignment, boundary if not 0, and with which flags.
const LAYOUTS: [(usize, usize, Flags); 5] = [
    (1, 0, GFP_KERNEL),
    (32, 0, GFP_KERNEL),
    // Two of them fit between two boundaries, and a rest is left.
    (32, 128, GFP_KERNEL),
    (256, 256, GFP_KERNEL),
    (64, 1 << 20, GFP_ATOMIC),
];

pub(super) const PLAN: usize = LAYOUTS.len() + 5;

pub(super) fn run(ctx: &Context<'_>, suite: &mut Suite<'_>) {
    for (align, boundary, flags) in LAYOUTS {
        let result = many(ctx, align, boundary, flags);
        suite.result(
            fmt!("objects aligned to {}, boundary {}", align, boundary),
            result,
        );
    }
    suite.result(fmt!("round trip"), round_trip(ctx));
    suite.result(fmt!("object borrows its pool"), borrows_pool(ctx));
    suite.result(fmt!("zeroed again"), zeroed_again(ctx));
    suite.result(fmt!("object keeps its pool"), keeps_pool(ctx));
    suite.result(fmt!("refused layout"), refused_layout(ctx));
}

fn pool<'a, T: AsBytes + FromBytes>(
    ctx: &Context<'a>,
    align: usize,
    boundary: usize,
) -> Result<Arc<DmaPool<'a, T>>> {
    let align = Alignment::new_checked(align).ok_or(EDOM)?;

    DmaPool::new(ctx.dev, c"checks", align, Alignment::new_checked(boundary))
}

/// The pattern, for one object of several.
fn filled(seed: u32, number: usize) -> Object {
    let mut bytes = [0; SIZE];

    pattern::fill(&mut bytes, seed, number * SIZE);
    bytes
}

/// Where an object is.
#[derive(Clone, Copy)]
struct Place {
    dma: DmaAddress,
    phys: PhysAddr,
}

impl Place {
    /// Checks that the device's address leads to the object's memory; returns what it saw, too.
    fn of<'a, P: Deref<Target = DmaPool<'a, Object>>>(
        ctx: &Context<'_>,
        object: &PoolObject<'a, Object, P>,
    ) -> Result<(Self, &'static str), Failure> {
        let place = Self {
            dma: object.span().number(),
            phys: object.phys(),
        };

        Ok((place, place.is_mapped(ctx)?))
    }

    fn is_mapped(&self, ctx: &Context<'_>) -> Result<&'static str, Failure> {
        let witness =
            ctx.witness
                .mapped(self.dma, SIZE, DataDirection::Bidirectional, &|offset| {
                    self.phys + offset as PhysAddr
                })?;

        if !ctx.witness.translates() && self.dma != self.phys {
            return Err(Failure::Unexpected("coherent memory was bounced"));
        }
        Ok(witness)
    }

    /// Checks where it is: the same within its page for the device and for the CPU, as was seen.
    fn is_within(&self, align: usize, boundary: usize) -> Result<(), Failure> {
        // CAST: The offset within a page.
        let start = self.phys as usize % PAGE_SIZE;
        let last = start + SIZE - 1;

        if start % align != 0 {
            return Err(Failure::Unexpected("an object is not aligned"));
        }
        if last >= PAGE_SIZE || (boundary != 0 && start / boundary != last / boundary) {
            return Err(Failure::Unexpected("an object lies across a boundary"));
        }
        Ok(())
    }

    /// Checks that no byte is in both.
    fn is_apart(&self, other: &Self) -> Result<(), Failure> {
        let size = SIZE as PhysAddr;
        let dma = self.dma < other.dma.wrapping_add(SIZE as DmaAddress)
            && other.dma < self.dma.wrapping_add(SIZE as DmaAddress);
        let phys = self.phys < other.phys + size && other.phys < self.phys + size;

        if dma || phys {
            return Err(Failure::Unexpected("two objects overlap"));
        }
        Ok(())
    }
}

/// Allocates many objects, and checks where they are, for the device and for the CPU.
fn many(ctx: &Context<'_>, align: usize, boundary: usize, flags: Flags) -> Result<Evidence, Stop> {
    let pool = pool::<Object>(ctx, align, boundary)?;
    let mut objects = KVec::with_capacity(COUNT, GFP_KERNEL)?;
    let mut places: KVec<Place> = KVec::with_capacity(COUNT, GFP_KERNEL)?;
    let mut witness = "";

    for number in 0..COUNT {
        let object = DmaPool::zalloc(&pool, flags)?;
        let (place, seen) = Place::of(ctx, &object)?;

        place.is_within(align, boundary)?;
        for other in &places {
            place.is_apart(other)?;
        }
        pattern::all(&object.copy_read(), 0)?;
        object.copy_write(filled(SEED, number));

        witness = seen;
        places.push(place, GFP_KERNEL)?;
        objects.push(object, GFP_KERNEL)?;
    }

    // None has written to another.
    for (number, object) in objects.iter().enumerate() {
        pattern::compare(&object.copy_read(), SEED, number * SIZE)?;
    }

    drop((objects, pool));
    for place in &places {
        ctx.witness.unmapped(place.dma, SIZE)?;
    }

    let first = places.first().ok_or(EFAULT)?;
    Ok(Evidence {
        operation: "dma_pool_create, dma_pool_alloc",
        direction: DataDirection::Bidirectional,
        size: SIZE,
        phys: first.phys,
        dma: first.dma,
        witnesses: [witness, "addresses of 200 objects"],
    })
}

/// The CPU writes an object, the device reads it and writes another pattern, the CPU compares.
///
/// Beside it are objects that must stay as they are.
fn round_trip(ctx: &Context<'_>) -> Result<Evidence, Stop> {
    let pool = pool(ctx, 8, 0)?;
    let before = DmaPool::zalloc(&pool, GFP_KERNEL)?;
    let object = DmaPool::zalloc(&pool, GFP_KERNEL)?;
    let after = DmaPool::zalloc(&pool, GFP_KERNEL)?;
    let (place, witness) = Place::of(ctx, &object)?;

    object.copy_write(filled(SEED, 0));
    let object = Transfer::read(ctx.edu()?, object, 0..SIZE, JOB)?.wait(TIMEOUT)?;
    let mut seen = [0; SIZE];
    fetch(ctx, &mut seen)?;
    pattern::compare(&seen, SEED, 0)?;

    load(ctx, &filled(OTHER, 0))?;
    let object = Transfer::write(ctx.edu()?, object, 0..SIZE, JOB)?.wait(TIMEOUT)?;
    pattern::compare(&object.copy_read(), OTHER, 0)?;
    pattern::all(&before.copy_read(), 0)?;
    pattern::all(&after.copy_read(), 0)?;

    drop((before, object, after, pool));
    ctx.witness.unmapped(place.dma, SIZE)?;

    Ok(Evidence {
        operation: "dma_pool_create, dma_pool_alloc",
        direction: DataDirection::Bidirectional,
        size: SIZE,
        phys: place.phys,
        dma: place.dma,
        witnesses: [witness, "round trip"],
    })
}

/// An object that does not count who keeps its pool is memory for the device as another is, and is given back.
fn borrows_pool(ctx: &Context<'_>) -> Result<Evidence, Stop> {
    let pool = pool::<Object>(ctx, 8, 0)?;
    let object = pool.zalloc_borrowed(GFP_KERNEL)?;
    let (place, witness) = Place::of(ctx, &object)?;

    pattern::all(&object.copy_read(), 0)?;
    load(ctx, &filled(OTHER, 0))?;
    let object = Transfer::write(ctx.edu()?, object, 0..SIZE, JOB)?.wait(TIMEOUT)?;
    pattern::compare(&object.copy_read(), OTHER, 0)?;

    drop(object);
    let again = pool.zalloc_borrowed(GFP_KERNEL)?;
    if again.span().number() != place.dma {
        return Err(Failure::Unexpected("the object was not given back to its pool").into());
    }

    drop(again);
    drop(pool);
    ctx.witness.unmapped(place.dma, SIZE)?;

    Ok(Evidence {
        operation: "dma_pool_zalloc, dma_pool_free",
        direction: DataDirection::Bidirectional,
        size: SIZE,
        phys: place.phys,
        dma: place.dma,
        witnesses: [witness, "round trip"],
    })
}

/// An object that was used and given back is zeroed when somebody else gets it.
fn zeroed_again(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    let pool = pool(ctx, 8, 0)?;
    let object = DmaPool::zalloc(&pool, GFP_KERNEL)?;
    let (place, _) = Place::of(ctx, &object)?;

    object.copy_write([0xff; SIZE]);
    drop(object);

    let object = DmaPool::zalloc(&pool, GFP_KERNEL)?;
    if object.span().number() != place.dma {
        return Err(Failure::Unexpected("the object is not the one that was freed last").into());
    }
    pattern::all(&object.copy_read(), 0)?;

    drop((object, pool));
    ctx.witness.unmapped(place.dma, SIZE)?;

    Ok("dma_pool_free, dma_pool_zalloc witness: bytes")
}

/// The pool stays while an object is there, and goes with the last.
fn keeps_pool(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    let pool = pool(ctx, 8, 0)?;
    let object = DmaPool::zalloc(&pool, GFP_KERNEL)?;
    let (place, _) = Place::of(ctx, &object)?;

    drop(pool);
    place.is_mapped(ctx)?;
    object.copy_write(filled(SEED, 0));
    let object = Transfer::read(ctx.edu()?, object, 0..SIZE, JOB)?.wait(TIMEOUT)?;
    let mut seen = [0; SIZE];
    fetch(ctx, &mut seen)?;
    pattern::compare(&seen, SEED, 0)?;

    // Another one of the same pool.
    let other = DmaPool::zalloc(object.pool(), GFP_KERNEL)?;
    drop(object);
    let (first, (place, _)) = (place, Place::of(ctx, &other)?);
    drop(other);
    ctx.witness.unmapped(first.dma, SIZE)?;
    ctx.witness.unmapped(place.dma, SIZE)?;

    Ok("dma_pool_destroy witness: iova_to_phys, round trip")
}

/// What `dma_pool_create()` would refuse, or would not notice, is refused.
fn refused_layout(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    let refused = [
        pool::<Object>(ctx, 1, SIZE.next_power_of_two() / 2).err(),
        pool::<Object>(ctx, 128, 64).err(),
        pool::<Object>(ctx, 2 * PAGE_SIZE, 0).err(),
        // More than the 32 bits that C has for the size of a block.
        pool::<Object>(ctx, 1 << 40, 0).err(),
        pool::<[u8; 0]>(ctx, 1, 0).err(),
        pool::<[u8; PAGE_SIZE + 1]>(ctx, 1, 0).err(),
    ];

    if refused.iter().any(|error| *error != Some(EINVAL)) {
        return Err(Failure::Unexpected("a bad layout was accepted").into());
    }
    Ok("dma_pool_create refused with EINVAL, 6 layouts")
}
