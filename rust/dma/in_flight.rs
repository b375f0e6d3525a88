// SPDX-License-Identifier: GPL-2.0

//! Commands in flight: many at a time, each with its memory, by tag.
//!
//! This is the core for network and storage drivers. An [`Engine`] describes the hardware;
//! [`in_flight()`] makes a [`Submitter`] and a [`Completer`] of it, the two ends of a table that
//! owns the memory of each command in flight:
//!
//! ```text
//!   submit(tag, memory, value, command)         reap()
//!   Submitter ------------> table --------------> Completer
//!                             |                     memory, value, status
//!                             v
//!                           device
//! ```
//!
//! Neither end sleeps or allocates, so that both work in hard interrupt context. Neither has a
//! lock: `&mut` proves that one context submits and one reaps. A driver in which several do puts
//! the end into a lock of its own choice, the lock that C has for the queue. To stop the device,
//! which may sleep, it takes the ends out of their locks: `lock.lock().take()`.
//!
//! For a device that does one transfer at a time, [`Transfer`](super::Transfer) is simpler.
//!
//! # Tags
//!
//! A tag is the index of a command in the table, from the driver (such as the tag of a block
//! request) or from [`Submitter::vacant`]. The device gets a [`CommandId`]: the tag, and above it
//! as many bits of a counter as [`Engine::TAG_BITS`] leaves. The identifier that a device returns
//! is compared as a whole: a completion of a command that is not in flight, or that completed
//! before, is an error value, and leaves the table as it is. A former command with the same tag is
//! recognized until the counter wraps.

mod error;
mod table;

pub use self::error::{
    UnknownCompletion,
    UnknownId, //
};

use self::table::Table;
use super::{
    engine::{
        CommandId,
        Engine, //
    },
    error::ErrorWith,
    segments::Memory, //
};
use kernel::{
    prelude::*,
    sync::Arc, //
};

/// A command that completed.
// In this order, so that the memory of a `Result` with `UnknownCompletion` does not overlap the
// fields of the error: it would be copied byte by byte otherwise.
#[repr(C)]
pub struct Completed<M, V, S> {
    /// The status that the device sent.
    pub status: S,
    /// The driver's value.
    pub value: V,
    /// The memory, which the device accesses no more.
    pub memory: M,
}

/// Opens an engine with a table for `depth` commands in flight, and returns its two ends.
///
/// May sleep.
///
/// # Errors
///
/// [`EINVAL`] if `depth` is 0 or larger than [`Engine::TAG_BITS`] allows; [`ENOMEM`] without
/// memory; or the error of [`Engine::open`].
///
/// # Examples
///
/// ```
/// use kernel::prelude::*;
/// use safe_dma::dma::{
///     in_flight,
///     Completer,
///     Engine,
///     Mapping,
///     Submitter,
///     ToDevice, //
/// };
///
/// type Frame<'bound> = Mapping<'bound, KVec<u8>, ToDevice>;
///
/// /// Sends frames, each with a number of the caller.
/// struct Sender<'bound, E: Engine> {
///     submitter: Submitter<E, Frame<'bound>, u64>,
///     completer: Completer<E, Frame<'bound>, u64>,
/// }
///
/// impl<'bound, E: Engine<Status = Result>> Sender<'bound, E> {
///     fn new(engine: E) -> Result<Self> {
///         let (submitter, completer) = in_flight(engine, 64)?;
///
///         Ok(Self {
///             submitter,
///             completer,
///         })
///     }
///
///     fn send(&mut self, frame: Frame<'bound>, number: u64, command: E::Command) -> Result {
///         let tag = self.submitter.vacant().ok_or(EBUSY)?;
///
///         Ok(self.submitter.submit(tag, frame, number, command)?)
///     }
///
///     /// Passes on what was sent, from the interrupt handler for example.
///     fn sent(&mut self, mut each: impl FnMut(KVec<u8>, u64, Result)) {
///         while let Some(completion) = self.completer.reap() {
///             match completion {
///                 Ok(sent) => each(sent.memory.unmap(), sent.value, sent.status),
///                 Err(bad) => kernel::pr_warn_once!("a frame {} that is not in flight\n", bad.id),
///             }
///         }
///     }
///
///     /// Stops the device, and returns what was not sent.
///     fn close(mut self, mut each: impl FnMut(KVec<u8>, u64)) -> Result {
///         self.submitter.stop(&mut self.completer, |frame, number| {
///             each(frame.unmap(), number);
///         })
///     }
/// }
/// ```
pub fn in_flight<E: Engine, M: Memory, V>(engine: E, depth: usize) -> Result<Ends<E, M, V>> {
    let table = Arc::new(Table::new(engine, depth)?, GFP_KERNEL)?;
    let completer = Completer {
        table: table.clone(),
    };

    Ok((Submitter { table, hint: 0 }, completer))
}

/// The two ends of a table.
type Ends<E, M, V> = (Submitter<E, M, V>, Completer<E, M, V>);

/// The end of a table that submits commands. See [`in_flight()`].
///
/// When both ends are dropped while commands are in flight, their memory, the engine and all that
/// it owns are leaked, and the kernel logs that: dropping does not sleep to wait for a device.
/// [`Submitter::stop`] returns the memory. Without commands in flight, dropping the last end drops
/// the engine and frees the table, which may sleep.
pub struct Submitter<E: Engine, M: Memory, V> {
    table: Arc<Table<E, M, V>>,
    /// Where the search for a vacant tag begins.
    hint: usize,
}

impl<E: Engine, M: Memory, V> Submitter<E, M, V> {
    /// Returns the engine.
    #[inline]
    pub fn engine(&self) -> &E {
        &self.table.engine
    }

    /// Returns a tag that is not in flight, or [`None`] if all are.
    ///
    /// Does not sleep.
    #[inline]
    pub fn vacant(&mut self) -> Option<u16> {
        let slots = self.table.slots();
        let is_vacant = |tag: &usize| slots.get(*tag).is_some_and(|slot| !slot.is_in_flight());
        // Not by the method, which `pin_init::Init` has too.
        let tag = Iterator::chain(self.hint..slots.len(), 0..self.hint).find(is_vacant)?;

        self.hint = (tag + 1) % slots.len();
        // CAST: Less than `1 << 16`, by the invariants of the table.
        Some(tag as u16)
    }

    /// Returns the identifier of the command with a tag, or [`None`] if none is in flight.
    ///
    /// For example to abort a command that does not complete; it may complete at any time. Does not
    /// sleep.
    #[inline]
    pub fn command_id(&self, tag: u16) -> Option<CommandId> {
        let slot = self.table.slots().get(usize::from(tag))?;

        Some(slot.in_flight()?.id())
    }

    /// Submits a command, and notifies the device.
    ///
    /// [`Submitter::push`] and [`Submitter::commit`] in one. Does not sleep, nor allocate.
    ///
    /// # Errors
    ///
    /// Those of [`Submitter::push`].
    #[inline]
    pub fn submit(
        &mut self,
        tag: u16,
        memory: M,
        value: V,
        command: E::Command,
    ) -> Result<(), ErrorWith<(M, V)>> {
        let pushed = self.push(tag, memory, value, command);

        // Not by `?`, which moves an error over the stack.
        if pushed.is_ok() {
            self.commit();
        }
        pushed
    }

    /// Submits a command, of which the device may be notified only by [`Submitter::commit`].
    ///
    /// Does not sleep, nor allocate.
    ///
    /// # Errors
    ///
    /// Memory and value come back with [`EINVAL`] for a tag beyond the table or memory of another
    /// device, with [`EBUSY`] for a tag in flight, or with the error of [`Engine::prepare`].
    #[inline]
    pub fn push(
        &mut self,
        tag: u16,
        memory: M,
        value: V,
        command: E::Command,
    ) -> Result<(), ErrorWith<(M, V)>> {
        let refuse = |error, memory, value| Err(ErrorWith::new(error, (memory, value)));
        let table = &*self.table;
        let Some(slot) = table.slots().get(usize::from(tag)) else {
            return refuse(EINVAL, memory, value);
        };
        let Some(state) = slot.next(E::TAG_BITS) else {
            return refuse(EBUSY, memory, value);
        };
        if !core::ptr::eq(memory.device(), table.engine.device()) {
            return refuse(EINVAL, memory, value);
        }

        // SAFETY: By the invariants of the table, only this end accesses `submission`, and `self`
        // is borrowed exclusively.
        let submission = unsafe { &mut *table.submission.get() };

        // SAFETY: If this succeeds the memory goes into the slot, which keeps it until
        // `next_completion()` returns the identifier or `stop()` returns `Ok`, without a reference
        // to it. It is mapped for the engine's device, as was just checked. The slot is vacant, and
        // is the only one with this tag.
        let prepared = unsafe {
            table
                .engine
                .prepare(submission, state.id(), memory.segments(), command)
        };
        if let Err(error) = prepared {
            return refuse(error, memory, value);
        }

        // Before the device has the command, as the completer may be called before `issue()`
        // returns.
        // SAFETY: This is the submitter, and the slot is vacant, as was just checked.
        unsafe { slot.put(state, memory, value) };

        // The entry is moved here: a move before `put()`, which ends with a store-release, would be
        // another copy.
        if let Ok(entry) = prepared {
            // SAFETY: `entry` was prepared just now. The memory is in the table:
            // `next_completion()` does not return the identifier before this, as `Engine` promises.
            unsafe { table.engine.issue(submission, entry) };
        }
        Ok(())
    }

    /// Notifies the device of what was submitted by [`Submitter::push`]. Does not sleep.
    #[inline]
    pub fn commit(&mut self) {
        let table = &*self.table;

        // SAFETY: By the invariants of the table, only this end accesses `submission`, and `self`
        // is borrowed exclusively.
        let submission = unsafe { &mut *table.submission.get() };

        table.engine.commit(submission);
    }

    /// Stops the device, and passes every command that was in flight to `each`. May sleep.
    ///
    /// For unbinding, for a device that does not answer, and for one that is gone. Both ends are
    /// borrowed, so that nothing is submitted or reaped meanwhile. Afterwards they can be used
    /// again.
    ///
    /// # Errors
    ///
    /// [`EINVAL`] if `completer` is of another table; or the error of [`Engine::stop`]. All
    /// commands are still in flight then.
    pub fn stop(
        &mut self,
        completer: &mut Completer<E, M, V>,
        mut each: impl FnMut(M, V),
    ) -> Result {
        if !Arc::ptr_eq(&self.table, &completer.table) {
            return Err(EINVAL);
        }
        let table = &*self.table;

        // SAFETY: By the invariants of the table, both ends are needed to access both, and both are
        // borrowed exclusively.
        let (submission, completion) =
            unsafe { (&mut *table.submission.get(), &mut *table.completion.get()) };
        table.engine.stop(submission, completion)?;

        for slot in table.slots() {
            if let Some(state) = slot.in_flight() {
                // SAFETY: Both ends are borrowed exclusively. The device is done with the memory of
                // every command, as `stop()` has returned `Ok`.
                let (memory, value) = unsafe { slot.take(state, |memory, value| (memory, value)) };
                each(memory, value);
            }
        }
        Ok(())
    }
}

/// A completed command, or a completion that matches no command in flight.
type Reaped<E, M, V> =
    Result<Completed<M, V, <E as Engine>::Status>, UnknownCompletion<<E as Engine>::Status>>;

/// The end of a table that takes completions. See [`in_flight()`].
pub struct Completer<E: Engine, M: Memory, V> {
    table: Arc<Table<E, M, V>>,
}

impl<E: Engine, M: Memory, V> Completer<E, M, V> {
    /// Returns the engine.
    #[inline]
    pub fn engine(&self) -> &E {
        &self.table.engine
    }

    /// Returns the next command that completed, or [`None`] if no other has.
    ///
    /// Does not sleep, allocate or free: the caller decides what happens to the memory.
    ///
    /// # Errors
    ///
    /// A completion of no command in flight; see [`UnknownCompletion`]. There may be more behind
    /// it.
    #[inline]
    pub fn reap(&mut self) -> Option<Reaped<E, M, V>> {
        let table = &*self.table;
        // SAFETY: By the invariants of the table, only this end accesses `completion`, and `self`
        // is borrowed exclusively.
        let completion = unsafe { &mut *table.completion.get() };
        let (id, status) = table.engine.next_completion(completion)?;
        // It is compared with the identifiers of the commands in flight.
        let id = id.into_inner();

        let refuse = |status, reason| Some(Err(UnknownCompletion { id, status, reason }));
        let tag = usize::from(id) & ((1 << E::TAG_BITS) - 1);
        let Some(slot) = table.slots().get(tag) else {
            return refuse(status, UnknownId::OutOfRange);
        };
        let state = slot.in_flight().filter(|state| state.id().as_u16() == id);
        let Some(state) = state else {
            return refuse(status, UnknownId::NotInFlight);
        };

        // SAFETY: This is the completer, and the command is in flight. The device is done with its
        // memory, by point 3 of `Engine`.
        unsafe {
            slot.take(state, |memory, value| {
                Some(Ok(Completed {
                    status,
                    value,
                    memory,
                }))
            })
        }
    }
}

mod tests;
