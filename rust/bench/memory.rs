// SPDX-License-Identifier: GPL-2.0

//! Memory from the DMA API, allocated and freed.

use super::prelude::*;
use crate::dma::{
    CoherentMemory,
    Pool, //
};
use kernel::{
    ptr::Alignment,
    sync::Arc, //
};

/// An object of a pool.
type Descriptor = [u64; 8];

#[inline(never)]
fn library_coherent(dev: &Device<Bound>, size: usize) -> Result {
    drop(CoherentMemory::<[u8]>::zeroed_slice(dev, size, GFP_KERNEL)?);
    Ok(())
}

#[inline(never)]
fn library_pool(pool: &Pool<'_, Descriptor>) -> Result {
    drop(pool.zalloc_borrowed(GFP_KERNEL)?);
    Ok(())
}

#[inline(never)]
fn library_counted(pool: &Arc<Pool<'_, Descriptor>>) -> Result {
    drop(Pool::zalloc(pool, GFP_KERNEL)?);
    Ok(())
}

fn coherent(bench: &Bench<'_>, size: usize) -> Result {
    let dev = bench.dev();
    let operation = Operation::new("coherent", size, 1);

    bench.series(operation, By::Hand, (), |()| by_hand::coherent(dev, size))?;
    bench.series(operation, By::Library, (), |()| library_coherent(dev, size))
}

/// Counts objects of a pool; for the library, also objects that hold a reference to the pool.
fn objects(bench: &Bench<'_>) -> Result {
    let dev = bench.dev();
    let size = size_of::<Descriptor>();
    let operation = Operation::new("dma_pool", size, 1);

    let pool = by_hand::Pool::new(dev, size)?;
    bench.series(operation, By::Hand, (), |()| pool.object())?;
    drop(pool);

    let align = Alignment::of::<[u8; 64]>().max(Alignment::new::<64>());
    let pool = Pool::<Descriptor>::new(dev, c"library", align, None)?;
    bench.series(operation, By::Library, (), |()| library_pool(&pool))?;
    let counted = Operation::new("dma_pool_arc", size, 1);
    bench.series(counted, By::Library, (), |()| library_counted(&pool))
}

pub(super) fn run(bench: &Bench<'_>) -> Result {
    coherent(bench, 4096)?;
    coherent(bench, 1 << 20)?;
    objects(bench)
}
