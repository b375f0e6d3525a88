// SPDX-License-Identifier: GPL-2.0

//! A misbehaving device: missing, repeated, early and late interrupts, and wrong data.

use super::{
    arrived,
    map,
    SEED,
    SIZE, //
};
use crate::{
    selftest::{
        device_buffer::load_by,
        prelude::*, //
    },
    testdev::{
        edu::Interrupt,
        regs::{
            DMA_INTERRUPT,
            FACTORIAL_INTERRUPT, //
        }, //
    }, //
};
use kernel::time::{
    Instant,
    Monotonic, //
};

/// Timeouts that are much shorter than a transfer, and longer than one.
const SHORT: Delta = Delta::from_millis(20);
const LONG: Delta = Delta::from_millis(300);

/// The number of interrupts of a storm.
const STORM: usize = 1000;

/// The number of polls before an interrupt counts as missing, and their interval.
const LOOKS: usize = 500;
const PAUSE: Delta = Delta::from_millis(2);

/// The offsets of wrong bytes.
const WRONG: [usize; 3] = [0, 300, SIZE - 1];

pub(super) const PLAN: usize = 9;

pub(super) fn run(ctx: &Context<'_>, suite: &mut Suite<'_>) {
    suite.result(fmt!("interrupt never comes"), never(ctx));
    suite.result(fmt!("interrupt comes twice"), twice(ctx));
    suite.result(fmt!("interrupt comes too early"), early(ctx));
    suite.result(fmt!("interrupt comes late"), late(ctx));
    suite.result(fmt!("interrupt without a transfer"), of_nothing(ctx));
    suite.result(fmt!("interrupt after the unmap"), after_mapping(ctx));
    suite.result(fmt!("storm of interrupts"), storm(ctx));
    suite.result(fmt!("all interrupts at once"), all_at_once(ctx));
    suite.result(fmt!("wrong data"), wrong_data(ctx));
}

/// A transfer in flight.
type InFlight<'a, 'e> = Transfer<Channel<'e, &'e Edu<'e>>, Mapping<'a, KVec<u8>, ToDevice>>;

fn start<'a, 'e>(ctx: &Context<'a>, edu: &'e Edu<'e>, job: Job) -> Result<InFlight<'a, 'e>, Stop> {
    Ok(Transfer::to_device(edu.channel(), map(ctx)?, 0..SIZE, job)?)
}

/// Checks that a transfer has not ended early.
fn still_running<'a, 'e>(transfer: InFlight<'a, 'e>) -> Result<InFlight<'a, 'e>, Stop> {
    match transfer.wait(SHORT) {
        Err(WaitError::InFlight(ETIMEDOUT, transfer)) => Ok(transfer),
        Err(err) => Err(Error::from(err).into()),
        Ok(_) => fail("a transfer of 100 ms ended within 20 ms"),
    }
}

/// Drops a transfer in flight, which waits for its end and unmaps the memory.
fn drop_in_flight(ctx: &Context<'_>, edu: &Edu<'_>) -> Result<(), Stop> {
    let mapping = map(ctx)?;
    let place = Place::of(&mapping);

    drop(still_running(Transfer::to_device(
        edu.channel(),
        mapping,
        0..SIZE,
        JOB,
    )?)?);
    Ok(place.unmapped(ctx)?)
}

/// Waits until `count` interrupts were handled, and none is pending.
fn until_handled(edu: &Edu<'_>, count: usize) -> Result<(), Stop> {
    for _ in 0..LOOKS {
        if edu.handled() >= count && edu.raised() == 0 {
            return Ok(());
        }
        fsleep(PAUSE);
    }
    fail("an interrupt was raised, and not handled")
}

/// Clears the device's buffer, so that only the next transfer can fill it. Returns the engine and
/// the number of interrupts handled so far.
fn clear<'a>(ctx: &Context<'a>) -> Result<(&'a Edu<'a>, usize), Stop> {
    let edu = ctx.edu()?;

    load(ctx, &[0; SIZE])?;
    Ok((edu, edu.handled()))
}

/// Checks that without an interrupt the wait reads the register when the timeout expires.
fn never(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    let (edu, handled) = clear(ctx)?;
    let job = Job {
        interrupt: Interrupt::Never,
        ..JOB
    };
    let transfer = start(ctx, edu, job)?;

    let begun = Instant::<Monotonic>::now();
    let mapping = transfer.wait(LONG)?;
    if edu.handled() != handled || begun.elapsed() < LONG {
        return fail("there was an interrupt");
    }
    arrived(ctx, mapping)?;

    Ok("wait to_device size 512 done when the time is up witness: round trip, 0 interrupts")
}

/// Checks that an extra interrupt does not end the next transfer.
fn twice(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    let (edu, handled) = clear(ctx)?;
    let job = Job {
        interrupt: Interrupt::Twice,
        ..JOB
    };
    let mapping = start(ctx, edu, job)?.wait(TIMEOUT)?;
    until_handled(edu, handled + 2)?;
    arrived(ctx, mapping)?;

    clear(ctx)?;
    edu.raise(DMA_INTERRUPT);
    let transfer = still_running(start(ctx, edu, job)?)?;
    arrived(ctx, transfer.wait(TIMEOUT)?)?;

    Ok("wait to_device size 512 witness: round trip, 2 interrupts of one transfer")
}

/// Checks that interrupts during a transfer, the second of another type, do not end it.
fn early(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    let (edu, handled) = clear(ctx)?;
    let transfer = start(ctx, edu, JOB)?;

    edu.raise(DMA_INTERRUPT);
    until_handled(edu, handled + 1)?;
    edu.raise(FACTORIAL_INTERRUPT);
    until_handled(edu, handled + 2)?;
    let transfer = still_running(transfer)?;
    arrived(ctx, transfer.wait(TIMEOUT)?)?;

    Ok("wait to_device size 512 witness: round trip, 2 interrupts before its own")
}

/// Checks that the interrupt of a dropped transfer does not end the next one.
fn late(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    let (edu, handled) = clear(ctx)?;
    drop_in_flight(ctx, edu)?;

    // The interrupt was handled without a waiter.
    until_handled(edu, handled + 1)?;
    clear(ctx)?;
    drop_in_flight(ctx, edu)?;
    let second = still_running(start(ctx, edu, JOB)?)?;
    arrived(ctx, second.wait(TIMEOUT)?)?;

    Ok("wait to_device size 512 witness: round trip, interrupt of the transfer before")
}

/// Raises an interrupt without a transfer.
fn of_nothing(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    let (edu, handled) = clear(ctx)?;

    edu.raise(DMA_INTERRUPT);
    until_handled(edu, handled + 1)?;
    let transfer = still_running(start(ctx, edu, JOB)?)?;
    arrived(ctx, transfer.wait(TIMEOUT)?)?;

    Ok("wait to_device size 512 witness: round trip, 1 interrupt before the start")
}

/// Raises an interrupt after the unmap.
fn after_mapping(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    let edu = ctx.edu()?;
    let mapping = start(ctx, edu, JOB)?.wait(TIMEOUT)?;
    let place = Place::of(&mapping);
    let buffer = mapping.unmap();

    let handled = edu.handled();
    edu.raise(DMA_INTERRUPT);
    until_handled(edu, handled + 1)?;
    place.unmapped(ctx)?;
    pattern::compare(&buffer, SEED, 0)?;

    Ok("dma_unmap_single to_device size 512 witness: bytes, interrupt after it")
}

/// Raises many interrupts at once during a transfer. The controller may merge them.
fn storm(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    let (edu, handled) = clear(ctx)?;
    let transfer = start(ctx, edu, JOB)?;

    for _ in 0..STORM {
        edu.raise(DMA_INTERRUPT);
    }
    arrived(ctx, transfer.wait(TIMEOUT)?)?;
    until_handled(edu, handled + 1)?;

    // Pending interrupts do not end the next transfer.
    clear(ctx)?;
    edu.raise(DMA_INTERRUPT);
    let transfer = still_running(start(ctx, edu, JOB)?)?;
    arrived(ctx, transfer.wait(TIMEOUT)?)?;

    Ok("wait to_device size 512 witness: round trip, 1000 interrupts raised")
}

/// Raises all interrupt bits, which read like the all ones of a disconnected device.
fn all_at_once(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    let (edu, handled) = clear(ctx)?;

    edu.raise(u32::MAX);
    until_handled(edu, handled + 1)?;
    let transfer = still_running(start(ctx, edu, JOB)?)?;
    arrived(ctx, transfer.wait(TIMEOUT)?)?;
    until_handled(edu, handled + 2)?;

    Ok("wait to_device size 512 witness: round trip, 32 interrupts acknowledged before the start")
}

/// Changes a byte in the device, and checks that the comparison reports its offset.
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
            _ => return fail("the comparison missed a wrong byte"),
        }
    }

    Ok("round trip size 512 witness: offset of 3 wrong bytes")
}
