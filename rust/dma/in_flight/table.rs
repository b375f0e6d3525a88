// SPDX-License-Identifier: GPL-2.0

//! The table of commands in flight, which both ends share.

use crate::dma::{
    alloc::alloc_flags,
    engine::{
        CommandId,
        Engine,
        Opened, //
    },
    segments::Memory, //
};
use core::{
    cell::UnsafeCell,
    mem::{
        ManuallyDrop,
        MaybeUninit, //
    },
    // `kernel::sync::atomic` is a function call for each access, four for a command, unless the
    // kernel is built with `CONFIG_RUST_INLINE_HELPERS`. Acquire and release are the same
    // instructions in both.
    sync::atomic::{
        AtomicU32,
        Ordering::{
            Acquire,
            Relaxed,
            Release, //
        }, //
    }, //
};
use kernel::prelude::*;

/// The bit of a command in flight.
const IN_FLIGHT: u32 = 1 << 31;

/// The state of a [`Slot`] with a command in flight.
#[derive(Clone, Copy)]
pub(super) struct State(u32);

impl State {
    /// Returns the identifier of the command.
    #[inline]
    pub(super) fn id(self) -> CommandId {
        // CAST: The lower bits.
        CommandId::new(self.0 as u16)
    }
}

/// A command in flight, or room for one.
///
/// # Invariants
///
/// - The lower 16 bits of `state` are the identifier of the last command. [`IN_FLIGHT`] is set from
///   its submission to its completion, and `data` has its memory and value then.
/// - [`IN_FLIGHT`] is set by the submitter only, when it is clear, and cleared by the completer
///   only, or by the caller that has both ends.
// Commands share no cache line, and a size of 64 bytes saves a multiplication. `state` comes first,
// as loads with acquire and stores with release have no offset.
#[repr(C, align(64))]
pub(super) struct Slot<M, V> {
    state: AtomicU32,
    data: UnsafeCell<MaybeUninit<(M, V)>>,
}

impl<M, V> Slot<M, V> {
    /// Creates a slot without a command.
    fn new(tag: u16) -> Self {
        // INVARIANT: No command is in flight.
        Self {
            state: AtomicU32::new(tag.into()),
            data: UnsafeCell::new(MaybeUninit::uninit()),
        }
    }

    /// Returns whether a command is in flight.
    #[inline]
    pub(super) fn is_in_flight(&self) -> bool {
        self.state.load(Relaxed) & IN_FLIGHT != 0
    }

    /// Returns the state for the next command, if none is in flight. The tag has `tag_bits`.
    #[inline]
    pub(super) fn next(&self, tag_bits: u32) -> Option<State> {
        // Pairs with the release of `take()`, which has read `data`.
        let last = self.state.load(Acquire);

        // The tag stays, and the counter above it carries into bits that the identifier does not
        // have. A carry into the uppermost bit is lost, as it is set here and cleared in `take()`.
        (last & IN_FLIGHT == 0).then_some(State(last.wrapping_add(1 << tag_bits) | IN_FLIGHT))
    }

    /// Puts a command into the slot.
    ///
    /// # Safety
    ///
    /// The caller is the submitter, to which [`Slot::next`] has just returned `state`.
    #[inline]
    pub(super) unsafe fn put(&self, state: State, memory: M, value: V) {
        // SAFETY: The slot is vacant, so that the completer does not access `data`, and there is no
        // other submitter.
        unsafe { (*self.data.get()).write((memory, value)) };
        // INVARIANT: The bit was clear, and `data` was written just now. Pairs with the acquire of
        // `take()`.
        self.state.store(state.0, Release);
    }

    /// Returns the state of the command in flight, if any.
    #[inline]
    pub(super) fn in_flight(&self) -> Option<State> {
        // Pairs with the release of `put()`, which has written `data`.
        let state = self.state.load(Acquire);

        (state & IN_FLIGHT != 0).then_some(State(state))
    }

    /// Takes the command out of the slot, and passes memory and value to `f`.
    ///
    /// # Safety
    ///
    /// The caller is the completer, or has both ends. [`Slot::in_flight`] has just returned
    /// `state`. The device is done with the memory.
    #[inline]
    pub(super) unsafe fn take<R>(&self, state: State, f: impl FnOnce(M, V) -> R) -> R {
        // SAFETY: By the invariants `data` is there, and the submitter does not access it until the
        // bit is cleared. It is read once.
        let (memory, value) = unsafe { (*self.data.get()).assume_init_read() };
        let result = f(memory, value);

        // INVARIANT: By the safety requirements. Pairs with the acquire of `next()`.
        self.state.store(state.0 & !IN_FLIGHT, Release);
        result
    }
}

/// The table.
///
/// # Invariants
///
/// - The states are from [`Engine::open`] of `engine`. `submission` is accessed by the submitter
///   only, and `completion` by the completer only, each while it is borrowed exclusively. There is
///   one of each.
/// - There are at most `1 << E::TAG_BITS` slots, and that is at most `1 << 16`.
pub(super) struct Table<E: Engine, M: Memory, V> {
    pub(super) engine: ManuallyDrop<E>,
    pub(super) submission: ManuallyDrop<UnsafeCell<Opened<E::Submission>>>,
    pub(super) completion: ManuallyDrop<UnsafeCell<Opened<E::Completion>>>,
    slots: ManuallyDrop<KVVec<Slot<M, V>>>,
}

// SAFETY: The ends access what is theirs under an exclusive borrow, from whatever thread they are
// in: that sends it. A slot is handed from one end to the other by its state, with release and
// acquire ordering, and sends memory and value. Only `engine` is shared.
unsafe impl<E: Engine + Sync, M: Memory + Send, V: Send> Sync for Table<E, M, V>
where
    E::Submission: Send,
    E::Completion: Send,
{
}

impl<E: Engine, M: Memory, V> Table<E, M, V> {
    /// Opens `engine`, and creates a table for `depth` commands. May sleep.
    ///
    /// # Errors
    ///
    /// [`EINVAL`] if `depth` is 0 or larger than [`Engine::TAG_BITS`] allows; [`ENOMEM`] without
    /// memory; or the error of [`Engine::open`].
    pub(super) fn new(mut engine: E, depth: usize) -> Result<Self> {
        const {
            assert!(E::TAG_BITS <= u16::BITS, "a tag has at most 16 bits");
        }

        if depth == 0 || depth > 1 << E::TAG_BITS {
            return Err(EINVAL);
        }

        let size = depth.saturating_mul(size_of::<Slot<M, V>>());
        let mut slots = KVVec::with_capacity(depth, alloc_flags(GFP_KERNEL, size))?;
        for tag in 0..depth {
            // CAST: Less than `1 << 16`, as the depth is at most that.
            slots.push_within_capacity(Slot::new(tag as u16))?;
        }
        // SAFETY: The engine was given away to this table, which keeps the states for it, or drops
        // them.
        let (submission, completion) = unsafe { engine.open()? };

        // INVARIANT: The states are those of `engine`, and the depth was checked. The caller
        // creates one of each end.
        Ok(Self {
            engine: ManuallyDrop::new(engine),
            submission: ManuallyDrop::new(UnsafeCell::new(Opened::new(submission))),
            completion: ManuallyDrop::new(UnsafeCell::new(Opened::new(completion))),
            slots: ManuallyDrop::new(slots),
        })
    }

    /// Returns the slots, by tag.
    #[inline]
    pub(super) fn slots(&self) -> &[Slot<M, V>] {
        &self.slots
    }
}

impl<E: Engine, M: Memory, V> Drop for Table<E, M, V> {
    fn drop(&mut self) {
        let count = self.slots.iter().filter(|slot| slot.is_in_flight()).count();

        if count != 0 {
            dev_err!(
                self.engine.device(),
                "{} commands are left in flight: their memory stays mapped and allocated\n",
                count
            );
            return;
        }
        // SAFETY: `self` is being dropped, so that each is dropped once. What an idle device may
        // access is kept, as `Engine` promises; the engine goes first, and may stop the device.
        unsafe {
            ManuallyDrop::drop(&mut self.engine);
            ManuallyDrop::drop(&mut self.submission);
            ManuallyDrop::drop(&mut self.completion);
            ManuallyDrop::drop(&mut self.slots);
        }
    }
}
