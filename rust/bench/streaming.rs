// SPDX-License-Identifier: GPL-2.0

//! Single buffers, mapped and unmapped.

use super::prelude::*;
use crate::dma::{
    limits,
    FromDevice,
    Limits,
    MmioRegion,
    Permits,
    ResourceMapping, //
};

#[inline(never)]
fn library_single<D, const N: usize>(
    dev: &Device<Bound>,
    memory: Memory<N>,
    direction: D,
) -> Result<Memory<N>>
where
    D: Direction + Permits<[u8; N]>,
{
    Ok(Mapping::map(dev, memory, direction)?.unmap())
}

#[inline(never)]
pub(super) fn library_page(dev: &Device<Bound>, pages: Pages) -> Result<Pages> {
    Ok(Mapping::map(dev, pages, ToDevice)?.unmap())
}

#[inline(never)]
fn library_resource<'a>(limits: &Limits<'a>, registers: MmioRegion<'a>) -> Result {
    drop(ResourceMapping::map(limits, registers, Bidirectional)?);
    Ok(())
}

/// Counts map and unmap of a buffer of `N` bytes.
fn single<D, const N: usize>(bench: &Bench<'_>, name: &'static str, direction: D) -> Result
where
    D: Direction + Permits<[u8; N]> + Copy,
{
    let dev = bench.dev();
    let operation = Operation::new(name, N, 1);

    if N > limits::max_mapping_size(dev) {
        bench.impossible(operation);
        return Ok(());
    }
    bench.series(operation, By::Hand, memory()?, |memory| {
        by_hand::single::<D, N>(dev, memory)
    })?;
    bench.series(operation, By::Library, memory()?, |memory| {
        library_single(dev, memory, direction)
    })
}

/// Counts map and unmap of a page; C maps it by its `struct page`.
fn page(bench: &Bench<'_>) -> Result {
    let dev = bench.dev();
    let operation = Operation::new("page", PAGE_SIZE, 1);
    let pages = || Pages::zeroed(0, GFP_KERNEL);

    bench.series(operation, By::Hand, pages()?, |pages| {
        by_hand::page(dev, pages)
    })?;
    bench.series(operation, By::Library, pages()?, |pages| {
        library_page(dev, pages)
    })
}

/// Counts map and unmap of the device's own registers, which cost the same as those of another
/// device.
fn resource(bench: &Bench<'_>) -> Result {
    let dev = bench.dev();
    let limits = Limits::new(dev);
    let operation = Operation::new("resource", PAGE_SIZE, 1);
    let phys = bench.pdev().resource_start(0)?;
    // SAFETY: The region is in a BAR of the device, which does not move while the driver is bound,
    // and is not accessed.
    let registers = unsafe { MmioRegion::from_raw(phys, PAGE_SIZE)? };

    // MMIO cannot be bounced.
    if library_resource(&limits, registers).is_err_and(|error| error == ENOMEM) {
        bench.impossible(operation);
        return Ok(());
    }

    bench.series(operation, By::Hand, (), |()| {
        // SAFETY: As above.
        unsafe { by_hand::resource(dev, phys, PAGE_SIZE) }
    })?;
    bench.series(operation, By::Library, (), |()| {
        library_resource(&limits, registers)
    })
}

pub(super) fn run(bench: &Bench<'_>) -> Result {
    single::<_, 64>(bench, "single", ToDevice)?;
    single::<_, 256>(bench, "single", ToDevice)?;
    single::<_, 1024>(bench, "single", ToDevice)?;
    single::<_, 4096>(bench, "single", ToDevice)?;
    single::<_, { 16 << 10 }>(bench, "single", ToDevice)?;
    single::<_, { 64 << 10 }>(bench, "single", ToDevice)?;
    single::<_, { 256 << 10 }>(bench, "single", ToDevice)?;
    single::<_, { 1 << 20 }>(bench, "single", ToDevice)?;
    single::<_, { 2 << 20 }>(bench, "single", ToDevice)?;
    single::<_, 4096>(bench, "single_from_device", FromDevice)?;
    page(bench)?;
    resource(bench)
}
