// SPDX-License-Identifier: GPL-2.0

//! Pools of small objects in coherent memory.

use super::prelude::*;
use crate::dma::PoolObject;
use core::ops::Deref;
use kernel::transmute::{
    AsBytes,
    FromBytes, //
};

/// Not a power of two.
const SIZE: usize = 40;

const SEED: u32 = 8;
const OTHER: u32 = 9;

type Object = [u8; SIZE];

/// Enough to need several pages.
const COUNT: usize = 200;

/// Alignment, boundary or 0, and flags.
const LAYOUTS: [(usize, usize, Flags); 5] = [
    (1, 0, GFP_KERNEL),
    (32, 0, GFP_KERNEL),
    // Two objects fit between boundaries, with space left.
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
) -> Result<Arc<Pool<'a, T>>> {
    let align = Alignment::new_checked(align).ok_or(EDOM)?;

    Pool::new(ctx.dev, c"checks", align, Alignment::new_checked(boundary))
}

/// Returns the pattern of the object `number`.
fn filled(seed: u32, number: usize) -> Object {
    let mut bytes = [0; SIZE];

    pattern::fill(&mut bytes, seed, number * SIZE);
    bytes
}

/// Checks that the DMA address leads to the object; returns its place and the evidence.
fn check<'a, P: Deref<Target = Pool<'a, Object>>>(
    ctx: &Context<'_>,
    object: &PoolObject<'a, Object, P>,
) -> Result<(Place, &'static str), Failure> {
    let place = Place::unbounced(object, object.phys());

    Ok((place, place.mapped(ctx)?))
}

/// Checks the offset of an object in its page.
fn check_layout(place: &Place, align: usize, boundary: usize) -> Result<(), Failure> {
    // CAST: The offset within a page.
    let start = place.phys as usize % PAGE_SIZE;
    let last = start + SIZE - 1;

    if start % align != 0 {
        return fail("an object is not aligned");
    }
    if last >= PAGE_SIZE || (boundary != 0 && start / boundary != last / boundary) {
        return fail("an object lies across a boundary");
    }
    Ok(())
}

/// Returns whether two objects share a byte, for the device or for the CPU.
fn overlap(one: &Place, two: &Place) -> bool {
    one.dma.abs_diff(two.dma) < SIZE as u64 || one.phys.abs_diff(two.phys) < SIZE as u64
}

/// Allocates many objects, and checks their addresses.
fn many(ctx: &Context<'_>, align: usize, boundary: usize, flags: Flags) -> Result<Evidence, Stop> {
    let pool = pool::<Object>(ctx, align, boundary)?;
    let mut objects = KVec::with_capacity(COUNT, GFP_KERNEL)?;
    let mut places: KVec<Place> = KVec::with_capacity(COUNT, GFP_KERNEL)?;
    let mut witness = "";

    for number in 0..COUNT {
        let object = Pool::zalloc(&pool, flags)?;
        let (place, seen) = check(ctx, &object)?;

        check_layout(&place, align, boundary)?;
        if places.iter().any(|other| overlap(&place, other)) {
            return fail("two objects overlap");
        }
        pattern::all(&object.copy_read(), 0)?;
        object.copy_write(filled(SEED, number));

        witness = seen;
        places.push(place, GFP_KERNEL)?;
        objects.push(object, GFP_KERNEL)?;
    }

    // Writes to one object did not change another.
    for (number, object) in objects.iter().enumerate() {
        pattern::compare(&object.copy_read(), SEED, number * SIZE)?;
    }

    drop((objects, pool));
    for place in &places {
        place.unmapped(ctx)?;
    }

    let first = places.first().ok_or(EFAULT)?;
    Ok(first.evidence(
        "dma_pool_create, dma_pool_alloc",
        [witness, "addresses of 200 objects"],
    ))
}

/// Writes an object, lets the device read it and write another pattern, and compares it.
///
/// The adjacent objects must not change.
fn round_trip(ctx: &Context<'_>) -> Result<Evidence, Stop> {
    let pool = pool(ctx, 8, 0)?;
    let before = Pool::zalloc(&pool, GFP_KERNEL)?;
    let object = Pool::zalloc(&pool, GFP_KERNEL)?;
    let after = Pool::zalloc(&pool, GFP_KERNEL)?;
    let (place, witness) = check(ctx, &object)?;

    object.copy_write(filled(SEED, 0));
    let object = Transfer::to_device(ctx.edu()?.channel(), object, 0..SIZE, JOB)?.wait(TIMEOUT)?;
    let mut seen = [0; SIZE];
    fetch(ctx, &mut seen)?;
    pattern::compare(&seen, SEED, 0)?;

    load(ctx, &filled(OTHER, 0))?;
    let object =
        Transfer::from_device(ctx.edu()?.channel(), object, 0..SIZE, JOB)?.wait(TIMEOUT)?;
    pattern::compare(&object.copy_read(), OTHER, 0)?;
    pattern::all(&before.copy_read(), 0)?;
    pattern::all(&after.copy_read(), 0)?;

    drop((before, object, after, pool));
    place.unmapped(ctx)?;

    Ok(place.evidence("dma_pool_create, dma_pool_alloc", [witness, "round trip"]))
}

/// Transfers an object that borrows its pool, and checks that it returns to the pool.
fn borrows_pool(ctx: &Context<'_>) -> Result<Evidence, Stop> {
    let pool = pool::<Object>(ctx, 8, 0)?;
    let object = pool.zalloc_borrowed(GFP_KERNEL)?;
    let (place, witness) = check(ctx, &object)?;

    pattern::all(&object.copy_read(), 0)?;
    load(ctx, &filled(OTHER, 0))?;
    let object =
        Transfer::from_device(ctx.edu()?.channel(), object, 0..SIZE, JOB)?.wait(TIMEOUT)?;
    pattern::compare(&object.copy_read(), OTHER, 0)?;

    drop(object);
    let again = pool.zalloc_borrowed(GFP_KERNEL)?;
    if again.range().number() != place.dma {
        return fail("the object was not given back to its pool");
    }

    drop(again);
    drop(pool);
    place.unmapped(ctx)?;

    Ok(place.evidence("dma_pool_zalloc, dma_pool_free", [witness, "round trip"]))
}

/// Checks that an object is zeroed when it is allocated again.
fn zeroed_again(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    let pool = pool(ctx, 8, 0)?;
    let object = Pool::zalloc(&pool, GFP_KERNEL)?;
    let (place, _) = check(ctx, &object)?;

    object.copy_write([0xff; SIZE]);
    drop(object);

    let object = Pool::zalloc(&pool, GFP_KERNEL)?;
    if object.range().number() != place.dma {
        return fail("the object is not the one that was freed last");
    }
    pattern::all(&object.copy_read(), 0)?;

    drop((object, pool));
    place.unmapped(ctx)?;

    Ok("dma_pool_free, dma_pool_zalloc witness: bytes")
}

/// Checks that the pool lives as long as its last object.
fn keeps_pool(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    let pool = pool(ctx, 8, 0)?;
    let object = Pool::zalloc(&pool, GFP_KERNEL)?;
    let other = Pool::zalloc(&pool, GFP_KERNEL)?;
    let (place, _) = check(ctx, &object)?;

    drop(pool);
    place.mapped(ctx)?;
    object.copy_write(filled(SEED, 0));
    let object = Transfer::to_device(ctx.edu()?.channel(), object, 0..SIZE, JOB)?.wait(TIMEOUT)?;
    let mut seen = [0; SIZE];
    fetch(ctx, &mut seen)?;
    pattern::compare(&seen, SEED, 0)?;

    drop(object);
    let (first, (place, _)) = (place, check(ctx, &other)?);
    drop(other);
    first.unmapped(ctx)?;
    place.unmapped(ctx)?;

    Ok("dma_pool_destroy witness: iova_to_phys, round trip")
}

/// Checks that invalid layouts are refused, including those that `dma_pool_create()` does not
/// notice.
fn refused_layout(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    let refused = [
        pool::<Object>(ctx, 1, SIZE.next_power_of_two() / 2).err(),
        pool::<Object>(ctx, 128, 64).err(),
        pool::<Object>(ctx, 2 * PAGE_SIZE, 0).err(),
        // C has 32 bits for the size of a block.
        pool::<Object>(ctx, 1 << 40, 0).err(),
        pool::<[u8; 0]>(ctx, 1, 0).err(),
        pool::<[u8; PAGE_SIZE + 1]>(ctx, 1, 0).err(),
    ];

    if refused.iter().any(|error| *error != Some(EINVAL)) {
        return fail("a bad layout was accepted");
    }
    Ok("dma_pool_create refused with EINVAL, 6 layouts")
}
