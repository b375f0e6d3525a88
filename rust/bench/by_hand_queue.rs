// SPDX-License-Identifier: GPL-2.0

//! Safe interface to commands in flight and descriptor rings in C.

pub(super) use super::by_hand::bindings::{
    bench_completion,
    bench_descriptor,
    bench_memory,
    BENCH_OWNED, //
};

use super::{
    by_hand::{
        bindings,
        raw, //
    },
    prelude::*, //
};
use core::{
    marker::PhantomData,
    mem::MaybeUninit,
    ptr::NonNull, //
};
use kernel::dma::DmaAddress;

/// Returns the number that C returned, or its error.
fn number(result: i32) -> Result<u16> {
    if result < 0 {
        return Err(Error::from_errno(result));
    }
    // CAST: An identifier, an index or a status.
    Ok(result as u16)
}

/// Writes the completion of a command, as the device does.
///
/// # Safety
///
/// `completions` is the memory of a ring, with more than `index` entries.
pub(super) unsafe fn complete(
    completions: *mut bench_completion,
    index: u16,
    id: u16,
    phase: bool,
) {
    // SAFETY: By the caller's promise.
    unsafe {
        let completion = completions.add(index.into());

        (&raw mut (*completion).id).write_volatile(id);
        (&raw mut (*completion).status).write_volatile(phase.into());
    }
}

/// A queue in C.
pub(super) struct Queue<'a> {
    queue: NonNull<bindings::by_hand_queue>,
    _dev: PhantomData<&'a Device<Bound>>,
}

impl<'a> Queue<'a> {
    pub(super) fn new(dev: &'a Device<Bound>, depth: u16) -> Result<Self> {
        // SAFETY: The device is bound, and outlives the queue.
        let queue = unsafe { bindings::by_hand_queue_create(raw(dev), depth) };

        Ok(Self {
            queue: NonNull::new(queue).ok_or(ENOMEM)?,
            _dev: PhantomData,
        })
    }

    /// Returns the memory of the completions.
    pub(super) fn completions(&self) -> *mut bench_completion {
        // SAFETY: The queue is valid.
        unsafe { bindings::by_hand_queue_completions(self.queue.as_ptr()) }
    }

    /// Submits a command for `memory`; returns its identifier. No device gets the address.
    #[inline(always)]
    pub(super) fn submit(&self, tag: u16, memory: &bench_memory, value: u64) -> Result<u16> {
        // SAFETY: The queue is valid, and the other pointer is for the call.
        number(unsafe { bindings::by_hand_submit(self.queue.as_ptr(), tag, memory, value) })
    }

    /// Handles a completion, and returns the memory and the value of its command.
    #[inline(always)]
    pub(super) fn reap(&self) -> Result<(bench_memory, u64)> {
        let (mut memory, mut value) = (MaybeUninit::uninit(), 0);
        let queue = self.queue.as_ptr();

        // SAFETY: The queue is valid, and the other pointers are for the call.
        number(unsafe { bindings::by_hand_reap(queue, memory.as_mut_ptr(), &mut value) })?;
        // SAFETY: The function has written it, as it has returned no error.
        Ok((unsafe { memory.assume_init() }, value))
    }
}

impl Drop for Queue<'_> {
    fn drop(&mut self) {
        // SAFETY: The queue is valid, and not used again.
        unsafe { bindings::by_hand_queue_destroy(self.queue.as_ptr()) };
    }
}

/// A descriptor ring in C.
pub(super) struct Ring<'a> {
    ring: NonNull<bindings::by_hand_ring>,
    _dev: PhantomData<&'a Device<Bound>>,
}

impl<'a> Ring<'a> {
    pub(super) fn new(dev: &'a Device<Bound>, len: u16) -> Result<Self> {
        // SAFETY: The device is bound, and outlives the ring.
        let ring = unsafe { bindings::by_hand_ring_create(raw(dev), len) };

        Ok(Self {
            ring: NonNull::new(ring).ok_or(ENOMEM)?,
            _dev: PhantomData,
        })
    }

    /// Returns the memory of the descriptors.
    pub(super) fn descriptors(&self) -> *mut bench_descriptor {
        // SAFETY: The ring is valid.
        unsafe { bindings::by_hand_ring_descriptors(self.ring.as_ptr()) }
    }

    /// Gives a descriptor to the device, and returns its index. No device gets the address.
    #[inline(always)]
    pub(super) fn post(&self, addr: DmaAddress, len: u32) -> Result<u16> {
        // SAFETY: The ring is valid.
        number(unsafe { bindings::by_hand_post(self.ring.as_ptr(), addr, len) })
    }

    /// Takes a descriptor back from the device, and returns its length.
    #[inline(always)]
    pub(super) fn reap(&self) -> Result<u32> {
        let mut len = 0;

        // SAFETY: The ring is valid, and the other pointer is for the call.
        number(unsafe { bindings::by_hand_unpost(self.ring.as_ptr(), &mut len) })?;
        Ok(len)
    }
}

impl Drop for Ring<'_> {
    fn drop(&mut self) {
        // SAFETY: The ring is valid, and not used again.
        unsafe { bindings::by_hand_ring_destroy(self.ring.as_ptr()) };
    }
}
