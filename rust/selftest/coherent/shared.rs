// SPDX-License-Identifier: GPL-2.0

//! Coherent memory of another device, mapped for this one.
//!
//! Both have it at addresses of their own, in domains of their own, and it is the same memory.

use crate::{
    dma::{
        coherent::CoherentMemory,
        direction::{
            Bidirectional,
            FromDevice,
            Permits,
            ToDevice, //
        },
        iova::IovaMapping,
        limits,
        sg::SgMapping,
        streaming::MapError,
        transfer::Transfer, //
    },
    selftest::{
        claims::Claims,
        evidence::{
            direction_name,
            Evidence,
            Failure,
            Stop, //
        },
        ktap::Suite,
        moves::{
            self,
            Moves, //
        },
        pattern,
        peer,
        scratch::JOB,
        sg::{
            self,
            merged::{
                self,
                ListEvidence, //
            },
            through,
            Bytes, //
        },
        witness::Witness,
        Context, //
    }, //
    testdev::addresses::{phys_at, Number},
};
use kernel::{
    device::{
        Bound,
        Core,
        Device, //
    },
    dma::DmaAddress,
    dma::{
        attrs::*,
        Attrs,
        DataDirection, //
    },
    faux,
    io::Io,
    page::PAGE_SIZE,
    pci,
    prelude::*, //
};

/// Not of whole pages.
const SIZE: usize = 5 * PAGE_SIZE + 100;
const ROUNDS: usize = 2;

pub(super) const PLAN: usize = 3 * 2 + 2;

pub(super) fn run(ctx: &Context<'_>, suite: &mut Suite<'_>) {
    direction::<ToDevice>(ctx, suite);
    direction::<FromDevice>(ctx, suite);
    direction::<Bidirectional>(ctx, suite);
    let result = peer::with(ctx, |other| turns(ctx, other));
    suite.result(fmt!("shared turns"), result);
    suite.result(fmt!("shared refused"), refused(ctx));
}

fn direction<D: Moves + Permits<[u8]>>(ctx: &Context<'_>, suite: &mut Suite<'_>) {
    let name = direction_name(D::DIRECTION);

    let result = peer::with(ctx, |other| check::<D>(ctx, suite, other, DMA_ATTR_NO_WARN));
    suite.result(fmt!("shared {}", name), result);

    let result = peer::with(ctx, |other| {
        check::<D>(ctx, suite, other, DMA_ATTR_FORCE_CONTIGUOUS)
    });
    suite.result(fmt!("shared contiguous {}", name), result);
}

/// By way of a copy: nobody has a reference to coherent memory.
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

/// Maps memory of `other` with the pattern [`Moves::BEFORE`], or says why it cannot be.
fn map<'a, D: Moves + Permits<[u8]>>(
    ctx: &Context<'a>,
    other: &'a Device<Bound>,
    attrs: Attrs,
) -> Result<(Shared<'a, D>, DmaAddress), Stop> {
    let mut memory =
        CoherentMemory::<[u8]>::zeroed_slice_with_attrs(other, SIZE, GFP_KERNEL, attrs)?;
    memory.fill(D::BEFORE);
    let its_own = memory.span().number();

    // That is no address of this device.
    let Err(err) = Transfer::read(ctx.edu()?, memory, 0..1, JOB) else {
        return Err(Failure::Unexpected("the device took an address of another one").into());
    };
    if err.error != EINVAL {
        return Err(err.error.into());
    }

    match SgMapping::map(ctx.dev, err.memory, D::VALUE, GFP_KERNEL) {
        Ok(mapping) if limits::is_coherent(other) => Ok((mapping, its_own)),
        Ok(_) => Err(Failure::Unexpected("mapped, and the CPU does not cache it").into()),
        Err(mut err) if err.error == EINVAL && !limits::is_coherent(other) => {
            err.buffer.compare(D::BEFORE)?;
            Err(Stop::Skip(
                "dma_map_sgtable refused with EINVAL, as the CPU does not cache the memory",
            ))
        }
        Err(err) => Err(err.error.into()),
    }
}

/// The CPU writes to memory of `other`, this device has it, and the CPU sees what it has written.
fn check<D: Moves + Permits<[u8]>>(
    ctx: &Context<'_>,
    suite: &Suite<'_>,
    other: &pci::Device<Core<'_>>,
    attrs: Attrs,
) -> Result<ListEvidence, Stop> {
    // Its own checks make its claims.
    let owner = Witness::of(other.as_ref(), Claims::new(ctx.dev, None, false));
    let (mapping, its_own) = map::<D>(ctx, other.as_ref(), attrs)?;
    let dma = mapping.spans().next().ok_or(EFAULT)?.number();
    suite.note(fmt!("DMA {:#x}, for the other device {:#x}", dma, its_own));

    let phys = sg::phys_at(mapping.pieces(), 0).ok_or(EFAULT)?;
    let seen = merged::look_at(ctx, &mapping)?;
    // What this device has, the other one has too.
    owner.mapped(its_own, SIZE, DataDirection::Bidirectional, &|at| {
        sg::phys_at(mapping.pieces(), at).unwrap_or(0)
    })?;

    let spans = merged::spans(&mapping)?;
    let mut memory = through(ctx, mapping)?.unmap();
    memory.compare(D::after(ctx))?;

    // The other one still has it, and so has the CPU.
    for (dma, len) in spans {
        ctx.witness.unmapped(dma, len)?;
    }
    owner.mapped(its_own, SIZE, DataDirection::Bidirectional, &|at| {
        phys_at(&memory, at).unwrap_or(0)
    })?;
    drop(memory);
    owner.unmapped(its_own, SIZE)?;

    Ok(ListEvidence {
        evidence: Evidence {
            operation: "dma_get_sgtable, dma_map_sgtable, dma_unmap_sgtable",
            direction: D::DIRECTION,
            size: SIZE,
            phys,
            dma,
            witnesses: [ctx.moved("round trip"), seen.witness],
        },
        seen,
    })
}

/// The CPU and this device take turns with memory of `other`, while it stays mapped.
fn turns(ctx: &Context<'_>, other: &pci::Device<Core<'_>>) -> Result<&'static str, Stop> {
    let (mut mapping, _) = map::<Bidirectional>(ctx, other.as_ref(), DMA_ATTR_NO_WARN)?;
    let mut bytes = KVec::from_elem(0u8, SIZE, GFP_KERNEL)?;
    let spans = merged::spans(&mapping)?;
    merged::look_at(ctx, &mapping)?;

    for _ in 0..ROUNDS {
        pattern::fill(&mut bytes, Bidirectional::BEFORE, 0);
        mapping.sync_for_cpu().write(0, &bytes)?;

        mapping = through(ctx, mapping)?;
        mapping.sync_for_cpu().read(0, &mut bytes)?;
        pattern::compare(&bytes, Bidirectional::after(ctx), 0)?;
    }
    drop(mapping);
    for (dma, len) in spans {
        ctx.witness.unmapped(dma, len)?;
    }

    Ok("dma_sync_sgtable_for_cpu, dma_sync_sgtable_for_device witness: round trip")
}

/// The error with which memory of this device is refused for `other`; it must come back.
fn refusal(ctx: &Context<'_>, other: &Device<Bound>) -> Result<[Error; 2], Stop> {
    let mut memory = CoherentMemory::<[u8]>::zeroed_slice(ctx.dev, PAGE_SIZE, GFP_KERNEL)?;
    memory.fill(moves::DATA);

    let Err(MapError { error, buffer }) = SgMapping::map(other, memory, Bidirectional, GFP_KERNEL)
    else {
        return Err(Failure::Unexpected("mapped for a device for which it cannot be").into());
    };
    let Err(mut err) = IovaMapping::map(other, buffer, Bidirectional, GFP_KERNEL) else {
        return Err(Failure::Unexpected("mapped for a device for which it cannot be").into());
    };
    err.buffer.compare(moves::DATA)?;
    Ok([error, err.error])
}

/// Memory is not mapped a second time for its own device, nor for any if the CPU does not cache it.
fn refused(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    if refusal(ctx, ctx.dev)? != [EINVAL; 2] {
        return Err(Failure::Unexpected("its own device was refused something else").into());
    }

    // A device that can do no DMA is refused for that, unless there is another reason before.
    let registration = faux::Registration::new(c"safe_dma_shared", None)?;
    let faux: &faux::Device<Bound> = registration.as_ref();
    let expected = if limits::is_coherent(ctx.dev) {
        EIO
    } else {
        EINVAL
    };
    if refusal(ctx, faux.as_ref())? != [expected; 2] {
        return Err(Failure::Unexpected("another device was refused for another reason").into());
    }
    Ok("dma_map_sgtable refused with EINVAL witness: memory came back intact")
}
