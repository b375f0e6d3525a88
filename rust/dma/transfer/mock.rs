// SPDX-License-Identifier: GPL-2.0

//! A mock engine, which follows a script and records what happens.

use super::Transfer;
use crate::dma::{
    AnySegments,
    Bidirectional,
    CommandId,
    DeviceReads,
    DeviceWrites,
    Direction,
    Engine,
    ErrorWith,
    Memory,
    Opened,
    Range,
    Untrusted,
    Wait, //
};
use core::{
    cell::Cell,
    ffi::CStr,
    marker::PhantomData,
    ops, //
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    dma::{
        DataDirection,
        DmaAddress, //
    },
    faux,
    prelude::*,
    time::Delta, //
};

pub(super) const START: DmaAddress = 0xffff_e000;
pub(super) const SIZE: usize = 4096;

/// An event, to check the order.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Event {
    /// A command with this address, length and number was prepared.
    Read(DmaAddress, usize, u32),
    Write(DmaAddress, usize, u32),
    Issue(u32),
    Commit,
    Wait,
    Stop,
    StateDropped,
    MemoryDropped,
    EngineDropped,
}

/// The events at the start of a transfer of all bytes.
pub(super) const STARTED: [Event; 3] = [
    Event::Read(START, SIZE, 1),
    Event::Issue(1),
    Event::Commit, //
];

/// The results that the engine will return next, and the events so far.
struct Script {
    open: Cell<Result>,
    prepare: Cell<Result>,
    /// Taken by `next_completion()`, the last one first.
    completions: Cell<[Option<(u16, Result)>; 2]>,
    /// The identifier that is completed again and again.
    always: Cell<Option<u16>>,
    wait: Cell<Error>,
    stop: Cell<Result>,
    events: Cell<[Option<Event>; 16]>,
}

impl Script {
    /// Adds an event. Without room for it there are more than any test expects.
    fn add(&self, event: Event) {
        let mut events = self.events.get();

        if let Some(entry) = events.iter_mut().find(|entry| entry.is_none()) {
            *entry = Some(event);
        }
        self.events.set(events);
    }
}

/// A device with a script.
pub(super) struct Fixture {
    device: faux::Registration,
    script: Script,
}

type Started<'a, D> = Result<Transfer<Mock<'a>, Nowhere<'a, D>>, ErrorWith<Nowhere<'a, D>>>;

impl Fixture {
    pub(super) fn new(name: &CStr) -> Result<Self> {
        Ok(Self {
            device: faux::Registration::new(name, None)?,
            script: Script {
                open: Cell::new(Ok(())),
                prepare: Cell::new(Ok(())),
                completions: Cell::new([None; 2]),
                always: Cell::new(None),
                // Only the test can change what would be waited for.
                wait: Cell::new(ETIMEDOUT),
                stop: Cell::new(Ok(())),
                events: Cell::new([None; 16]),
            },
        })
    }

    /// Sets the result of [`Engine::open`].
    pub(super) fn open(&self, result: Result) {
        self.script.open.set(result);
    }

    /// Sets the result of [`Engine::prepare`].
    pub(super) fn prepare(&self, result: Result) {
        self.script.prepare.set(result);
    }

    /// Sets the error of [`Wait::wait`].
    pub(super) fn wait(&self, error: Error) {
        self.script.wait.set(error);
    }

    /// Sets the result of [`Engine::stop`].
    pub(super) fn stop(&self, result: Result) {
        self.script.stop.set(result);
    }

    /// Makes the engine complete the transfer.
    pub(super) fn complete(&self, result: Result) {
        self.complete_all([Some((0, result)), None]);
    }

    /// Makes the engine return completions, the last one first.
    pub(super) fn complete_all(&self, completions: [Option<(u16, Result)>; 2]) {
        self.script.completions.set(completions);
    }

    /// Makes the engine complete this identifier again and again.
    pub(super) fn complete_always(&self, id: Option<u16>) {
        self.script.always.set(id);
    }

    /// Returns whether these and no other events have happened since the last call.
    pub(super) fn saw(&self, expected: &[Event]) -> bool {
        self.script.events.take().iter().flatten().eq(expected)
    }

    fn bound(&self) -> &Device<Bound> {
        let faux: &faux::Device<Bound> = self.device.as_ref();

        faux.as_ref()
    }

    pub(super) fn memory(&self) -> Nowhere<'_, Bidirectional> {
        self.memory_for()
    }

    pub(super) fn memory_for<D>(&self) -> Nowhere<'_, D> {
        Nowhere {
            dev: self.bound(),
            script: &self.script,
            _direction: PhantomData,
        }
    }

    fn engine(&self) -> Mock<'_> {
        Mock {
            dev: self.bound(),
            script: &self.script,
        }
    }

    /// Starts a transfer of memory to the device.
    pub(super) fn start_to_device<'a, D: DeviceReads>(
        &'a self,
        memory: Nowhere<'a, D>,
        range: ops::Range<usize>,
        number: u32,
    ) -> Started<'a, D> {
        Transfer::to_device(self.engine(), memory, range, number)
    }

    /// Starts a transfer of memory from the device.
    pub(super) fn start_from_device<'a, D: DeviceWrites>(
        &'a self,
        memory: Nowhere<'a, D>,
        range: ops::Range<usize>,
        number: u32,
    ) -> Started<'a, D> {
        Transfer::from_device(self.engine(), memory, range, number)
    }

    /// Starts a transfer of all bytes to the device.
    pub(super) fn start(&self) -> Result<Transfer<Mock<'_>, Nowhere<'_, Bidirectional>>> {
        let transfer = self.start_to_device(self.memory(), 0..SIZE, 1)?;

        assert!(self.saw(&STARTED));
        Ok(transfer)
    }
}

/// An engine that accesses nothing.
pub(super) struct Mock<'a> {
    dev: &'a Device<Bound>,
    script: &'a Script,
}

/// A state of a [`Mock`].
pub(super) struct State<'a>(&'a Script);

// SAFETY: No device is given an address, whatever the engine returns.
unsafe impl<'a> Engine for Mock<'a> {
    type Command = u32;
    type Entry = u32;
    type Status = Result;
    type Submission = State<'a>;
    type Completion = ();

    const TAG_BITS: u32 = 16;

    fn device(&self) -> &Device<Bound> {
        self.dev
    }

    unsafe fn open(&mut self) -> Result<(State<'a>, ())> {
        self.script.open.get()?;
        Ok((State(self.script), ()))
    }

    unsafe fn prepare(
        &self,
        _: &mut Opened<State<'a>>,
        _: CommandId,
        segments: AnySegments<'_>,
        number: u32,
    ) -> Result<u32> {
        let (direction, addr, len) = segments.single().ok_or(EINVAL)?;
        // SAFETY: No device is given the number.
        let addr = unsafe { addr.as_raw() };

        self.script.add(match direction {
            DataDirection::ToDevice => Event::Read(addr, len, number),
            DataDirection::FromDevice => Event::Write(addr, len, number),
            _ => return Err(EINVAL),
        });
        self.script.prepare.get()?;
        Ok(number)
    }

    unsafe fn issue(&self, _: &mut Opened<State<'a>>, number: u32) {
        self.script.add(Event::Issue(number));
    }

    fn commit(&self, _: &mut Opened<State<'a>>) {
        self.script.add(Event::Commit);
    }

    fn next_completion(&self, _: &mut Opened<()>) -> Option<(Untrusted<u16>, Result)> {
        let [first, second] = self.script.completions.replace([None; 2]);

        self.script.completions.set(match second {
            Some(_) => [first, None],
            None => [None; 2],
        });
        let always = self.script.always.get().map(|id| (id, Ok(())));
        let (id, result) = second.or(first).or(always)?;
        Some((Untrusted::new(id), result))
    }

    fn stop(&self, _: &mut Opened<State<'a>>, _: &mut Opened<()>) -> Result {
        self.script.add(Event::Stop);
        self.script.stop.get()
    }
}

impl Wait for Mock<'_> {
    fn wait(&self, _: Delta) -> Result {
        self.script.add(Event::Wait);
        Err(self.script.wait.get())
    }
}

impl Drop for Mock<'_> {
    fn drop(&mut self) {
        self.script.add(Event::EngineDropped);
    }
}

impl Drop for State<'_> {
    fn drop(&mut self) {
        self.0.add(Event::StateDropped);
    }
}

/// `SIZE` bytes from `START` on, where no memory is.
pub(super) struct Nowhere<'a, D> {
    dev: &'a Device<Bound>,
    script: &'a Script,
    _direction: PhantomData<D>,
}

// SAFETY: There is no memory, and no device is given the address.
unsafe impl<D: Direction> Memory for Nowhere<'_, D> {
    type Direction = D;

    fn device(&self) -> &Device<Bound> {
        self.dev
    }

    fn segments(&self) -> AnySegments<'_> {
        // SAFETY: As above.
        unsafe { Range::<'_, D>::new(START, SIZE) }.into()
    }
}

impl<D> Drop for Nowhere<'_, D> {
    fn drop(&mut self) {
        self.script.add(Event::MemoryDropped);
    }
}
