// SPDX-License-Identifier: GPL-2.0

//! Registers of a device as the target of DMA.
//!
//! The device writes a number to a register that computes its factorial, which the CPU then reads: it is
//! there only if the write went to the register, and nowhere else.

use super::{
    evidence::{
        Evidence,
        Failure,
        Stop, //
    },
    ktap::Suite,
    peer,
    scratch::{
        fetch,
        load,
        JOB,
        TIMEOUT, //
    },
    Context, //
};
use crate::{
    dma::{
        buffer::Pages,
        direction::{
            Bidirectional,
            Direction,
            FromDevice,
            ToDevice, //
        },
        limits,
        resource::{
            MmioRegion,
            ResourceMapping, //
        },
        streaming::Mapping,
        transfer::Transfer, //
    },
    testdev::addresses::{Number, Phys},
    testdev::{
        edu::{Edu, OpenRegister},
        regs::COMPUTING,
    }, //
};
use core::ops::Range;
use kernel::{
    device::Bound,
    io::PhysAddr,
    page::PAGE_SIZE,
    pci,
    prelude::*, //
};

/// What is given to the register, and what it makes of it.
const NUMBERS: [(u32, u32); 2] = [(5, 120), (10, 3_628_800)];

/// How many BARs a device can have.
const BARS: u32 = 6;

/// How often the other device may not be done: it computes in the host's time, not in the guest's.
const LOOKS: usize = 100_000;

pub(super) const PLAN: usize = 7;

pub(super) fn run(ctx: &Context<'_>, suite: &mut Suite<'_>) {
    suite.result(fmt!("from_device, its own register"), own_register(ctx));
    suite.result(fmt!("another device's register"), register_of_another(ctx));
    suite.result(fmt!("from_device"), whole_bar(ctx, FromDevice));
    suite.result(fmt!("to_device"), whole_bar(ctx, ToDevice));
    suite.result(fmt!("bidirectional"), whole_bar(ctx, Bidirectional));
    suite.result(fmt!("refused RAM"), refused_ram(ctx));
    suite.result(fmt!("refused range"), refused_range(ctx));
}

/// Maps registers, or says why they cannot be: without an IOMMU the device's own addresses must reach
/// them, and a device that is confined to bounce buffers gets none.
pub(super) fn map<'a, D: Direction>(
    ctx: &Context<'a>,
    registers: MmioRegion<'a>,
    direction: D,
) -> Result<ResourceMapping<'a, D>, Stop> {
    // SAFETY: No device is given it.
    let phys = unsafe { registers.phys() };
    let reached = ctx.witness.translates() || phys <= limits::mask(ctx.dev);
    let bounced = !ctx.witness.translates() && limits::max_mapping_size(ctx.dev) != usize::MAX;

    match ResourceMapping::map(ctx.dev, registers, direction) {
        Err(error) if error == ERANGE && !reached => Err(Stop::Refused(
            "dma_map_resource refused with ERANGE witness: registers beyond the device's mask",
        )),
        Err(error) if error == ENOMEM && bounced => Err(Stop::Refused(
            "dma_map_resource refused with ENOMEM witness: device confined to bounce buffers",
        )),
        Err(error) => Err(error.into()),
        Ok(_) if !reached => {
            Err(Failure::Unexpected("mapped, and the device cannot reach it").into())
        }
        Ok(mapping) => Ok(mapping),
    }
}

/// Checks where a mapping leads; `seen` is what else there is to be seen.
fn mapped<D: Direction>(
    ctx: &Context<'_>,
    mapping: &ResourceMapping<'_, D>,
    seen: &'static str,
) -> Result<Evidence, Failure> {
    let phys = mapping.phys();
    let (dma, size) = (mapping.span().number(), mapping.span().len());
    let witness = ctx
        .witness
        .mapped(dma, size, D::DIRECTION, &|at| phys + at as PhysAddr)?;

    Ok(Evidence {
        operation: "dma_map_resource, dma_unmap_resource",
        direction: D::DIRECTION,
        size,
        phys,
        dma,
        witnesses: [seen, witness],
    })
}

/// Passes on what was seen of a mapping that is not there any more.
fn unmapped(ctx: &Context<'_>, evidence: Evidence) -> Result<Evidence, Stop> {
    ctx.witness.unmapped(evidence.dma, evidence.size)?;
    Ok(evidence)
}

/// The device writes numbers to its own register, by DMA.
fn own_register(ctx: &Context<'_>) -> Result<Evidence, Stop> {
    let edu = ctx.edu()?;
    let range = OpenRegister::Factorial.range();
    let size = range.len();
    // SAFETY: It computes a factorial, and starts no transfer.
    let registers = unsafe { edu.registers(range)? };
    let mut mapping = map(ctx, registers, FromDevice)?;
    let evidence = mapped(ctx, &mapping, "factorial computed")?;

    for (number, expected) in NUMBERS {
        load(ctx, &number.to_le_bytes())?;
        mapping = Transfer::write(edu, mapping, 0..size, JOB)?.wait(TIMEOUT)?;

        if edu.factorial()? != expected {
            return Err(Failure::Unexpected("the register has not computed the factorial").into());
        }
    }
    mapping.unmap();
    unmapped(ctx, evidence)
}

/// The device writes numbers to the register of another one, by DMA, and reads what that has computed.
fn register_of_another(ctx: &Context<'_>) -> Result<Evidence, Stop> {
    ctx.edu()?;
    peer::with(ctx, |other| of_another(ctx, other))
}

/// Lets the device read a register of another one, and gets what it has read.
fn read<'a>(
    ctx: &Context<'_>,
    register: ResourceMapping<'a, ToDevice>,
) -> Result<(ResourceMapping<'a, ToDevice>, u32), Stop> {
    let mut seen = [0; size_of::<u32>()];

    let register = Transfer::read(ctx.edu()?, register, 0..seen.len(), JOB)?.wait(TIMEOUT)?;
    fetch(ctx, &mut seen)?;
    Ok((register, u32::from_le_bytes(seen)))
}

fn of_another(ctx: &Context<'_>, other: &pci::Device<Bound>) -> Result<Evidence, Stop> {
    let register = |register: OpenRegister| {
        // SAFETY: By `peer::with()` this driver is bound to the device, an `edu`, for as long as
        // this runs.
        unsafe { register.of(other) }
    };
    let registers = register(OpenRegister::Factorial)?;
    let size = OpenRegister::Factorial.range().len();
    if other.resource_start(0)? == ctx.pdev.resource_start(0)? {
        return Err(Failure::Unexpected("both devices have the same registers").into());
    }

    let status = register(OpenRegister::Status)?;
    let mut number_to = map(ctx, registers, FromDevice)?;
    let mut factorial_from = map(ctx, registers, ToDevice)?;
    let mut status_from = map(ctx, status, ToDevice)?;
    let evidence = mapped(ctx, &number_to, "the other device computed the factorial")?;
    let its_factorial = mapped(ctx, &factorial_from, "")?;
    let its_status = mapped(ctx, &status_from, "")?;

    for (number, expected) in NUMBERS {
        load(ctx, &number.to_le_bytes())?;
        number_to = Transfer::write(ctx.edu()?, number_to, 0..size, JOB)?.wait(TIMEOUT)?;

        let mut looks = 0;
        loop {
            let (mapping, status) = read(ctx, status_from)?;

            status_from = mapping;
            if status & COMPUTING == 0 {
                break;
            }
            looks += 1;
            if looks == LOOKS {
                return Err(Failure::Unexpected("the other device computes and computes").into());
            }
        }

        let (mapping, factorial) = read(ctx, factorial_from)?;
        factorial_from = mapping;
        if factorial != expected {
            return Err(
                Failure::Unexpected("the other device has not computed the factorial").into(),
            );
        }
    }
    drop((number_to, factorial_from, status_from));
    unmapped(ctx, its_factorial)?;
    unmapped(ctx, its_status)?;
    unmapped(ctx, evidence)
}

/// A BAR of the device: that of the engine, or one that is held for the check.
pub(super) enum Held<'a> {
    Edu(&'a Edu<'a>),
    Bar(u32, pci::Bar<'a>),
}

impl<'a> Held<'a> {
    /// Finds the first BAR that has registers in memory space; `edu` has BAR 0.
    pub(super) fn first(ctx: &Context<'a>) -> Result<Self, Stop> {
        if let Some(edu) = ctx.edu {
            return Ok(Self::Edu(edu));
        }
        for number in 0..BARS {
            if let Ok(bar) = ctx.pdev.iomap_region(number, c"safe_dma") {
                // SAFETY: No device is told of it.
                if unsafe { MmioRegion::of_bar(&bar, 0..1) }.is_ok() {
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

    /// Returns a part of it, of which no device may be told.
    pub(super) fn region(&self, range: Range<usize>) -> Result<MmioRegion<'_>> {
        match self {
            // SAFETY: No device is told of them: the checks that call this start no transfer.
            Self::Edu(edu) => unsafe { edu.registers(range) },
            // SAFETY: As above.
            Self::Bar(_, bar) => unsafe { MmioRegion::of_bar(bar, range) },
        }
    }
}

/// All of what the driver has of a BAR is mapped in one direction, and unmapped.
fn whole_bar<D: Direction>(ctx: &Context<'_>, direction: D) -> Result<Evidence, Stop> {
    let held = Held::first(ctx)?;
    let size = usize::try_from(ctx.pdev.resource_len(held.number())?)?;
    let mapping = map(ctx, held.region(0..size)?, direction)?;

    if mapping.span().len() != size || mapping.phys() != ctx.pdev.resource_start(held.number())? {
        return Err(Failure::Unexpected("not all of the BAR was mapped").into());
    }
    let evidence = mapped(ctx, &mapping, "nothing after it")?;
    drop(mapping);
    unmapped(ctx, evidence)
}

/// Memory is no register, whatever is said of it.
fn refused_ram(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    let mapping = Mapping::map(ctx.dev, Pages::zeroed(1, GFP_KERNEL)?, ToDevice)?;
    let phys = mapping.phys();

    for (offset, len) in [(0, PAGE_SIZE), (1, 4), (2 * PAGE_SIZE - 1, 1)] {
        // SAFETY: It is not mapped, whatever becomes of it here.
        let registers = unsafe { MmioRegion::from_raw(phys + offset as PhysAddr, len) };

        if registers.err() != Some(EINVAL) {
            return Err(Failure::Unexpected("RAM was taken for registers").into());
        }
    }

    Ok("dma_map_resource refused with EINVAL, before the DMA debugger sees it witness: physical address of memory")
}

/// What is not within a BAR is refused.
fn refused_range(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    let held = Held::first(ctx)?;
    let size = usize::try_from(ctx.pdev.resource_len(held.number())?)?;

    for (start, end) in [
        (0, 0),
        (0, size + 1),
        (size, size + 1),
        (2, 1),
        (0, usize::MAX),
    ] {
        if held.region(start..end).err() != Some(EINVAL) {
            return Err(Failure::Unexpected("more than the BAR was taken for registers").into());
        }
    }

    Ok("dma_map_resource refused with EINVAL witness: length of the BAR")
}
