// SPDX-License-Identifier: GPL-2.0

//! The device at work: an engine that moves data, and a transfer in flight.
//!
//! That a transfer is over, and the device will not touch the memory again, is the one thing that no
//! type can know. The author of the engine promises it once, by implementing [`Engine`]; starting,
//! waiting, timing out and taking the buffer back are safe from then on.

use super::{
    direction::{
        DeviceReads,
        DeviceWrites,
        Direction,
        FromDevice,
        ToDevice, //
    },
    span::Span, //
};
use core::{
    fmt,
    mem::ManuallyDrop,
    ops::Range, //
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    prelude::*,
    sync::Arc,
    time::Msecs, //
};

/// Memory that a transfer can be given.
///
/// # Safety
///
/// - [`DeviceMemory::span`] is mapped for [`DeviceMemory::device`] and the direction until `self` is
///   dropped, wherever it is moved to, and for ever if it is forgotten. So `self` owns the mapping, and
///   borrows nothing that could undo it. Both are the same at every call.
/// - The CPU reaches the memory through `self` only, and `self` holds no reference or box to it. That
///   is so for ever if `self` is forgotten.
/// - All bytes of the memory are initialized. If the device may write to it, what `self` shows of it is
///   valid whatever the bytes are.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be given to a transfer",
    label = "not memory that the transfer would own",
    note = "a transfer owns what the device uses until it is over: give it the `Mapping` or \
            `CoherentMemory` itself, and take it back from `wait` or `abort`"
)]
pub unsafe trait DeviceMemory {
    /// The direction for which the memory is mapped.
    type Direction: Direction;

    /// The device for which the memory is mapped.
    fn device(&self) -> &Device<Bound>;

    /// What a device is told of all of it.
    fn span(&self) -> Span<'_, Self::Direction>;
}

/// How far a transfer has got.
pub enum Progress {
    /// The device is not done with the memory.
    Pending,
    /// The device says that it has moved all bytes, and is done with the memory.
    Done,
    /// The device gave up, and is done with the memory.
    Failed(Error),
}

/// A part of a device that moves data between its own memory and the system's.
///
/// # Safety
///
/// - [`Engine::device`] is the device that accesses memory, and is always the same. The engine may be
///   moved between a start and the end of the transfer, and to another thread if it is [`Send`].
/// - It accesses system memory only within the span that it was started with, reads it if it was
///   started by [`Engine::start_read`] and writes it if by [`Engine::start_write`]; or else memory,
///   such as descriptors, that the engine keeps allocated and mapped until the device is done with
///   it, even if a [`Transfer`] was forgotten or the engine itself is dropped.
/// - An access to a span happens only after a start that returned [`Ok`], and not any more once
///   [`Engine::wait`] for its token returned [`Progress::Done`] or [`Progress::Failed`], or
///   [`Engine::abort`] returned [`Ok`].
/// - What the CPU wrote before a start is visible to the device when it begins, and what the device
///   wrote is ordered before what the CPU reads after it was told of the end. The accessors of
///   [`kernel::io`] for MMIO have the barriers for that; an engine with descriptors in coherent
///   memory needs [`dma_mb(Write)`](kernel::sync::barrier::dma_mb) before it hands one over and
///   `dma_mb(Read)` after it gets one back.
pub unsafe trait Engine {
    /// What the engine has to know besides the memory: where in the device the data goes or comes
    /// from, for example.
    type Job;

    /// What identifies a transfer that was started.
    type Token;

    /// The device that accesses the memory.
    fn device(&self) -> &Device<Bound>;

    /// Starts a transfer from memory to the device.
    ///
    /// # Safety
    ///
    /// The memory of `from` is mapped for [`Engine::device`] and stays so, and the CPU does not write to
    /// it, until [`Engine::wait`] or
    /// [`Engine::abort`] has said that the device is done with it. [`Transfer`] sees to that.
    unsafe fn start_read(&self, from: Span<'_, ToDevice>, job: Self::Job) -> Result<Self::Token>;

    /// Starts a transfer from the device to memory.
    ///
    /// # Safety
    ///
    /// The memory of `to` is mapped for [`Engine::device`] and stays so, and the CPU does not access it,
    /// until [`Engine::wait`] or
    /// [`Engine::abort`] has said that the device is done with it. [`Transfer`] sees to that.
    unsafe fn start_write(&self, to: Span<'_, FromDevice>, job: Self::Job) -> Result<Self::Token>;

    /// Waits until the transfer is over, for `timeout` milliseconds at most. May sleep.
    ///
    /// # Safety
    ///
    /// `token` is from a start of `self`, and that transfer has not been reported as over yet.
    unsafe fn wait(&self, token: &mut Self::Token, timeout: Msecs) -> Progress;

    /// Makes the device stop the transfer, or waits until it has ended on its own. May sleep.
    ///
    /// Returns an error if the device may still access the memory.
    ///
    /// # Safety
    ///
    /// `token` is from a start of `self`, and that transfer has not been reported as over yet.
    unsafe fn abort(&self, token: &mut Self::Token) -> Result;
}

/// The methods of an engine, for a pointer to it.
macro_rules! forward {
    () => {
        type Job = E::Job;
        type Token = E::Token;

        #[inline(always)]
        fn device(&self) -> &Device<Bound> {
            (**self).device()
        }

        #[inline(always)]
        unsafe fn start_read(&self, from: Span<'_, ToDevice>, job: E::Job) -> Result<E::Token> {
            // SAFETY: By the caller's promise, which is the same.
            unsafe { (**self).start_read(from, job) }
        }

        #[inline(always)]
        unsafe fn start_write(&self, to: Span<'_, FromDevice>, job: E::Job) -> Result<E::Token> {
            // SAFETY: By the caller's promise, which is the same.
            unsafe { (**self).start_write(to, job) }
        }

        #[inline(always)]
        unsafe fn wait(&self, token: &mut E::Token, timeout: Msecs) -> Progress {
            // SAFETY: By the caller's promise, which is the same.
            unsafe { (**self).wait(token, timeout) }
        }

        #[inline(always)]
        unsafe fn abort(&self, token: &mut E::Token) -> Result {
            // SAFETY: By the caller's promise, which is the same.
            unsafe { (**self).abort(token) }
        }
    };
}

// SAFETY: This is the same engine, borrowed: the reference leads to no other as long as it lives.
unsafe impl<E: Engine> Engine for &E {
    forward!();
}

// SAFETY: This is the same engine, shared: the pointer leads to no other as long as it lives.
unsafe impl<E: Engine> Engine for Arc<E> {
    forward!();
}

/// A transfer in flight: the device is using the memory, which this value owns.
///
/// The engine is borrowed (`&E`), or shared (`Arc<E>`) by a driver that keeps transfers in its own data.
///
/// [`Transfer::wait`] gives the memory back. Dropping a transfer aborts it first, which may sleep, and
/// leaks the memory if the device cannot be stopped: it must not be freed then. So the memory is safe
/// whether a transfer is dropped or forgotten.
///
/// # Examples
///
/// ```
/// use kernel::prelude::*;
/// use safe_dma::dma::{
///     buffer::Buffer,
///     direction::ToDevice,
///     streaming::Mapping,
///     transfer::{
///         Engine,
///         Transfer,
///         WaitError, //
///     }, //
/// };
///
/// /// Sends a buffer and returns it, however it ends.
/// fn send<'bound, E: Engine, B: Buffer>(
///     engine: &E,
///     memory: Mapping<'bound, B, ToDevice>,
///     job: E::Job,
/// ) -> Result<Mapping<'bound, B, ToDevice>> {
///     let len = memory.span().len();
///     let transfer = Transfer::read(engine, memory, 0..len, job)?;
///
///     match transfer.wait(1000) {
///         Ok(memory) => Ok(memory),
///         Err(WaitError::Failed(error, _memory)) => Err(error),
///         // Still in flight, and not lost: dropping it aborts it.
///         Err(WaitError::TimedOut(_transfer)) => Err(ETIMEDOUT),
///     }
/// }
/// ```
///
/// # Invariants
///
/// `engine` was started with a span of `memory`, returned `token` for it, and has not been seen to be
/// done with it.
pub struct Transfer<E: Engine, M: DeviceMemory> {
    engine: E,
    token: ManuallyDrop<E::Token>,
    memory: ManuallyDrop<M>,
}

/// A transfer that could not be started.
///
/// Converts into the bare [`Error`], dropping the memory, so that `?` works.
pub struct StartError<M> {
    /// Why: [`EINVAL`] if the range is empty or not within the memory, or if the memory is mapped for
    /// another device; or what the engine said.
    pub error: Error,
    /// The memory, which no device has been given.
    pub memory: M,
}

impl<M> From<StartError<M>> for Error {
    fn from(err: StartError<M>) -> Self {
        err.error
    }
}

impl<M> fmt::Debug for StartError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StartError")
            .field("error", &self.error)
            .finish_non_exhaustive()
    }
}

/// A transfer that did not complete.
///
/// Converts into the bare [`Error`], dropping what it holds, so that `?` works.
pub enum WaitError<E: Engine, M: DeviceMemory> {
    /// The time is up, and the transfer still in flight: wait again, or [`Transfer::abort`] it.
    TimedOut(Transfer<E, M>),
    /// The device gave up; the memory is no longer in use.
    Failed(Error, M),
}

impl<E: Engine, M: DeviceMemory> From<WaitError<E, M>> for Error {
    fn from(err: WaitError<E, M>) -> Self {
        match err {
            WaitError::TimedOut(_) => ETIMEDOUT,
            WaitError::Failed(error, _) => error,
        }
    }
}

/// A transfer that could not be stopped.
///
/// Converts into the bare [`Error`], dropping the transfer, so that `?` works.
pub struct AbortError<E: Engine, M: DeviceMemory> {
    /// Why, as the engine said.
    pub error: Error,
    /// The transfer, still in flight.
    pub transfer: Transfer<E, M>,
}

impl<E: Engine, M: DeviceMemory> From<AbortError<E, M>> for Error {
    fn from(err: AbortError<E, M>) -> Self {
        err.error
    }
}

impl<E: Engine, M: DeviceMemory> Transfer<E, M> {
    /// Starts a transfer of the bytes of `range` from memory to the device.
    ///
    /// # Errors
    ///
    /// The memory comes back with the error; see [`StartError`].
    pub fn read(
        engine: E,
        memory: M,
        range: Range<usize>,
        job: E::Job,
    ) -> Result<Self, StartError<M>>
    where
        M::Direction: DeviceReads,
    {
        Self::start(engine, memory, range, |engine, span| {
            // SAFETY: `start()` has seen that the memory is mapped for the engine's device. If this
            // succeeds, it puts the memory into the transfer, which gives it back when the engine says
            // that it is over. Nothing reaches the memory there, nor unmaps it.
            unsafe { engine.start_read(span.for_reading(), job) }
        })
    }

    /// Starts a transfer of the bytes of `range` from the device to memory.
    ///
    /// # Errors
    ///
    /// The memory comes back with the error; see [`StartError`].
    pub fn write(
        engine: E,
        memory: M,
        range: Range<usize>,
        job: E::Job,
    ) -> Result<Self, StartError<M>>
    where
        M::Direction: DeviceWrites,
    {
        Self::start(engine, memory, range, |engine, span| {
            // SAFETY: `start()` has seen that the memory is mapped for the engine's device. If this
            // succeeds, it puts the memory into the transfer, which gives it back when the engine says
            // that it is over. Nothing reaches the memory there, nor unmaps it.
            unsafe { engine.start_write(span.for_writing(), job) }
        })
    }

    /// Starts a transfer of the bytes of `range` by `start`, which hands the span to the engine.
    ///
    /// The memory is put where nothing can reach it before the transfer is over.
    fn start(
        engine: E,
        memory: M,
        range: Range<usize>,
        start: impl FnOnce(&E, Span<'_, M::Direction>) -> Result<E::Token>,
    ) -> Result<Self, StartError<M>> {
        // An address means something else, or somebody else's memory, to another device.
        let same_device = core::ptr::eq(engine.device(), memory.device());

        let started = match memory.span().slice(range) {
            Some(span) if same_device && !span.is_empty() => start(&engine, span),
            _ => Err(EINVAL),
        };

        // INVARIANT: `engine` was just started with a span of `memory`.
        match started {
            Ok(token) => Ok(Self {
                engine,
                token: ManuallyDrop::new(token),
                memory: ManuallyDrop::new(memory),
            }),
            Err(error) => Err(StartError { error, memory }),
        }
    }

    /// Waits until the transfer is over, for `timeout` milliseconds at most, and returns the memory.
    ///
    /// May sleep.
    ///
    /// # Errors
    ///
    /// Nothing is lost: see [`WaitError`].
    pub fn wait(mut self, timeout: Msecs) -> Result<M, WaitError<E, M>> {
        // SAFETY: By the invariants.
        match unsafe { self.engine.wait(&mut self.token, timeout) } {
            Progress::Pending => Err(WaitError::TimedOut(self)),
            // SAFETY: The engine says that the device is done with the memory.
            Progress::Done => Ok(unsafe { self.into_memory() }),
            Progress::Failed(error) => Err(WaitError::Failed(
                error,
                // SAFETY: The engine says that the device is done with the memory.
                unsafe { self.into_memory() },
            )),
        }
    }

    /// Stops the transfer, and returns the memory; what is in it is not known.
    ///
    /// May sleep.
    ///
    /// # Errors
    ///
    /// If the device cannot be stopped, the transfer comes back, still in flight, with what the engine
    /// said.
    pub fn abort(mut self) -> Result<M, AbortError<E, M>> {
        // SAFETY: By the invariants.
        match unsafe { self.engine.abort(&mut self.token) } {
            // SAFETY: The engine says that the device is done with the memory.
            Ok(()) => Ok(unsafe { self.into_memory() }),
            Err(error) => Err(AbortError {
                error,
                transfer: self,
            }),
        }
    }

    /// Leaves the memory to the device, for ever.
    pub(super) fn leak(self) {
        ManuallyDrop::new(self).report_leak();
    }

    fn report_leak(&self) {
        dev_err!(
            self.engine.device(),
            "a transfer cannot be stopped: its memory stays mapped and allocated\n"
        );
    }

    /// Takes the memory out of a transfer that is over.
    ///
    /// # Safety
    ///
    /// The device does not access the memory any more.
    unsafe fn into_memory(self) -> M {
        let mut this = ManuallyDrop::new(self);

        // SAFETY: `this` is not dropped nor used again, so that the token is dropped once.
        unsafe { ManuallyDrop::drop(&mut this.token) };

        // SAFETY: As above, so that the engine is dropped once.
        unsafe { core::ptr::drop_in_place(&mut this.engine) };

        // SAFETY: As above, so that the memory is taken once.
        unsafe { ManuallyDrop::take(&mut this.memory) }
    }
}

impl<E: Engine, M: DeviceMemory> Drop for Transfer<E, M> {
    fn drop(&mut self) {
        // SAFETY: By the invariants; a transfer that was over has been taken apart, and not dropped.
        match unsafe { self.engine.abort(&mut self.token) } {
            // SAFETY: The engine says that the device is done with the memory, and with what the token
            // may own. `self` is not used after its drop.
            Ok(()) => unsafe {
                ManuallyDrop::drop(&mut self.token);
                ManuallyDrop::drop(&mut self.memory);
            },
            Err(_) => self.report_leak(),
        }
    }
}

#[kunit_tests(safe_dma_transfer)]
mod tests {
    use super::{
        super::direction::Bidirectional,
        *, //
    };
    use core::{
        cell::Cell,
        marker::PhantomData,
        mem, //
    };
    use kernel::{
        dma::DmaAddress,
        faux, //
    };

    const START: DmaAddress = 0xffff_e000;
    const SIZE: usize = 4096;

    /// What happened, in order.
    #[derive(Clone, Copy, PartialEq)]
    enum Event {
        /// A start with this address, length and job; the token is the job.
        Read(DmaAddress, usize, u32),
        Write(DmaAddress, usize, u32),
        /// For this token, for so long.
        Wait(u32, Msecs),
        Abort(u32),
        TokenDropped(u32),
        MemoryDropped,
        EngineDropped,
    }

    use Event::*;

    /// What the engine will say next, and what has happened to it, its tokens and its memory.
    struct Script {
        start: Cell<Result>,
        /// Taken by a wait; then it is [`Progress::Pending`] again.
        progress: Cell<Progress>,
        abort: Cell<Result>,
        events: Cell<[Option<Event>; 16]>,
    }

    impl Script {
        fn new() -> Self {
            Self {
                start: Cell::new(Ok(())),
                progress: Cell::new(Progress::Pending),
                abort: Cell::new(Ok(())),
                events: Cell::new([None; 16]),
            }
        }

        /// Adds an event. When there is no place left, there are more than any test expects.
        fn add(&self, event: Event) {
            let mut events = self.events.get();

            if let Some(place) = events.iter_mut().find(|place| place.is_none()) {
                *place = Some(event);
            }
            self.events.set(events);
        }

        /// Whether these and no other events have happened.
        fn saw(&self, expected: &[Event]) -> bool {
            self.events.get().iter().flatten().eq(expected)
        }

        fn engine<'a>(&'a self, device: &'a faux::Registration) -> Mock<'a> {
            Mock {
                dev: bound(device),
                script: self,
            }
        }

        fn memory<'a>(&'a self, device: &'a faux::Registration) -> Memory<'a, Bidirectional> {
            self.memory_for(device)
        }

        fn memory_for<'a, D>(&'a self, device: &'a faux::Registration) -> Memory<'a, D> {
            Memory {
                dev: bound(device),
                script: self,
                _direction: PhantomData,
            }
        }
    }

    /// The device of a registration.
    fn bound(registration: &faux::Registration) -> &Device<Bound> {
        let faux: &faux::Device<Bound> = registration.as_ref();

        faux.as_ref()
    }

    /// An engine that moves nothing, says what it is told to, and writes down what it is asked for.
    struct Mock<'a> {
        dev: &'a Device<Bound>,
        script: &'a Script,
    }

    /// The token of a [`Mock`].
    struct Token<'a> {
        number: u32,
        script: &'a Script,
    }

    // SAFETY: The device is always the same, and is no hardware: it never accesses any memory, whatever
    // the engine says.
    unsafe impl<'a> Engine for Mock<'a> {
        type Job = u32;
        type Token = Token<'a>;

        fn device(&self) -> &Device<Bound> {
            self.dev
        }

        unsafe fn start_read(&self, from: Span<'_, ToDevice>, job: u32) -> Result<Token<'a>> {
            self.script.add(Read(address(from), from.len(), job));
            self.script.start.get().map(|()| Token {
                number: job,
                script: self.script,
            })
        }

        unsafe fn start_write(&self, to: Span<'_, FromDevice>, job: u32) -> Result<Token<'a>> {
            self.script.add(Write(address(to), to.len(), job));
            self.script.start.get().map(|()| Token {
                number: job,
                script: self.script,
            })
        }

        unsafe fn wait(&self, token: &mut Token<'a>, timeout: Msecs) -> Progress {
            self.script.add(Wait(token.number, timeout));
            self.script.progress.replace(Progress::Pending)
        }

        unsafe fn abort(&self, token: &mut Token<'a>) -> Result {
            self.script.add(Abort(token.number));
            self.script.abort.get()
        }
    }

    impl Drop for Mock<'_> {
        fn drop(&mut self) {
            self.script.add(EngineDropped);
        }
    }

    impl Drop for Token<'_> {
        fn drop(&mut self) {
            self.script.add(TokenDropped(self.number));
        }
    }

    /// `SIZE` bytes from `START` on, which are nowhere.
    struct Memory<'a, D> {
        dev: &'a Device<Bound>,
        script: &'a Script,
        _direction: PhantomData<D>,
    }

    // SAFETY: There is no memory that the CPU could reach, and nobody reaches for it by the span: it is
    // given to a `Mock` at the most.
    unsafe impl<D: Direction> DeviceMemory for Memory<'_, D> {
        type Direction = D;

        fn device(&self) -> &Device<Bound> {
            self.dev
        }

        fn span(&self) -> Span<'_, D> {
            // SAFETY: No device is given the span: see above.
            unsafe { Span::new(START, SIZE) }
        }
    }

    impl<D> Drop for Memory<'_, D> {
        fn drop(&mut self) {
            self.script.add(MemoryDropped);
        }
    }

    fn address<D: Direction>(span: Span<'_, D>) -> DmaAddress {
        // SAFETY: No device is given the number.
        unsafe { span.address().as_raw() }
    }

    #[test]
    fn range_is_what_the_engine_gets() -> Result {
        let here = faux::Registration::new(c"safe_dma_range", None)?;

        for range in [0..SIZE, 0..1, SIZE - 1..SIZE, 100..300] {
            let script = Script::new();
            let engine = script.engine(&here);
            let (addr, len) = (START + range.start as DmaAddress, range.len());

            let transfer = Transfer::read(&engine, script.memory(&here), range.clone(), 1)?;
            assert!(script.saw(&[Read(addr, len, 1)]));
            mem::forget(transfer);

            let transfer = Transfer::write(&engine, script.memory(&here), range, 2)?;
            assert!(script.saw(&[Read(addr, len, 1), Write(addr, len, 2)]));
            mem::forget(transfer);
        }
        Ok(())
    }

    #[test]
    fn range_refused() -> Result {
        let here = faux::Registration::new(c"safe_dma_refused", None)?;

        for (start, end) in [
            (0, 0),
            (SIZE, SIZE),
            (2, 1),
            (0, SIZE + 1),
            (SIZE, SIZE + 1),
            (SIZE + 1, SIZE + 2),
            (0, usize::MAX),
            (usize::MAX - 1, usize::MAX),
            (usize::MAX, 0),
            (usize::MAX, 1),
        ] {
            let script = Script::new();
            let engine = script.engine(&here);

            let Err(err) = Transfer::read(&engine, script.memory(&here), start..end, 0) else {
                return Err(EINVAL);
            };
            // Nothing has started, and the memory is at hand.
            assert!(err.error == EINVAL && script.saw(&[]));
            let Err(err) = Transfer::write(&engine, err.memory, start..end, 0) else {
                return Err(EINVAL);
            };
            assert!(err.error == EINVAL && script.saw(&[]));

            drop(err);
            assert!(script.saw(&[MemoryDropped]));
        }
        Ok(())
    }

    #[test]
    fn memory_of_another_device_refused() -> Result {
        let here = faux::Registration::new(c"safe_dma_here", None)?;
        let there = faux::Registration::new(c"safe_dma_there", None)?;
        let script = Script::new();
        let engine = script.engine(&here);

        let Err(err) = Transfer::read(&engine, script.memory(&there), 0..SIZE, 0) else {
            return Err(EIO);
        };
        assert!(err.error == EINVAL && script.saw(&[]));
        let Err(err) = Transfer::write(&engine, err.memory, 0..SIZE, 0) else {
            return Err(EIO);
        };
        assert!(err.error == EINVAL && script.saw(&[]));

        // It was the device: the same memory is good for an engine of its own.
        let engine = script.engine(&there);
        mem::forget(Transfer::read(&engine, err.memory, 0..SIZE, 5)?);
        assert!(script.saw(&[Read(START, SIZE, 5)]));
        Ok(())
    }

    #[test]
    fn start_error_returns_the_memory() -> Result {
        let here = faux::Registration::new(c"safe_dma_start_error", None)?;
        let script = Script::new();
        script.start.set(Err(EBUSY));

        let Err(err) = Transfer::read(script.engine(&here), script.memory(&here), 0..SIZE, 1)
        else {
            return Err(EIO);
        };
        assert!(err.error == EBUSY);
        // No token was made, nothing is stopped, the engine is gone.
        assert!(script.saw(&[Read(START, SIZE, 1), EngineDropped]));

        let engine = script.engine(&here);
        let Err(err) = Transfer::write(&engine, err.memory, 0..SIZE, 2) else {
            return Err(EIO);
        };
        assert!(err.error == EBUSY);
        assert!(script.saw(&[Read(START, SIZE, 1), EngineDropped, Write(START, SIZE, 2)]));

        // And good for another start.
        script.start.set(Ok(()));
        mem::forget(Transfer::read(&engine, err.memory, 0..1, 3)?);
        assert!(script.saw(&[
            Read(START, SIZE, 1),
            EngineDropped,
            Write(START, SIZE, 2),
            Read(START, 1, 3),
        ]));
        Ok(())
    }

    #[test]
    fn done_returns_the_memory() -> Result {
        let here = faux::Registration::new(c"safe_dma_done", None)?;
        let script = Script::new();
        let over = [
            Read(START, SIZE, 1),
            Wait(1, 1000),
            TokenDropped(1),
            EngineDropped,
        ];

        let transfer = Transfer::read(script.engine(&here), script.memory(&here), 0..SIZE, 1)?;
        script.progress.set(Progress::Done);
        let memory = transfer.wait(1000)?;
        assert!(script.saw(&over));

        drop(memory);
        assert!(script.saw(&[over[0], over[1], over[2], over[3], MemoryDropped]));
        Ok(())
    }

    #[test]
    fn failed_returns_the_memory() -> Result {
        let here = faux::Registration::new(c"safe_dma_failed", None)?;
        let script = Script::new();
        let over = [
            Write(START, SIZE, 1),
            Wait(1, 20),
            TokenDropped(1),
            EngineDropped,
        ];

        let transfer = Transfer::write(script.engine(&here), script.memory(&here), 0..SIZE, 1)?;
        script.progress.set(Progress::Failed(ENXIO));
        let Err(WaitError::Failed(error, memory)) = transfer.wait(20) else {
            return Err(EIO);
        };
        assert!(error == ENXIO);
        assert!(script.saw(&over));

        drop(memory);
        assert!(script.saw(&[over[0], over[1], over[2], over[3], MemoryDropped]));
        Ok(())
    }

    #[test]
    fn timed_out_can_be_waited_for_again() -> Result {
        let here = faux::Registration::new(c"safe_dma_timed_out", None)?;
        let script = Script::new();

        let transfer = Transfer::read(script.engine(&here), script.memory(&here), 0..SIZE, 1)?;
        let Err(WaitError::TimedOut(transfer)) = transfer.wait(10) else {
            return Err(EIO);
        };
        assert!(script.saw(&[Read(START, SIZE, 1), Wait(1, 10)]));
        let Err(WaitError::TimedOut(transfer)) = transfer.wait(0) else {
            return Err(EIO);
        };
        assert!(script.saw(&[Read(START, SIZE, 1), Wait(1, 10), Wait(1, 0)]));

        script.progress.set(Progress::Done);
        mem::forget(transfer.wait(Msecs::MAX)?);
        assert!(script.saw(&[
            Read(START, SIZE, 1),
            Wait(1, 10),
            Wait(1, 0),
            Wait(1, Msecs::MAX),
            TokenDropped(1),
            EngineDropped,
        ]));
        Ok(())
    }

    #[test]
    fn abort_returns_the_memory() -> Result {
        let here = faux::Registration::new(c"safe_dma_abort", None)?;
        let script = Script::new();
        let over = [
            Read(START, SIZE, 1),
            Abort(1),
            TokenDropped(1),
            EngineDropped,
        ];

        let transfer = Transfer::read(script.engine(&here), script.memory(&here), 0..SIZE, 1)?;
        let memory = transfer.abort()?;
        assert!(script.saw(&over));

        drop(memory);
        assert!(script.saw(&[over[0], over[1], over[2], over[3], MemoryDropped]));
        Ok(())
    }

    #[test]
    fn abort_error_leaves_it_in_flight() -> Result {
        let here = faux::Registration::new(c"safe_dma_abort_error", None)?;
        let script = Script::new();

        let transfer = Transfer::read(script.engine(&here), script.memory(&here), 0..SIZE, 1)?;
        script.abort.set(Err(EBUSY));
        let Err(err) = transfer.abort() else {
            return Err(EIO);
        };
        assert!(err.error == EBUSY);
        assert!(script.saw(&[Read(START, SIZE, 1), Abort(1)]));

        // It may end on its own.
        script.progress.set(Progress::Done);
        mem::forget(err.transfer.wait(10)?);
        assert!(script.saw(&[
            Read(START, SIZE, 1),
            Abort(1),
            Wait(1, 10),
            TokenDropped(1),
            EngineDropped,
        ]));
        Ok(())
    }

    #[test]
    fn drop_aborts_once() -> Result {
        let here = faux::Registration::new(c"safe_dma_drop", None)?;
        let script = Script::new();

        drop(Transfer::read(
            script.engine(&here),
            script.memory(&here),
            0..SIZE,
            1,
        )?);
        assert!(script.saw(&[
            Read(START, SIZE, 1),
            Abort(1),
            TokenDropped(1),
            MemoryDropped,
            EngineDropped,
        ]));
        Ok(())
    }

    /// The device may still use the memory, and what the token owns: both must stay.
    #[test]
    fn drop_leaks_when_abort_fails() -> Result {
        let here = faux::Registration::new(c"safe_dma_leak", None)?;
        let script = Script::new();

        let transfer = Transfer::read(script.engine(&here), script.memory(&here), 0..SIZE, 1)?;
        script.abort.set(Err(EBUSY));
        drop(transfer);
        assert!(script.saw(&[Read(START, SIZE, 1), Abort(1), EngineDropped]));
        Ok(())
    }

    #[test]
    fn forget_transfer() -> Result {
        let here = faux::Registration::new(c"safe_dma_forget", None)?;
        let script = Script::new();

        mem::forget(Transfer::read(
            script.engine(&here),
            script.memory(&here),
            0..SIZE,
            1,
        )?);
        assert!(script.saw(&[Read(START, SIZE, 1)]));
        Ok(())
    }

    #[test]
    fn forget_timed_out() -> Result {
        let here = faux::Registration::new(c"safe_dma_forget_wait", None)?;
        let script = Script::new();

        let transfer = Transfer::read(script.engine(&here), script.memory(&here), 0..SIZE, 1)?;
        mem::forget(transfer.wait(10));
        assert!(script.saw(&[Read(START, SIZE, 1), Wait(1, 10)]));
        Ok(())
    }

    #[test]
    fn forget_abort_error() -> Result {
        let here = faux::Registration::new(c"safe_dma_forget_abort", None)?;
        let script = Script::new();

        let transfer = Transfer::read(script.engine(&here), script.memory(&here), 0..SIZE, 1)?;
        script.abort.set(Err(EBUSY));
        mem::forget(transfer.abort());
        assert!(script.saw(&[Read(START, SIZE, 1), Abort(1)]));
        Ok(())
    }

    #[test]
    fn start_error_into_error() -> Result {
        let here = faux::Registration::new(c"safe_dma_from_start", None)?;
        let script = Script::new();
        let engine = script.engine(&here);
        script.start.set(Err(EBUSY));

        let Err(err) = Transfer::read(&engine, script.memory(&here), 0..SIZE, 1) else {
            return Err(EIO);
        };
        assert!(Error::from(err) == EBUSY);
        assert!(script.saw(&[Read(START, SIZE, 1), MemoryDropped]));
        Ok(())
    }

    #[test]
    fn timed_out_into_error() -> Result {
        let here = faux::Registration::new(c"safe_dma_from_timeout", None)?;
        let script = Script::new();
        let engine = script.engine(&here);

        let Err(err) = Transfer::read(&engine, script.memory(&here), 0..SIZE, 1)?.wait(10) else {
            return Err(EIO);
        };
        assert!(Error::from(err) == ETIMEDOUT);
        assert!(script.saw(&[
            Read(START, SIZE, 1),
            Wait(1, 10),
            Abort(1),
            TokenDropped(1),
            MemoryDropped,
        ]));
        Ok(())
    }

    #[test]
    fn failed_into_error() -> Result {
        let here = faux::Registration::new(c"safe_dma_from_failed", None)?;
        let script = Script::new();
        let engine = script.engine(&here);
        script.progress.set(Progress::Failed(ENXIO));

        let Err(err) = Transfer::read(&engine, script.memory(&here), 0..SIZE, 1)?.wait(10) else {
            return Err(EIO);
        };
        assert!(Error::from(err) == ENXIO);
        assert!(script.saw(&[
            Read(START, SIZE, 1),
            Wait(1, 10),
            TokenDropped(1),
            MemoryDropped,
        ]));
        Ok(())
    }

    /// The device gets a second chance to stop.
    #[test]
    fn abort_error_into_error() -> Result {
        let here = faux::Registration::new(c"safe_dma_from_abort", None)?;
        let script = Script::new();
        let engine = script.engine(&here);

        let transfer = Transfer::read(&engine, script.memory(&here), 0..SIZE, 1)?;
        script.abort.set(Err(EBUSY));
        let Err(err) = transfer.abort() else {
            return Err(EIO);
        };
        script.abort.set(Ok(()));
        assert!(Error::from(err) == EBUSY);
        assert!(script.saw(&[
            Read(START, SIZE, 1),
            Abort(1),
            Abort(1),
            TokenDropped(1),
            MemoryDropped,
        ]));
        Ok(())
    }

    /// Memory for one direction goes to the engine's method for that direction.
    #[test]
    fn one_direction() -> Result {
        let here = faux::Registration::new(c"safe_dma_direction", None)?;
        let script = Script::new();
        let engine = script.engine(&here);

        let memory = script.memory_for::<ToDevice>(&here);
        mem::forget(Transfer::read(&engine, memory, 0..SIZE, 1)?);
        let memory = script.memory_for::<FromDevice>(&here);
        mem::forget(Transfer::write(&engine, memory, 0..SIZE, 2)?);
        assert!(script.saw(&[Read(START, SIZE, 1), Write(START, SIZE, 2)]));
        Ok(())
    }

    /// A borrowed engine passes everything on, and stays.
    #[test]
    fn borrowed_engine() -> Result {
        let here = faux::Registration::new(c"safe_dma_borrowed", None)?;
        let script = Script::new();
        let engine = script.engine(&here);

        let transfer = Transfer::write(&engine, script.memory(&here), 0..SIZE, 1)?;
        let Err(WaitError::TimedOut(transfer)) = transfer.wait(10) else {
            return Err(EIO);
        };
        mem::forget(transfer.abort()?);
        mem::forget(Transfer::read(&engine, script.memory(&here), 0..1, 2)?);
        let over = [
            Write(START, SIZE, 1),
            Wait(1, 10),
            Abort(1),
            TokenDropped(1),
            Read(START, 1, 2),
        ];
        assert!(script.saw(&over));

        drop(engine);
        assert!(script.saw(&[over[0], over[1], over[2], over[3], over[4], EngineDropped]));
        Ok(())
    }

    /// A shared engine passes everything on, and stays for as long as a transfer needs it.
    #[test]
    fn shared_engine() -> Result {
        let here = faux::Registration::new(c"safe_dma_shared", None)?;
        let script = Script::new();
        let engine = Arc::new(script.engine(&here), GFP_KERNEL)?;

        mem::forget(Transfer::read(engine.clone(), script.memory(&here), 0..1, 1)?.abort()?);
        let transfer = Transfer::write(engine, script.memory(&here), 0..SIZE, 2)?;
        let before = [
            Read(START, 1, 1),
            Abort(1),
            TokenDropped(1),
            Write(START, SIZE, 2),
        ];
        assert!(script.saw(&before));

        script.progress.set(Progress::Done);
        mem::forget(transfer.wait(10)?);
        assert!(script.saw(&[
            before[0],
            before[1],
            before[2],
            before[3],
            Wait(2, 10),
            TokenDropped(2),
            EngineDropped,
        ]));
        Ok(())
    }
}
