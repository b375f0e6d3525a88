// SPDX-License-Identifier: GPL-2.0

//! Blocking transfers, one at a time.
//!
//! For drivers that wait for each transfer, and devices that do one at a time. With several
//! commands in flight, or in interrupt context, use [`in_flight()`](super::in_flight()).

use super::{
    direction::{
        DeviceReads,
        DeviceWrites, //
    },
    engine::{
        CommandId,
        Engine,
        Opened,
        Wait, //
    },
    error::ErrorWith,
    segments::{
        AnySegments,
        Memory, //
    }, //
};
use core::{
    mem::ManuallyDrop,
    ops, //
};
use kernel::{
    prelude::*,
    time::{
        delay::fsleep,
        Delta,
        Instant,
        Monotonic, //
    }, //
};

/// Everything that the device may access until the transfer completes. It is leaked if the device
/// cannot be stopped.
// The engine is dropped before the states, in which the device may have rings.
struct Parts<E: Engine, M> {
    memory: M,
    engine: E,
    submission: Opened<E::Submission>,
    completion: Opened<E::Completion>,
}

/// A transfer in flight: the device is using the memory, which this value owns.
///
/// It has an engine of its own, which refers to the device, for example by an [`Arc`] if the driver
/// keeps transfers in its data.
///
/// [`Arc`]: kernel::sync::Arc
///
/// [`Transfer::wait`] gives the memory back. Dropping a transfer aborts it first, which may sleep,
/// and leaks the memory if the device cannot be stopped: it must not be freed then. So the memory
/// is safe whether a transfer is dropped or forgotten.
///
/// # Examples
///
/// ```
/// use kernel::{
///     prelude::*,
///     time::Delta, //
/// };
/// use safe_dma::dma::{
///     Buffer,
///     Mapping,
///     ToDevice,
///     Transfer,
///     Wait,
///     WaitError, //
/// };
///
/// /// Sends a buffer and returns it.
/// fn send<'bound, E: Wait, B: Buffer>(
///     engine: E,
///     memory: Mapping<'bound, B, ToDevice>,
///     command: E::Command,
/// ) -> Result<Mapping<'bound, B, ToDevice>> {
///     let len = memory.range().len();
///     let transfer = Transfer::to_device(engine, memory, 0..len, command)?;
///
///     match transfer.wait(Delta::from_secs(1)) {
///         Ok(memory) => Ok(memory),
///         Err(WaitError::Failed(error, _memory)) => Err(error),
///         // `ETIMEDOUT`, for example. Dropping the transfer aborts it.
///         Err(WaitError::InFlight(error, _transfer)) => Err(error),
///     }
/// }
/// ```
///
/// # Invariants
///
/// - A command was issued with segments of the memory, and its completion was not returned.
/// - The states are from [`Engine::open`] of the engine.
pub struct Transfer<E: Engine, M: Memory> {
    parts: ManuallyDrop<Parts<E, M>>,
}

/// A transfer that did not complete.
///
/// Converts into the bare [`Error`], dropping what it holds, so that `?` works.
pub enum WaitError<E: Engine, M: Memory> {
    /// The transfer is still in flight: wait again, or [`Transfer::abort`] it. The error is
    /// [`ETIMEDOUT`] if the time is up, or that of [`Wait::wait`].
    InFlight(Error, Transfer<E, M>),
    /// The device completed the transfer with an error. It does not access the memory any more.
    Failed(Error, M),
}

impl<E: Engine, M: Memory> From<WaitError<E, M>> for Error {
    fn from(err: WaitError<E, M>) -> Self {
        match err {
            WaitError::InFlight(error, _) | WaitError::Failed(error, _) => error,
        }
    }
}

impl<E: Engine, M: Memory> Transfer<E, M> {
    /// Starts a transfer of the bytes of `range` from memory to the device.
    ///
    /// Sleeps only if [`Engine::open`] does or, on an error, the drop of the engine.
    ///
    /// # Errors
    ///
    /// The memory comes back with [`EINVAL`] if the range is empty or not within it, or if it is
    /// mapped for another device; or with the error of the engine. The engine is dropped.
    pub fn to_device(
        engine: E,
        memory: M,
        range: ops::Range<usize>,
        command: E::Command,
    ) -> Result<Self, ErrorWith<M>>
    where
        M: Memory<Direction: DeviceReads>,
    {
        Self::start(engine, memory, command, |segments| {
            Some(AnySegments::ToDevice(segments.to_device()?.slice(range)?))
        })
    }

    /// Starts a transfer of the bytes of `range` from the device to memory.
    ///
    /// Sleeps only if [`Engine::open`] does or, on an error, the drop of the engine.
    ///
    /// # Errors
    ///
    /// The memory comes back with [`EINVAL`] if the range is empty or not within it, or if it is
    /// mapped for another device; or with the error of the engine. The engine is dropped.
    pub fn from_device(
        engine: E,
        memory: M,
        range: ops::Range<usize>,
        command: E::Command,
    ) -> Result<Self, ErrorWith<M>>
    where
        M: Memory<Direction: DeviceWrites>,
    {
        Self::start(engine, memory, command, |segments| {
            Some(AnySegments::FromDevice(
                segments.from_device()?.slice(range)?,
            ))
        })
    }

    /// Starts a transfer of the segments that `part` selects.
    fn start(
        mut engine: E,
        memory: M,
        command: E::Command,
        part: impl FnOnce(AnySegments<'_>) -> Option<AnySegments<'_>>,
    ) -> Result<Self, ErrorWith<M>> {
        // A DMA address is valid for one device only.
        let same_device = core::ptr::eq(engine.device(), memory.device());

        let segments = match part(memory.segments()) {
            Some(segments) if same_device && !segments.is_empty() => segments,
            _ => return Err(ErrorWith::new(EINVAL, memory)),
        };
        // SAFETY: The engine was given away to this transfer, which has one pair of states.
        let (mut submission, completion) = match unsafe { engine.open() } {
            Ok((submission, completion)) => (Opened::new(submission), Opened::new(completion)),
            Err(error) => return Err(ErrorWith::new(error, memory)),
        };
        // SAFETY: If this succeeds, the memory goes into the transfer, which returns it when the
        // engine returns the completion or has stopped, and has no reference to it. It is mapped
        // for the engine's device, as was just checked. No other command of this engine is in
        // flight.
        let prepared =
            unsafe { engine.prepare(&mut submission, CommandId::ONLY, segments, command) };
        let entry = match prepared {
            Ok(entry) => entry,
            Err(error) => {
                // Before the states, as in `Parts`.
                drop(engine);
                return Err(ErrorWith::new(error, memory));
            }
        };

        // INVARIANT: Issued below.
        let mut this = Self {
            parts: ManuallyDrop::new(Parts {
                memory,
                submission,
                completion,
                engine,
            }),
        };
        let Parts {
            engine, submission, ..
        } = &mut *this.parts;
        // SAFETY: `entry` was prepared just now, and its memory is in the transfer.
        unsafe { engine.issue(submission, entry) };
        engine.commit(submission);
        Ok(this)
    }
}

impl<E: Engine<Status = Result>, M: Memory> Transfer<E, M> {
    /// Waits at most `timeout` for the completion of the transfer, and returns the memory.
    ///
    /// Sleeps.
    ///
    /// # Errors
    ///
    /// Nothing is lost: see [`WaitError`].
    pub fn wait(mut self, timeout: Delta) -> Result<M, WaitError<E, M>>
    where
        E: Wait,
    {
        let mut start = None;

        loop {
            // Before the look for a completion, so that the last look is after the timeout.
            let left = start.map_or(timeout, |start: Instant<Monotonic>| {
                timeout - start.elapsed()
            });

            let Parts {
                engine, completion, ..
            } = &mut *self.parts;
            match engine.next_completion(completion) {
                Some((id, status)) if id.into_inner() == CommandId::ONLY.as_u16() => {
                    // SAFETY: The engine returned the completion.
                    let memory = unsafe { self.into_memory() };

                    return match status {
                        Ok(()) => Ok(memory),
                        Err(error) => Err(WaitError::Failed(error, memory)),
                    };
                }
                _ if left.as_nanos() <= 0 => return Err(WaitError::InFlight(ETIMEDOUT, self)),
                other => {
                    start.get_or_insert_with(Instant::now);
                    if other.is_some() {
                        // A device may send completions of other commands, again and again.
                        fsleep(Delta::from_micros(100));
                    } else if let Err(error) = engine.wait(left) {
                        return Err(WaitError::InFlight(error, self));
                    }
                }
            }
        }
    }
}

impl<E: Engine, M: Memory> Transfer<E, M> {
    /// Stops the transfer, and returns the memory, whose content is unknown.
    ///
    /// May sleep.
    ///
    /// # Errors
    ///
    /// If the device cannot be stopped, the transfer comes back, still in flight, with the error of
    /// the engine.
    pub fn abort(mut self) -> Result<M, ErrorWith<Self>> {
        match self.stop() {
            // SAFETY: The device has stopped.
            Ok(()) => Ok(unsafe { self.into_memory() }),
            Err(error) => Err(ErrorWith::new(error, self)),
        }
    }

    fn stop(&mut self) -> Result {
        let parts = &mut *self.parts;

        parts
            .engine
            .stop(&mut parts.submission, &mut parts.completion)
    }

    /// Takes the memory out of a transfer that completed or was stopped.
    ///
    /// # Safety
    ///
    /// The device does not access the memory any more.
    unsafe fn into_memory(self) -> M {
        let mut this = ManuallyDrop::new(self);

        // SAFETY: `this` is not dropped nor used again, so that the parts are taken once.
        unsafe { ManuallyDrop::take(&mut this.parts) }.memory
    }
}

impl<E: Engine, M: Memory> Drop for Transfer<E, M> {
    fn drop(&mut self) {
        match self.stop() {
            // SAFETY: The device has stopped. `self` is not used after its drop.
            Ok(()) => unsafe { ManuallyDrop::drop(&mut self.parts) },
            Err(_) => dev_err!(
                self.parts.engine.device(),
                "a transfer cannot be stopped: its memory stays mapped and allocated\n"
            ),
        }
    }
}

#[cfg(CONFIG_KUNIT = "y")]
mod mock;
mod tests;
