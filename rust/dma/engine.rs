// SPDX-License-Identifier: GPL-2.0

//! The part of a device that accesses memory, as a driver describes it.
//!
//! The compiler cannot prove that a device is done with memory. The author of an engine promises it
//! once, by implementing [`Engine`]. Submitting, completing, timing out and taking memory back are
//! then safe, through [`in_flight()`](super::in_flight()) or [`Transfer`](super::Transfer).

use super::{
    segments::AnySegments,
    untrusted::Untrusted, //
};
use core::ops::{
    Deref,
    DerefMut, //
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    prelude::*,
    time::Delta, //
};

/// The identifier of a command, as the device gets it and returns it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct CommandId(u16);

impl CommandId {
    /// The identifier of the command of a [`Transfer`](super::Transfer).
    pub(super) const ONLY: Self = Self(0);

    #[inline]
    pub(super) fn new(id: u16) -> Self {
        Self(id)
    }

    /// Returns the number for the descriptor of the command.
    #[inline]
    pub fn as_u16(self) -> u16 {
        self.0
    }
}

/// A state of an engine in use, which [`Engine::open`] has returned.
///
/// Only [`in_flight()`](super::in_flight()) and [`Transfer`](super::Transfer) create one. The
/// methods of an [`Engine`] that take one are called by them alone, with the states of that engine.
pub struct Opened<S>(S);

impl<S> Opened<S> {
    #[inline]
    pub(super) fn new(state: S) -> Self {
        Self(state)
    }
}

impl<S> Deref for Opened<S> {
    type Target = S;

    #[inline]
    fn deref(&self) -> &S {
        &self.0
    }
}

impl<S> DerefMut for Opened<S> {
    #[inline]
    fn deref_mut(&mut self) -> &mut S {
        &mut self.0
    }
}

/// A part of a device that accesses memory, command by command.
///
/// Each value is for one table of commands in flight or for one [`Transfer`](super::Transfer),
/// which opens it, and alone calls its methods. A device that does one transfer at a time for
/// several callers has an engine value for each of them, which refers to the device.
///
/// The driver's part of a queue, such as the tail of a ring, is in two states: one of the
/// submitting side and one of the completing side, which may work at the same time. Methods get
/// them as `&mut`, so that an engine needs no lock for them. An engine without such states has
/// `()`.
///
/// # Safety
///
/// 1. [`Engine::device`] is always the same device, and no other is given the addresses.
/// 2. The device accesses the memory of a command in its direction only, from [`Engine::issue`]
///    until [`Engine::next_completion`] returned its identifier, or [`Engine::stop`] returned
///    [`Ok`]. That includes commands that were issued and not committed.
/// 3. [`Engine::next_completion`] returns the identifier of a command only if that command has been
///    issued and the device has completed it: not from an entry that the device has not written
///    since, nor from a device that does not answer. It may return an identifier of no command in
///    flight at any time.
/// 4. What the CPU wrote before [`Engine::issue`] is visible to the device when it begins the
///    command, and to the CPU to which [`Engine::next_completion`] returns its completion:
///    `dma_wmb()` before the descriptor is handed over, or a write to a register. What the CPU does
///    after [`Engine::next_completion`], or after [`Engine::stop`] returned [`Ok`], comes after the
///    accesses of the device: `dma_rmb()` after the completion was seen, or a read of a register.
/// 5. Other memory that the device accesses, such as rings and lists, stays allocated and mapped
///    for as long as the device may access it, also if the engine, a state or a command is dropped
///    or forgotten.
/// 6. Points 2 and 3 hold whatever other engine values of the same device do.
///
/// # Hostile devices
///
/// The points are about the driver, and about a device that works as documented. A device that
/// completes a command whose memory it still accesses, or that accesses memory which it was never
/// given, is outside of this contract. Only an unmap behind an IOMMU in strict mode ends its
/// access: unmap the memory before a reference to it is made. Memory that stays mapped while the
/// CPU owns it changes under the reference.
///
/// A completion of no command in flight is an error value. So is a repeated one, until its tag is
/// in flight again: from then on the counter above [`Engine::TAG_BITS`] tells the two commands
/// apart until it wraps, and without a counter nothing does.
pub unsafe trait Engine {
    /// The parameters besides the segments: opcode, offset in the device.
    type Command: Copy;
    /// A command that was prepared: a descriptor, without its place in a ring.
    type Entry;
    /// The status of a completion.
    type Status;
    /// The state of the submitting side.
    type Submission;
    /// The state of the completing side.
    type Completion;

    /// The number of bits of a [`CommandId`] that are the tag, at most 16. The others count the
    /// uses of the tag. 16 for a device whose identifiers have no bits to spare.
    const TAG_BITS: u32;

    /// Returns the device that accesses the memory.
    fn device(&self) -> &Device<Bound>;

    /// Returns the states. May sleep.
    ///
    /// # Errors
    ///
    /// [`EBUSY`] if the device has another owner, or another error if the engine does not work.
    ///
    /// # Safety
    ///
    /// This is called once, and before all other methods but [`Engine::device`]. The states are
    /// passed to methods of `self` only, or dropped after `self`.
    unsafe fn open(&mut self) -> Result<(Self::Submission, Self::Completion)>;

    /// Prepares a command: checks it, and writes lists if it needs some. The device is not
    /// notified.
    ///
    /// Does not sleep. [`Engine::issue`] follows if this succeeds.
    ///
    /// # Errors
    ///
    /// [`EINVAL`] for segments or a direction that the hardware does not take, [`EBUSY`] if a ring
    /// is full.
    ///
    /// # Safety
    ///
    /// - If this succeeds, the memory of `segments` stays mapped for [`Engine::device`], and no
    ///   reference to it exists, until the device is done with it as points 2 and 3 say.
    /// - No other command of this engine with the identifier `id` is in flight.
    unsafe fn prepare(
        &self,
        submission: &mut Opened<Self::Submission>,
        id: CommandId,
        segments: AnySegments<'_>,
        command: Self::Command,
    ) -> Result<Self::Entry>;

    /// Hands the command to the device, which may begin at once. Does not sleep.
    ///
    /// # Safety
    ///
    /// `entry` is what [`Engine::prepare`] of `self` has just returned, whose conditions hold.
    unsafe fn issue(&self, submission: &mut Opened<Self::Submission>, entry: Self::Entry);

    /// Notifies the device of all that was issued, by a doorbell for example. Does not sleep.
    ///
    /// Does nothing for a device that [`Engine::issue`] has notified.
    #[inline]
    fn commit(&self, submission: &mut Opened<Self::Submission>) {
        let _ = submission;
    }

    /// Returns the next completion: the identifier of a command, and its status. Does not sleep.
    fn next_completion(
        &self,
        completion: &mut Opened<Self::Completion>,
    ) -> Option<(Untrusted<u16>, Self::Status)>;

    /// Makes the device stop all commands of this engine, or waits until it completes them. May
    /// sleep.
    ///
    /// Discards completions that were not returned yet. Also succeeds for a device that is known to
    /// be gone, as it accesses nothing; registers that read as all ones do not prove that. Commands
    /// that are prepared later fail, or start afresh.
    ///
    /// # Errors
    ///
    /// If the device may still access memory.
    fn stop(
        &self,
        submission: &mut Opened<Self::Submission>,
        completion: &mut Opened<Self::Completion>,
    ) -> Result;
}

/// An engine whose completions can be waited for, and say whether a transfer succeeded.
pub trait Wait: Engine<Status = Result> {
    /// Waits until there may be a completion, for `timeout` at most. Sleeps.
    ///
    /// May return early: the caller looks for completions and waits again.
    ///
    /// # Errors
    ///
    /// If waiting is pointless, as the driver is being unbound.
    fn wait(&self, timeout: Delta) -> Result;
}
