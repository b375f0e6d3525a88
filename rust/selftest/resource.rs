// SPDX-License-Identifier: GPL-2.0

//! DMA to the registers of a device.
//!
//! The device writes a number to a register that computes its factorial, which the CPU then reads.

use super::prelude::*;
use crate::{
    dma::MmioRegion,
    testdev::edu::OpenRegister, //
};

/// Numbers and their factorials.
pub(super) const NUMBERS: [(u32, u32); 2] = [(5, 120), (10, 3_628_800)];

/// The maximum number of BARs of a device.
const BARS: u32 = 6;

pub(super) const PLAN: usize = 6;

pub(super) fn run(ctx: &Context<'_>, suite: &mut Suite<'_>) {
    suite.result(fmt!("from_device, its own register"), own_register(ctx));
    suite.result(fmt!("from_device"), whole_bar(ctx, FromDevice));
    suite.result(fmt!("to_device"), whole_bar(ctx, ToDevice));
    suite.result(fmt!("bidirectional"), whole_bar(ctx, Bidirectional));
    suite.result(fmt!("refused RAM"), refused_ram(ctx));
    suite.result(fmt!("refused range"), refused_range(ctx));
}

/// Maps registers, or checks the refusal: of registers beyond the mask without an IOMMU, and for a
/// device that is confined to bounce buffers.
pub(super) fn map<'a, D: Direction>(
    ctx: &Context<'a>,
    registers: MmioRegion<'a>,
    direction: D,
) -> Result<ResourceMapping<'a, D>, Stop> {
    let phys = registers.phys_vec().phys();
    let reached = ctx.iommu.translates() || phys <= limits::mask(ctx.dev);
    let bounced = !ctx.iommu.translates() && limits::max_mapping_size(ctx.dev) != usize::MAX;

    match ResourceMapping::map(ctx.dev, registers, direction) {
        Err(error) if error == ERANGE && !reached => Err(Stop::Refused(
            "dma_map_resource refused with ERANGE witness: registers beyond the device's mask",
        )),
        Err(error) if error == ENOMEM && bounced => Err(Stop::Refused(
            "dma_map_resource refused with ENOMEM witness: device confined to bounce buffers",
        )),
        Err(error) => Err(error.into()),
        Ok(_) if !reached => fail("registers beyond the mask were mapped"),
        Ok(mapping) => Ok(mapping),
    }
}

/// Checks the DMA addresses of a mapping; returns its evidence, with another `witness`.
pub(super) fn mapped<D: Direction>(
    ctx: &Context<'_>,
    mapping: &ResourceMapping<'_, D>,
    witness: &'static str,
) -> Result<Evidence, Failure> {
    let place = Place::unbounced(mapping, mapping.phys());
    let operation = "dma_map_resource, dma_unmap_resource";

    Ok(place.evidence(operation, [witness, place.mapped(ctx)?]))
}

/// Checks that a mapping was unmapped; returns its evidence.
pub(super) fn unmapped(ctx: &Context<'_>, evidence: Evidence) -> Result<Evidence, Stop> {
    evidence.place.unmapped(ctx)?;
    Ok(evidence)
}

/// Lets the device write numbers to its own register.
fn own_register(ctx: &Context<'_>) -> Result<Evidence, Stop> {
    let edu = ctx.edu()?;
    let range = OpenRegister::Factorial.range();
    let size = range.len();
    // SAFETY: The register starts no transfer.
    let registers = unsafe { edu.registers(range)? };
    let mut mapping = map(ctx, registers, FromDevice)?;
    let evidence = mapped(ctx, &mapping, "factorial computed")?;

    for (number, expected) in NUMBERS {
        load(ctx, &number.to_le_bytes())?;
        mapping = Transfer::from_device(edu.channel(), mapping, 0..size, JOB)?.wait(TIMEOUT)?;

        if edu.factorial()? != expected {
            return fail("the register has not computed the factorial");
        }
    }
    drop(mapping);
    unmapped(ctx, evidence)
}

/// A BAR of the device: the one that the engine has mapped, or one that is mapped for the check.
pub(super) enum MappedBar<'a> {
    Edu(&'a Edu<'a>),
    Bar(u32, pci::Bar<'a>),
}

impl<'a> MappedBar<'a> {
    /// Returns the first BAR in memory space, which is BAR 0 of an `edu`.
    pub(super) fn first(ctx: &Context<'a>) -> Result<Self, Stop> {
        if let Some(edu) = ctx.edu {
            return Ok(Self::Edu(edu));
        }
        for number in 0..BARS {
            if let Ok(bar) = ctx.pdev.iomap_region(number, c"safe_dma") {
                // SAFETY: The region is not mapped for a device.
                if unsafe { MmioRegion::from_bar(&bar, 0..1) }.is_ok() {
                    return Ok(Self::Bar(number, bar));
                }
            }
        }
        Err(Stop::Skip("the device has no registers in memory space"))
    }

    pub(super) fn number(&self) -> u32 {
        match self {
            Self::Edu(_) => 0,
            Self::Bar(number, _) => *number,
        }
    }

    /// Returns a part of the BAR. No transfer may use it.
    pub(super) fn region(&self, range: Range<usize>) -> Result<MmioRegion<'_>> {
        match self {
            // SAFETY: The callers start no transfer, so no device writes to the registers.
            Self::Edu(edu) => unsafe { edu.registers(range) },
            // SAFETY: As above.
            Self::Bar(_, bar) => unsafe { MmioRegion::from_bar(bar, range) },
        }
    }
}

/// Maps a whole BAR in one direction, and unmaps it.
fn whole_bar<D: Direction>(ctx: &Context<'_>, direction: D) -> Result<Evidence, Stop> {
    let bar = MappedBar::first(ctx)?;
    let size = usize::try_from(ctx.pdev.resource_len(bar.number())?)?;
    let mapping = map(ctx, bar.region(0..size)?, direction)?;

    if mapping.range().len() != size || mapping.phys() != ctx.pdev.resource_start(bar.number())? {
        return fail("not all of the BAR was mapped");
    }
    let evidence = mapped(ctx, &mapping, "unmapped after it")?;
    drop(mapping);
    unmapped(ctx, evidence)
}

/// Checks that RAM is refused.
fn refused_ram(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    let mapping = Mapping::map(ctx.dev, Pages::zeroed(1, GFP_KERNEL)?, ToDevice)?;
    let phys = mapping.phys();

    for (offset, len) in [(0, PAGE_SIZE), (1, 4), (2 * PAGE_SIZE - 1, 1)] {
        // SAFETY: The region is not mapped for a device.
        let registers = unsafe { MmioRegion::from_raw(phys + offset as PhysAddr, len) };

        if registers.err() != Some(EINVAL) {
            return fail("RAM was taken for registers");
        }
    }

    Ok(
        "dma_map_resource refused with EINVAL, before the DMA debugger sees it witness: physical \
         address of memory",
    )
}

/// Checks that ranges outside of the BAR are refused.
fn refused_range(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    let bar = MappedBar::first(ctx)?;
    let size = usize::try_from(ctx.pdev.resource_len(bar.number())?)?;

    for (start, end) in [
        (0, 0),
        (0, size + 1),
        (size, size + 1),
        (2, 1),
        (0, usize::MAX),
    ] {
        if bar.region(start..end).err() != Some(EINVAL) {
            return fail("more than the BAR was taken for registers");
        }
    }

    Ok("dma_map_resource refused with EINVAL witness: length of the BAR")
}
