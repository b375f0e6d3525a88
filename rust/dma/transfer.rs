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
    mem::ManuallyDrop,
    ops::Range, //
};
use kernel::{
    prelude::*,
    time::Msecs, //
};

/// Memory that a transfer can be given.
///
/// # Safety
///
/// - [`DeviceMemory::span`] is mapped for the direction, for as long as `self` exists.
/// - Whoever owns `self` decides about CPU access to the memory: there is none through anything else.
pub unsafe trait DeviceMemory {
    /// The direction for which the memory is mapped.
    type Direction: Direction;

    /// What a device is told of all of it.
    fn span(&self) -> Span<'_, Self::Direction>;
}

/// How far a transfer has got.
pub enum Progress {
    /// The device is not done with the memory.
    Pending,
    /// The device has moved all bytes and is done with the memory.
    Done,
    /// The device gave up, and is done with the memory.
    Failed(Error),
}

/// A part of a device that moves data between its own memory and the system's.
///
/// CPU writes must be visible to the device before it is told to start, and the device's writes to
/// the CPU before it is seen to be done. The accessors of [`kernel::io`] for MMIO have the barriers
/// for that; an engine that uses descriptors in coherent memory needs `dma_wmb()` before it hands one
/// over and `dma_rmb()` after it gets one back.
///
/// # Safety
///
/// - The device accesses system memory only within the span that it was started with, reads it if it
///   was started by [`Engine::start_read`] and writes it if by [`Engine::start_write`].
/// - Such an access happens only after a start that returned [`Ok`], and not any more once
///   [`Engine::wait`] for its token returned [`Progress::Done`] or [`Progress::Failed`], or
///   [`Engine::abort`] returned [`Ok`].
pub unsafe trait Engine {
    /// What the engine has to know besides the memory: where in the device the data goes or comes
    /// from, for example.
    type Job;

    /// What identifies a transfer that was started.
    type Token;

    /// Starts a transfer from memory to the device.
    ///
    /// # Safety
    ///
    /// The memory of `from` stays mapped, and the CPU does not write to it, until [`Engine::wait`] or
    /// [`Engine::abort`] has said that the device is done with it. [`Transfer`] sees to that.
    unsafe fn start_read(&self, from: Span<'_, ToDevice>, job: Self::Job) -> Result<Self::Token>;

    /// Starts a transfer from the device to memory.
    ///
    /// # Safety
    ///
    /// The memory of `to` stays mapped, and the CPU does not access it, until [`Engine::wait`] or
    /// [`Engine::abort`] has said that the device is done with it. [`Transfer`] sees to that.
    unsafe fn start_write(&self, to: Span<'_, FromDevice>, job: Self::Job) -> Result<Self::Token>;

    /// Waits until the transfer is over, for `timeout` milliseconds at most. May sleep.
    ///
    /// Not called again for a token for which it has returned anything but [`Progress::Pending`].
    fn wait(&self, token: &mut Self::Token, timeout: Msecs) -> Progress;

    /// Makes the device stop the transfer, or waits until it has ended on its own. May sleep.
    ///
    /// Returns an error if the device may still access the memory.
    fn abort(&self, token: &mut Self::Token) -> Result;
}

/// A transfer in flight: the device is using the memory, which this value owns.
///
/// [`Transfer::wait`] gives the memory back. Dropping a transfer aborts it first, and leaks the memory
/// if the device cannot be stopped: it must not be freed then. So forgetting or dropping a transfer is
/// safe at any time.
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
pub struct Transfer<'e, E: Engine, M: DeviceMemory> {
    engine: &'e E,
    token: E::Token,
    memory: ManuallyDrop<M>,
}

/// A transfer that could not be started.
///
/// Converts into the bare [`Error`], dropping the memory, so that `?` works.
pub struct StartError<M> {
    /// Why: [`EINVAL`] if the range is empty or not within the memory, or what the engine said.
    pub error: Error,
    /// The memory, which no device has been given.
    pub memory: M,
}

impl<M> From<StartError<M>> for Error {
    fn from(err: StartError<M>) -> Self {
        err.error
    }
}

/// A transfer that did not complete.
///
/// Converts into the bare [`Error`], dropping what it holds, so that `?` works.
pub enum WaitError<'e, E: Engine, M: DeviceMemory> {
    /// The time is up, and the transfer still in flight: wait again, or [`Transfer::abort`] it.
    TimedOut(Transfer<'e, E, M>),
    /// The device gave up; the memory is no longer in use.
    Failed(Error, M),
}

impl<E: Engine, M: DeviceMemory> From<WaitError<'_, E, M>> for Error {
    fn from(err: WaitError<'_, E, M>) -> Self {
        match err {
            WaitError::TimedOut(_) => ETIMEDOUT,
            WaitError::Failed(error, _) => error,
        }
    }
}

impl<'e, E: Engine, M: DeviceMemory> Transfer<'e, E, M> {
    /// Starts a transfer of the bytes of `range` from memory to the device.
    ///
    /// # Errors
    ///
    /// The memory comes back with the error; see [`StartError`].
    pub fn read(
        engine: &'e E,
        memory: M,
        range: Range<usize>,
        job: E::Job,
    ) -> Result<Self, StartError<M>>
    where
        M::Direction: DeviceReads,
    {
        Self::start(engine, memory, range, |engine, span| {
            // SAFETY: `start()` keeps the memory, or the engine was not started.
            unsafe { engine.start_read(span.for_reading(), job) }
        })
    }

    /// Starts a transfer of the bytes of `range` from the device to memory.
    ///
    /// # Errors
    ///
    /// The memory comes back with the error; see [`StartError`].
    pub fn write(
        engine: &'e E,
        memory: M,
        range: Range<usize>,
        job: E::Job,
    ) -> Result<Self, StartError<M>>
    where
        M::Direction: DeviceWrites,
    {
        Self::start(engine, memory, range, |engine, span| {
            // SAFETY: `start()` keeps the memory, or the engine was not started.
            unsafe { engine.start_write(span.for_writing(), job) }
        })
    }

    /// Starts a transfer of the bytes of `range` by `start`, which hands the span to the engine.
    ///
    /// The memory is put where nothing can reach it before the transfer is over.
    fn start(
        engine: &'e E,
        memory: M,
        range: Range<usize>,
        start: impl FnOnce(&E, Span<'_, M::Direction>) -> Result<E::Token>,
    ) -> Result<Self, StartError<M>> {
        let started = match memory.span().slice(range) {
            Some(span) if !span.is_empty() => start(engine, span),
            _ => Err(EINVAL),
        };

        // INVARIANT: `engine` was just started with a span of `memory`.
        match started {
            Ok(token) => Ok(Self {
                engine,
                token,
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
    pub fn wait(mut self, timeout: Msecs) -> Result<M, WaitError<'e, E, M>> {
        match self.engine.wait(&mut self.token, timeout) {
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
    /// If the device cannot be stopped, the transfer comes back, still in flight.
    pub fn abort(mut self) -> Result<M, Self> {
        match self.engine.abort(&mut self.token) {
            // SAFETY: The engine says that the device is done with the memory.
            Ok(()) => Ok(unsafe { self.into_memory() }),
            Err(_) => Err(self),
        }
    }

    /// Takes the memory out of a transfer that is over.
    ///
    /// # Safety
    ///
    /// The device does not access the memory any more.
    unsafe fn into_memory(self) -> M {
        let mut this = ManuallyDrop::new(self);

        // SAFETY: `this` is not dropped, so that the token is not dropped twice; nor is it used again.
        unsafe { core::ptr::drop_in_place(&mut this.token) };

        // SAFETY: `this` is not dropped nor used again, so that the memory is taken once.
        unsafe { ManuallyDrop::take(&mut this.memory) }
    }
}

impl<E: Engine, M: DeviceMemory> Drop for Transfer<'_, E, M> {
    fn drop(&mut self) {
        match self.engine.abort(&mut self.token) {
            // SAFETY: The engine says that the device is done with the memory, and `self` is not used
            // after its drop.
            Ok(()) => unsafe { ManuallyDrop::drop(&mut self.memory) },
            Err(_) => {
                pr_err!("a device cannot be stopped: its memory stays mapped and allocated\n")
            }
        }
    }
}
