// SPDX-License-Identifier: GPL-2.0

//! Coherent memory of another device, mapped for this one.
//!
//! Each device has its own address for the memory, in its own domain.

use super::with;
use crate::selftest::{
    iommu_check::IommuCheck,
    prelude::*,
    sg::{
        self,
        merged::{
            self,
            ListEvidence, //
        },
        through,
        Bytes, //
    },
    trace_marks::TraceMarks, //
};
use kernel::device::Core;

/// Not a multiple of the page size.
const SIZE: usize = 5 * PAGE_SIZE + 100;
const ROUNDS: usize = 2;

pub(super) const PLAN: usize = 3 * 2 + 1;

pub(super) fn run(ctx: &Context<'_>, suite: &mut Suite<'_>) {
    direction::<ToDevice>(ctx, suite);
    direction::<FromDevice>(ctx, suite);
    direction::<Bidirectional>(ctx, suite);
    let result = with(ctx, |other| rounds(ctx, other));
    suite.result(fmt!("shared rounds"), result);
}

fn direction<D: DirectionTest + Permits<[u8]>>(ctx: &Context<'_>, suite: &mut Suite<'_>) {
    let name = direction_name(D::DIRECTION);

    let result = with(ctx, |other| check::<D>(ctx, suite, other, DMA_ATTR_NO_WARN));
    suite.result(fmt!("shared {}", name), result);

    let result = with(ctx, |other| {
        check::<D>(ctx, suite, other, DMA_ATTR_FORCE_CONTIGUOUS)
    });
    suite.result(fmt!("shared contiguous {}", name), result);
}

/// Copies the bytes, because coherent memory must not be borrowed as a slice.
impl Bytes for CoherentMemory<'_, [u8]> {
    fn each(
        &mut self,
        mut f: impl FnMut(&mut [u8], usize) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mut bytes = KVec::from_elem(0u8, self.size(), GFP_KERNEL)
            .map_err(|error| Failure::Error(error.into()))?;

        self.copy_to_slice(&mut bytes);
        f(&mut bytes, 0)?;
        self.copy_from_slice(&bytes);
        Ok(())
    }
}

/// Coherent memory of another device, mapped for this one.
type Shared<'a, D> = SgMapping<'a, CoherentMemory<'a, [u8]>, D>;

/// Maps memory of `other` with the pattern [`DirectionTest::BEFORE`], or checks the refusal.
fn map<'a, D: DirectionTest + Permits<[u8]>>(
    ctx: &Context<'a>,
    other: &'a Device<Bound>,
    attrs: Attrs,
) -> Result<(Shared<'a, D>, DmaAddress), Stop> {
    let mut memory =
        CoherentMemory::<[u8]>::zeroed_slice_with_attrs(other, SIZE, GFP_KERNEL, attrs)?;
    memory.fill(D::BEFORE);
    let its_own = memory.range().number();

    // The address of the other device is not valid for this one.
    let Err(err) = Transfer::to_device(ctx.edu()?.channel(), memory, 0..1, JOB) else {
        return fail("the device took an address of another one");
    };
    if err.error != EINVAL {
        return Err(err.error.into());
    }

    match SgMapping::map(ctx.dev, err.value, D::VALUE, GFP_KERNEL) {
        Ok(mapping) if limits::is_coherent(other) => Ok((mapping, its_own)),
        Ok(_) => fail("uncached memory was mapped"),
        Err(mut err) if err.error == EINVAL && !limits::is_coherent(other) => {
            err.value.compare(D::BEFORE)?;
            Err(Stop::Skip(
                "dma_map_sgtable refused with EINVAL, as the CPU does not cache the memory",
            ))
        }
        Err(err) => Err(err.error.into()),
    }
}

/// Transfers memory of `other` through this device.
fn check<D: DirectionTest + Permits<[u8]>>(
    ctx: &Context<'_>,
    suite: &Suite<'_>,
    other: &pci::Device<Core<'_>>,
    attrs: Attrs,
) -> Result<ListEvidence, Stop> {
    // The checks of the other device print its trace marks.
    let owner = IommuCheck::of(other.as_ref(), TraceMarks::new(ctx.dev, None, false));
    let (mapping, its_own) = map::<D>(ctx, other.as_ref(), attrs)?;
    let dma = mapping.segments().next().ok_or(EFAULT)?.number();
    suite.note(fmt!("DMA {:#x}, for the other device {:#x}", dma, its_own));

    let merged = merged::check(ctx, &mapping)?;
    // Both devices have the same memory.
    owner.mapped(its_own, SIZE, DataDirection::Bidirectional, &|at| {
        sg::phys_at(mapping.phys_vecs(), at).unwrap_or(0)
    })?;

    let mut memory = through(ctx, mapping)?.unmap();
    memory.compare(D::after(ctx))?;

    // The other device and the CPU can still access the memory.
    merged.unmapped(ctx)?;
    owner.mapped(its_own, SIZE, DataDirection::Bidirectional, &|at| {
        phys_at(&memory, at).unwrap_or(0)
    })?;
    drop(memory);
    owner.unmapped(its_own, SIZE)?;

    let operation = "dma_get_sgtable, dma_map_sgtable, dma_unmap_sgtable";
    Ok(merged.evidence(ctx, operation))
}

/// Syncs memory of `other` between the CPU and this device while it stays mapped.
fn rounds(ctx: &Context<'_>, other: &pci::Device<Core<'_>>) -> Result<&'static str, Stop> {
    let (mut mapping, _) = map::<Bidirectional>(ctx, other.as_ref(), DMA_ATTR_NO_WARN)?;
    let mut bytes = KVec::from_elem(0u8, SIZE, GFP_KERNEL)?;
    let merged = merged::check(ctx, &mapping)?;

    for _ in 0..ROUNDS {
        pattern::fill(&mut bytes, Bidirectional::BEFORE, 0);
        mapping.sync_for_cpu().write(0, &bytes)?;

        mapping = through(ctx, mapping)?;
        mapping.sync_for_cpu().read(0, &mut bytes)?;
        pattern::compare(&bytes, Bidirectional::after(ctx), 0)?;
    }
    drop(mapping);
    merged.unmapped(ctx)?;

    Ok("dma_sync_sgtable_for_cpu, dma_sync_sgtable_for_device witness: round trip")
}
