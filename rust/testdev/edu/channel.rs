// SPDX-License-Identifier: GPL-2.0

//! The DMA engine, as the library gets it.

use super::{
    poll_transfer,
    Edu,
    Job,
    Registers, //
};
use crate::dma::{
    AnySegments,
    CommandId,
    Engine,
    Opened,
    Untrusted,
    Wait, //
};
use core::{
    marker::PhantomData,
    ops::Deref, //
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
    prelude::*,
    sync::atomic::{
        Acquire,
        Atomic,
        Relaxed, //
    },
    time::Delta, //
};

/// The DMA engine of an [`Edu`], with one transfer at a time. Several channels of a device take
/// turns.
pub struct Channel<'bound, P: Deref<Target = Edu<'bound>>> {
    edu: P,
    /// The number of the transfer in flight, above the 16 bits of its identifier; 0 without one.
    transfer: Atomic<u64>,
    _bound: PhantomData<&'bound ()>,
}

impl<'bound, P: Deref<Target = Edu<'bound>>> Channel<'bound, P> {
    /// Returns a channel of `edu`, by a pointer that always leads to the same device.
    pub(super) fn new(edu: P) -> Self {
        Self {
            edu,
            transfer: Atomic::new(0),
            _bound: PhantomData,
        }
    }

    /// Starts a transfer of the `len` bytes at `addr`.
    ///
    /// # Safety
    ///
    /// Until the transfer is done, the device may access these bytes, or the IOMMU blocks the
    /// access, or nothing depends on their contents.
    pub unsafe fn start(&self, addr: DmaAddress, len: usize, job: Job, to_memory: bool) -> Result {
        let registers = self.edu.reserve(addr, len, job, to_memory)?;

        // SAFETY: By the caller's promise.
        unsafe { self.go(registers, 0) };
        Ok(())
    }

    /// # Safety
    ///
    /// As of [`Edu::start`].
    unsafe fn go(&self, registers: Registers, id: u16) {
        let store = |number| self.transfer.store(number << 16 | u64::from(id), Relaxed);

        // SAFETY: By the caller's promise.
        unsafe { self.edu.start(registers, store) };
    }

    /// Returns the identifier of the transfer and its result, once, if it has ended.
    pub fn poll(&self) -> Option<(u16, Result)> {
        let transfer = self.transfer.load(Relaxed);
        if transfer == 0 {
            return None;
        }
        let result = self.edu.result(transfer >> 16)?;

        // Another thread may poll, too.
        self.transfer.cmpxchg(transfer, 0, Relaxed).ok()?;
        // The interrupt may have been that of another channel.
        self.edu.done.complete();
        // CAST: The lowest 16 bits.
        Some((transfer as u16, result))
    }
}

// SAFETY: The device has one DMA engine, and is `pdev`. A transfer accesses only the bytes that its
// address and count select, in its direction. Addresses are not truncated: `reserve()` rejects
// those beyond the DMA mask that probe has set, of no more bits than the device drives, as the
// module's parameter promises. The device transfers all bytes at once and then clears `run`, so a
// transfer is done when `run` reads as clear after it was started, and no other is started before
// that: it is reserved from `prepare()` to `issue()`, in which the device is idle.
// `next_completion()` and `stop()` succeed only after `run` was read as clear, by them or, under
// the lock, before a later transfer was reserved. `number` is that of a transfer that was started,
// and is set under the lock. Interrupts only wake waiters, so their number and time do not matter.
//
// A transfer has also ended when the device is gone. All ones in the command register do not prove
// that: a device that temporarily does not decode its memory space reads the same, and may still be
// writing. A device that does not answer configuration reads either is out of its slot, in reset,
// or behind a link that is down. It cannot reach memory, its earlier writes arrive before the
// register read completes, and if it comes back it has lost the transfer. The hot-plug driver marks
// a device as disconnected when its slot is empty, so another device in the same slot is not taken
// for it. A device that is present and always answers all ones stays `Busy`: its memory is leaked,
// not freed.
//
// `writel()` and `readl()` order the register accesses with accesses to memory.
unsafe impl<'bound, P: Deref<Target = Edu<'bound>>> Engine for Channel<'bound, P> {
    type Command = Job;
    type Entry = (CommandId, Registers);
    type Status = Result;
    type Submission = ();
    type Completion = ();

    const TAG_BITS: u32 = 16;

    fn device(&self) -> &Device<Bound> {
        self.edu.device()
    }

    unsafe fn open(&mut self) -> Result<((), ())> {
        Ok(((), ()))
    }

    unsafe fn prepare(
        &self,
        _: &mut Opened<()>,
        id: CommandId,
        segments: AnySegments<'_>,
        job: Job,
    ) -> Result<Self::Entry> {
        if self.transfer.load(Relaxed) != 0 {
            return Err(EBUSY);
        }
        let (direction, addr, len) = segments.single().ok_or(EINVAL)?;
        let to_memory = match direction {
            DataDirection::ToDevice => false,
            DataDirection::FromDevice => true,
            _ => return Err(EINVAL),
        };

        // SAFETY: By the caller's promise, the memory stays mapped until the device is done. The
        // address is given only to the device for which it is mapped.
        let addr = unsafe { addr.as_raw() };
        Ok((id, self.edu.reserve(addr, len, job, to_memory)?))
    }

    unsafe fn issue(&self, _: &mut Opened<()>, (id, registers): Self::Entry) {
        // SAFETY: By the caller's promise, the memory stays mapped until the device is done.
        unsafe { self.go(registers, id.as_u16()) };
    }

    fn next_completion(&self, _: &mut Opened<()>) -> Option<(Untrusted<u16>, Result)> {
        let (id, result) = self.poll()?;

        Some((Untrusted::new(id), result))
    }

    fn stop(&self, _: &mut Opened<()>, _: &mut Opened<()>) -> Result {
        // The device cannot be stopped, but is done soon.
        poll_transfer(|| self.transfer.load(Relaxed) == 0 || self.poll().is_some())
    }
}

impl<'bound, P: Deref<Target = Edu<'bound>>> Wait for Channel<'bound, P> {
    fn wait(&self, timeout: Delta) -> Result {
        if self.edu.closed.load(Acquire) {
            // Wakes the next waiter.
            self.edu.done.complete();
            return Err(ENODEV);
        }
        self.edu.done.wait(timeout);
        Ok(())
    }
}
