// SPDX-License-Identifier: GPL-2.0

//! Commands in flight that are polled for, completed in the interrupt handler, refused or stopped.

use super::prelude::*;
use crate::{
    dma::{
        in_flight,
        AnySegments,
        Completed,
        Completer,
        Memory,
        Submitter, //
    },
    testdev::regs::DMA_INTERRUPT, //
};
use kernel::sync::atomic::{
    Acquire,
    Atomic,
    Full,
    Relaxed, //
};

const SIZE: usize = 512;
const SEED: u32 = 8;

/// The number of commands that the table has room for. The device does one at a time.
const DEPTH: usize = 4;

/// The number of polls before a command counts as lost, and their interval.
const LOOKS: usize = 5000;
const PAUSE: Delta = Delta::from_millis(2);

pub(super) const PLAN: usize = 4;

pub(super) fn run(ctx: &Context<'_>, suite: &mut Suite<'_>) {
    suite.result(fmt!("both directions, one tag"), polled(ctx));
    suite.result(fmt!("refused while one is in flight"), busy(ctx));
    suite.result(fmt!("stopped"), stopped(ctx));
    suite.result(fmt!("in the interrupt handler"), in_interrupt(ctx));
}

/// A buffer that is mapped in one of two directions.
enum Data<'a> {
    ToDevice(Mapping<'a, KVec<u8>, ToDevice>),
    FromDevice(Mapping<'a, KVec<u8>, FromDevice>),
}

// SAFETY: Both are `Memory`, and a value stays the same of them.
unsafe impl Memory for Data<'_> {
    // Known only at run time.
    type Direction = ();

    fn device(&self) -> &Device<Bound> {
        match self {
            Self::ToDevice(mapping) => mapping.device(),
            Self::FromDevice(mapping) => mapping.device(),
        }
    }

    fn segments(&self) -> AnySegments<'_> {
        match self {
            Self::ToDevice(mapping) => mapping.segments(),
            Self::FromDevice(mapping) => mapping.segments(),
        }
    }
}

impl<'a> Data<'a> {
    /// Maps a buffer with the pattern for the device to read.
    fn to_device(ctx: &Context<'a>) -> Result<(Self, Place), Stop> {
        let mut buffer = KVec::from_elem(0u8, SIZE, GFP_KERNEL)?;
        pattern::fill(&mut buffer, SEED, 0);

        let mapping = Mapping::map(ctx.dev, buffer, ToDevice)?;
        let place = Place::of(&mapping);
        place.mapped(ctx)?;
        Ok((Self::ToDevice(mapping), place))
    }

    /// Maps a buffer of zeroes for the device to write.
    fn from_device(ctx: &Context<'a>) -> Result<(Self, Place), Stop> {
        let buffer = KVec::from_elem(0u8, SIZE, GFP_KERNEL)?;

        let mapping = Mapping::map(ctx.dev, buffer, FromDevice)?;
        let place = Place::of(&mapping);
        place.mapped(ctx)?;
        Ok((Self::FromDevice(mapping), place))
    }

    /// Unmaps the buffer. Does not sleep.
    fn unmap(self) -> KVec<u8> {
        match self {
            Self::ToDevice(mapping) => mapping.unmap(),
            Self::FromDevice(mapping) => mapping.unmap(),
        }
    }
}

/// Unmaps memory that came back, and compares it with the pattern.
fn compare(ctx: &Context<'_>, data: Data<'_>, place: Place) -> Result<(), Stop> {
    pattern::compare(&data.unmap(), SEED, 0)?;
    Ok(place.unmapped(ctx)?)
}

/// Checks that the device has received the pattern.
fn arrived(ctx: &Context<'_>) -> Result<(), Stop> {
    let mut seen = [0; SIZE];

    fetch(ctx, &mut seen)?;
    Ok(pattern::compare(&seen, SEED, 0)?)
}

type Of<'a> = Channel<'a, &'a Edu<'a>>;
type Ends<'a> = (
    Submitter<Of<'a>, Data<'a>, u32>,
    Completer<Of<'a>, Data<'a>, u32>,
);

/// Returns the ends of a table without commands, and clears the device's buffer.
fn ends<'a>(ctx: &Context<'a>) -> Result<Ends<'a>, Stop> {
    let edu = ctx.edu()?;

    load(ctx, &[0; SIZE])?;
    Ok(in_flight(edu.channel(), DEPTH)?)
}

/// Returns the memory of a command that completed, whose value must be `expected`.
fn accept<'a>(completed: Completed<Data<'a>, u32, Result>, expected: u32) -> Result<Data<'a>> {
    completed.status?;
    if completed.value != expected {
        return Err(EINVAL);
    }
    Ok(completed.memory)
}

/// Polls for the end of a command, and returns its memory.
fn reap<'a>(
    completer: &mut Completer<Of<'a>, Data<'a>, u32>,
    expected: u32,
) -> Result<Data<'a>, Stop> {
    for _ in 0..LOOKS {
        match completer.reap() {
            Some(Ok(completed)) => return Ok(accept(completed, expected)?),
            Some(Err(_)) => return fail("the end of no command in flight"),
            None => fsleep(PAUSE),
        }
    }
    fail("the command does not end")
}

/// Sends and receives with one tag, and checks that memory, value and status come back together.
fn polled(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    let (mut submitter, mut completer) = ends(ctx)?;

    let (data, place) = Data::to_device(ctx)?;
    submitter.submit(1, data, 10, JOB)?;
    if completer.reap().is_some() {
        return fail("a command of 100 ms ended at once");
    }
    compare(ctx, reap(&mut completer, 10)?, place)?;
    arrived(ctx)?;

    let (data, place) = Data::from_device(ctx)?;
    submitter.submit(1, data, 20, JOB)?;
    compare(ctx, reap(&mut completer, 20)?, place)?;
    if completer.reap().is_some() {
        return fail("a command ended twice");
    }

    Ok("submit, reap bidirectional size 512 witness: round trip, iova_to_phys")
}

/// Checks that commands are refused while one is in flight, and their memory comes back.
fn busy(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    let (mut submitter, mut completer) = ends(ctx)?;
    let (first, first_place) = Data::to_device(ctx)?;
    submitter.submit(0, first, 1, JOB)?;

    // The tag is in flight, the device busy, the tag beyond the table.
    for (tag, error) in [(0, EBUSY), (1, EBUSY), (DEPTH as u16, EINVAL)] {
        let (data, place) = Data::to_device(ctx)?;

        match submitter.submit(tag, data, 2, JOB) {
            Ok(()) => return fail("two commands are in flight"),
            Err(err) if err.error != error => return Err(err.into()),
            Err(err) if err.value.1 != 2 => return fail("the value of another command came back"),
            Err(err) => compare(ctx, err.value.0, place)?,
        }
    }
    compare(ctx, reap(&mut completer, 1)?, first_place)?;
    arrived(ctx)?;

    Ok("submit to_device refused with EBUSY and EINVAL witness: buffers intact, round trip")
}

/// Checks that stopping returns what is in flight, after the device is done with it.
fn stopped(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    let (mut submitter, mut completer) = ends(ctx)?;
    let (data, place) = Data::to_device(ctx)?;
    submitter.submit(3, data, 30, JOB)?;

    let mut returned = None;
    submitter.stop(&mut completer, |data, value| {
        returned = Some((data, value));
    })?;
    let Some((data, 30)) = returned else {
        return fail("the command in flight was not returned");
    };
    // `edu` cannot stop a transfer, and has received all data.
    compare(ctx, data, place)?;
    arrived(ctx)?;
    if completer.reap().is_some() {
        return fail("a command ended twice");
    }

    // Both ends can be used again, with the same tag.
    let (data, place) = Data::from_device(ctx)?;
    submitter.submit(3, data, 31, JOB)?;
    compare(ctx, reap(&mut completer, 31)?, place)?;

    Ok("stop to_device size 512 witness: round trip, iova_to_phys")
}

/// The numbers that several chains count.
struct Counts {
    in_flight: Atomic<usize>,
    /// Whether two commands were in flight at once.
    overlapped: Atomic<bool>,
    /// The number of chains that have ended.
    ended: Atomic<usize>,
}

impl Counts {
    fn new() -> Self {
        Self {
            in_flight: Atomic::new(0),
            overlapped: Atomic::new(false),
            ended: Atomic::new(0),
        }
    }

    /// Waits until `chains` chains have ended.
    fn wait(&self, chains: usize) {
        for _ in 0..LOOKS {
            if self.ended.load(Acquire) == chains {
                break;
            }
            fsleep(PAUSE);
        }
    }
}

/// Two commands of one device, to it and back. The interrupt handler submits each, reaps it and
/// unmaps its memory.
struct Chain<'a> {
    edu: &'a Edu<'a>,
    ends: Ends<'a>,
    commands: [Option<Data<'a>>; 2],
    places: [Place; 2],
    buffers: [Option<KVec<u8>>; 2],
    /// The index of the command that is in flight, or the next one.
    index: usize,
    result: Result,
}

impl<'a> Chain<'a> {
    fn new(ctx: &Context<'a>) -> Result<Self, Stop> {
        let ends = ends(ctx)?;
        let (sent, sent_place) = Data::to_device(ctx)?;
        let (received, received_place) = Data::from_device(ctx)?;

        Ok(Self {
            edu: ctx.edu()?,
            ends,
            commands: [Some(sent), Some(received)],
            places: [sent_place, received_place],
            buffers: [None, None],
            index: 0,
            result: Ok(()),
        })
    }

    /// Handles an interrupt.
    fn step(&mut self, counts: &Counts) -> Result {
        let (submitter, completer) = &mut self.ends;

        while let Some(completed) = completer.reap() {
            counts.in_flight.fetch_sub(1, Full);
            // CAST: Far less than 32 bits.
            let data = accept(completed.map_err(|_| EINVAL)?, self.index as u32)?;

            *self.buffers.get_mut(self.index).ok_or(EINVAL)? = Some(data.unmap());
            self.index += 1;
        }
        // The slot is empty while the command is in flight.
        if let Some(data) = self.commands.get_mut(self.index).and_then(Option::take) {
            // CAST: Far less than 32 bits.
            submitter.submit(2, data, self.index as u32, JOB)?;
            if counts.in_flight.fetch_add(1, Full) != 0 {
                counts.overlapped.store(true, Relaxed);
            }
        }
        Ok(())
    }

    /// Checks that both commands have ended, with the right data.
    fn check(self, ctx: &Context<'_>) -> Result<(), Stop> {
        self.result?;
        for (buffer, place) in self.buffers.into_iter().zip(self.places) {
            let Some(buffer) = buffer else {
                return fail("a command does not end in the interrupt handler");
            };
            pattern::compare(&buffer, SEED, 0)?;
            place.unmapped(ctx)?;
        }
        Ok(())
    }
}

/// Calls `f` while the chain handles each interrupt of its device.
fn handled<R>(chain: &mut Chain<'_>, counts: &Counts, f: impl FnOnce() -> R) -> R {
    let edu = chain.edu;
    let mut hook = || {
        if chain.result.is_ok() && chain.index < chain.buffers.len() {
            chain.result = chain.step(counts);
            if chain.result.is_err() || chain.index == chain.buffers.len() {
                counts.ended.fetch_add(1, Full);
            }
        }
    };

    edu.with_hook(&mut hook, || {
        // The first command is submitted in this interrupt, the second in that of the first.
        edu.raise(DMA_INTERRUPT);
        f()
    })
}

/// Submits, reaps and unmaps in the interrupt handler.
fn in_interrupt(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    let mut chain = Chain::new(ctx)?;
    let counts = Counts::new();

    handled(&mut chain, &counts, || counts.wait(1));
    chain.check(ctx)?;

    Ok("submit, reap, dma_unmap_single size 512 witness: round trip, iova_to_phys, 3 interrupts")
}

/// Has commands in flight on two devices at once, each in its interrupt handler.
pub(super) fn on_both(here: &Context<'_>, there: &Context<'_>) -> Result<&'static str, Stop> {
    let mut chains = (Chain::new(here)?, Chain::new(there)?);
    let counts = Counts::new();

    handled(&mut chains.0, &counts, || {
        handled(&mut chains.1, &counts, || counts.wait(2));
    });
    chains.0.check(here)?;
    chains.1.check(there)?;
    if !counts.overlapped.load(Relaxed) {
        return fail("one device was idle while the other was busy");
    }

    Ok("submit, reap, dma_unmap_single size 512 witness: round trip, iova_to_phys, 2 in flight")
}
