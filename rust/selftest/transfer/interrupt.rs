// SPDX-License-Identifier: GPL-2.0

//! A device that misbehaves: interrupts that do not come, come too often, too early or too late, and
//! data that is not what it should be.

use super::{
    arrived,
    map,
    SEED,
    SIZE, //
};
use crate::{
    dma::{
        direction::ToDevice,
        streaming::Mapping,
        transfer::{
            Transfer,
            WaitError, //
        }, //
    },
    selftest::{
        evidence::{
            Failure,
            Stop, //
        },
        ktap::Suite,
        pattern,
        scratch::{
            fetch,
            load,
            load_by,
            JOB,
            TIMEOUT, //
        },
        Context, //
    },
    testdev::addresses::Number,
    testdev::{
        edu::{
            Edu,
            Interrupt,
            Job, //
        },
        regs::{
            DMA_INTERRUPT,
            FACTORIAL_INTERRUPT, //
        }, //
    }, //
};
use kernel::{
    prelude::*,
    time::{
        delay::fsleep,
        Delta,
        Instant,
        Monotonic,
        Msecs, //
    }, //
};

/// Much shorter than a transfer, and longer than one.
const SHORT: Msecs = 20;
const LONG: Msecs = 300;

/// How many interrupts a storm has.
const STORM: usize = 1000;

/// How often and for how long an interrupt is waited for before it is missing.
const LOOKS: usize = 500;
const PAUSE: Delta = Delta::from_millis(2);

/// Where a byte is wrong.
const WRONG: [usize; 3] = [0, 300, SIZE - 1];

pub(super) const PLAN: usize = 9;

pub(super) fn run(ctx: &Context<'_>, suite: &mut Suite<'_>) {
    suite.result(fmt!("interrupt never comes"), never(ctx));
    suite.result(fmt!("interrupt comes twice"), twice(ctx));
    suite.result(fmt!("interrupt comes too early"), early(ctx));
    suite.result(fmt!("interrupt comes late"), late(ctx));
    suite.result(fmt!("interrupt of nothing"), of_nothing(ctx));
    suite.result(fmt!("interrupt after the mapping"), after_mapping(ctx));
    suite.result(fmt!("storm of interrupts"), storm(ctx));
    suite.result(fmt!("all interrupts at once"), all_at_once(ctx));
    suite.result(fmt!("wrong data"), wrong_data(ctx));
}

/// A transfer of the checks, in flight.
type InFlight<'a, 'e> = Transfer<&'e Edu<'e>, Mapping<'a, KVec<u8>, ToDevice>>;

fn start<'a, 'e>(ctx: &Context<'a>, edu: &'e Edu<'e>, job: Job) -> Result<InFlight<'a, 'e>, Stop> {
    Ok(Transfer::read(edu, map(ctx)?, 0..SIZE, job)?)
}

/// Waits for a time in which no transfer ends; whatever interrupts there are, this one must not.
fn still_running<'a, 'e>(transfer: InFlight<'a, 'e>) -> Result<InFlight<'a, 'e>, Stop> {
    match transfer.wait(SHORT) {
        Err(WaitError::TimedOut(transfer)) => Ok(transfer),
        Err(WaitError::Failed(error, _)) => Err(error.into()),
        Ok(_) => Err(Failure::Unexpected("a transfer of 100 ms was over in 20").into()),
    }
}

/// A transfer that is dropped in flight, which ends it; its memory is unmapped after that.
fn given_up(ctx: &Context<'_>, edu: &Edu<'_>) -> Result<(), Stop> {
    let mapping = map(ctx)?;
    let dma = mapping.span().number();

    drop(still_running(Transfer::read(edu, mapping, 0..SIZE, JOB)?)?);
    Ok(ctx.witness.unmapped(dma, SIZE)?)
}

/// Waits until `count` interrupts were handled, and none is left.
fn until_handled(edu: &Edu<'_>, count: usize) -> Result<(), Stop> {
    for _ in 0..LOOKS {
        if edu.handled() >= count && edu.raised() == 0 {
            return Ok(());
        }
        fsleep(PAUSE);
    }
    Err(Failure::Unexpected("an interrupt was raised, and not handled").into())
}

/// Empties the device's buffer, so that only a transfer to come fills it.
fn empty(ctx: &Context<'_>) -> Result<(), Stop> {
    load(ctx, &[0; SIZE])
}

/// No interrupt: the register tells, when the time is up.
fn never(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    let edu = ctx.edu()?;
    empty(ctx)?;
    let handled = edu.handled();
    let job = Job {
        interrupt: Interrupt::Never,
        ..JOB
    };
    let transfer = start(ctx, edu, job)?;

    let begun = Instant::<Monotonic>::now();
    let mapping = transfer.wait(LONG)?;
    if edu.handled() != handled || begun.elapsed() < Delta::from_millis(LONG.into()) {
        return Err(Failure::Unexpected("there was an interrupt").into());
    }
    arrived(ctx, mapping)?;

    Ok("wait to_device size 512 done when the time is up witness: round trip, 0 interrupts")
}

/// One interrupt more than transfers: the next transfer is not over by it.
fn twice(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    let edu = ctx.edu()?;
    empty(ctx)?;
    let handled = edu.handled();
    let job = Job {
        interrupt: Interrupt::Twice,
        ..JOB
    };
    let mapping = start(ctx, edu, job)?.wait(TIMEOUT)?;
    until_handled(edu, handled + 2)?;
    arrived(ctx, mapping)?;

    empty(ctx)?;
    edu.raise(DMA_INTERRUPT);
    let transfer = still_running(start(ctx, edu, job)?)?;
    arrived(ctx, transfer.wait(TIMEOUT)?)?;

    Ok("wait to_device size 512 witness: round trip, 2 interrupts of one transfer")
}

/// Interrupts while the device is at work, the second of another kind.
fn early(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    let edu = ctx.edu()?;
    empty(ctx)?;
    let handled = edu.handled();
    let transfer = start(ctx, edu, JOB)?;

    edu.raise(DMA_INTERRUPT);
    until_handled(edu, handled + 1)?;
    edu.raise(FACTORIAL_INTERRUPT);
    until_handled(edu, handled + 2)?;
    let transfer = still_running(transfer)?;
    arrived(ctx, transfer.wait(TIMEOUT)?)?;

    Ok("wait to_device size 512 witness: round trip, 2 interrupts before its own")
}

/// The interrupt of a transfer that was given up comes when there is another.
fn late(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    let edu = ctx.edu()?;
    empty(ctx)?;
    let handled = edu.handled();
    given_up(ctx, edu)?;

    // Its interrupt was handled, and nobody has waited for it.
    until_handled(edu, handled + 1)?;
    empty(ctx)?;
    given_up(ctx, edu)?;
    let second = still_running(start(ctx, edu, JOB)?)?;
    arrived(ctx, second.wait(TIMEOUT)?)?;

    Ok("wait to_device size 512 witness: round trip, interrupt of the transfer before")
}

/// An interrupt when nothing was started.
fn of_nothing(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    let edu = ctx.edu()?;
    empty(ctx)?;
    let handled = edu.handled();

    edu.raise(DMA_INTERRUPT);
    until_handled(edu, handled + 1)?;
    let transfer = still_running(start(ctx, edu, JOB)?)?;
    arrived(ctx, transfer.wait(TIMEOUT)?)?;

    Ok("wait to_device size 512 witness: round trip, 1 interrupt before the start")
}

/// An interrupt when what was transferred is not mapped any more.
fn after_mapping(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    let edu = ctx.edu()?;
    let mapping = start(ctx, edu, JOB)?.wait(TIMEOUT)?;
    let dma = mapping.span().number();
    let buffer = mapping.unmap();

    let handled = edu.handled();
    edu.raise(DMA_INTERRUPT);
    until_handled(edu, handled + 1)?;
    ctx.witness.unmapped(dma, SIZE)?;
    pattern::compare(&buffer, SEED, 0)?;

    Ok("dma_unmap_single to_device size 512 witness: bytes, interrupt after it")
}

/// Many interrupts at once, in a transfer; they may become fewer on their way.
fn storm(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    let edu = ctx.edu()?;
    empty(ctx)?;
    let handled = edu.handled();
    let transfer = start(ctx, edu, JOB)?;

    for _ in 0..STORM {
        edu.raise(DMA_INTERRUPT);
    }
    arrived(ctx, transfer.wait(TIMEOUT)?)?;
    until_handled(edu, handled + 1)?;

    // Those that are left over do not end another one.
    empty(ctx)?;
    edu.raise(DMA_INTERRUPT);
    let transfer = still_running(start(ctx, edu, JOB)?)?;
    arrived(ctx, transfer.wait(TIMEOUT)?)?;

    Ok("wait to_device size 512 witness: round trip, 1000 interrupts raised")
}

/// All interrupts that there can be, which read as what a device that is gone reads as.
fn all_at_once(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    let edu = ctx.edu()?;
    empty(ctx)?;
    let handled = edu.handled();

    edu.raise(u32::MAX);
    until_handled(edu, handled + 1)?;
    let transfer = still_running(start(ctx, edu, JOB)?)?;
    arrived(ctx, transfer.wait(TIMEOUT)?)?;
    until_handled(edu, handled + 2)?;

    Ok("wait to_device size 512 witness: round trip, 32 interrupts acknowledged before the start")
}

/// A device that changes a byte of what it was given: the comparison says which.
fn wrong_data(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    let edu = ctx.edu()?;

    for wrong in WRONG {
        arrived(ctx, start(ctx, edu, JOB)?.wait(TIMEOUT)?)?;

        let right = pattern::byte(SEED, wrong);
        let job = Job {
            offset: wrong,
            ..JOB
        };
        load_by(ctx, &[!right], job)?;

        let mut seen = [0; SIZE];
        fetch(ctx, &mut seen)?;
        match pattern::compare(&seen, SEED, 0) {
            Err(Failure::Byte {
                offset,
                expected,
                found,
            }) if (offset, expected, found) == (wrong, right, !right) => {}
            _ => return Err(Failure::Unexpected("a wrong byte was not seen where it is").into()),
        }
    }

    Ok("round trip size 512 witness: offset of 3 wrong bytes")
}
