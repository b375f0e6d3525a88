// SPDX-License-Identifier: GPL-2.0

//! The admin queue: one command at a time, which is polled for.

use super::{
    command::{
        self,
        Job, //
    },
    data_pointer::{
        ListPool,
        PAGE, //
    },
    queue::Queue,
    regs::Regs,
};
use kernel::{
    io::Io,
    prelude::*,
    sync::Arc,
    time::{
        delay::fsleep,
        Delta, //
    }, //
};
use safe_dma::{
    block::Status,
    dma::{
        in_flight,
        CoherentMemory,
        Completer,
        Submitter, //
    }, //
};

/// The size of the data of an admin command, in bytes.
pub(crate) const SIZE: usize = PAGE as usize;

// Any depth does for one command at a time.
const DEPTH: u16 = 3;

// A command times out after 10 s or more.
const INTERVAL: Delta = Delta::from_micros(100);
const POLLS: usize = 100_000;

type Memory<'bound> = CoherentMemory<'bound, [u8]>;

/// The admin queue.
pub(crate) struct AdminQueue<'bound> {
    submitter: Submitter<Queue<'bound>, Memory<'bound>, ()>,
    completer: Completer<Queue<'bound>, Memory<'bound>, ()>,
    /// The memory for the data of a command. A command in flight owns it, whether it has data or
    /// not, and also after it has timed out.
    memory: Option<Memory<'bound>>,
}

impl<'bound> AdminQueue<'bound> {
    /// Creates the queue of a controller, and enables it. Sleeps.
    pub(crate) fn new(regs: &Arc<Regs<'bound>>, pool: &ListPool<'bound>) -> Result<Self> {
        // Fails for a controller that is cut off from memory, which must not be enabled.
        regs.disable()?;
        let queue = Queue::new(regs, pool, false, 0, DEPTH);
        // Calls `Queue::open()`, which writes the addresses of the rings to the registers.
        let (submitter, completer) = in_flight(queue, DEPTH.into())?;
        let memory = CoherentMemory::zeroed_slice(regs.device(), SIZE, GFP_KERNEL)?;

        regs.enable()?;
        Ok(Self {
            submitter,
            completer,
            memory: Some(memory),
        })
    }

    /// Executes a command, and returns its result. Sleeps.
    ///
    /// # Errors
    ///
    /// [`EIO`] if the command failed; [`ETIMEDOUT`] if it did not complete or cannot. Then the
    /// queue is unusable: each later command gets [`EBUSY`], until a reset creates another queue.
    pub(crate) fn execute(&mut self, job: Job) -> Result<u32> {
        let memory = self.memory.take().ok_or(EBUSY)?;
        if let Err(error) = self.submitter.submit(0, memory, (), job) {
            // The memory comes back with the error.
            self.memory = Some(error.value.0);
            return Err(error.error);
        }

        for _ in 0..POLLS {
            match self.completer.reap() {
                None if self.submitter.engine().regs.has_failed() => break,
                None => fsleep(INTERVAL),
                Some(Ok(completed)) => {
                    self.memory = Some(completed.memory);
                    // When the ring is empty, `Queue::next_completion()` writes its doorbell.
                    let _ = (0..=DEPTH).all(|_| self.completer.reap().is_some());
                    return match command::status(completed.status.status) {
                        // The only result in use is the number of queues, which is clamped.
                        Status::OK => Ok(completed.status.result.into_inner()),
                        _ => Err(EIO),
                    };
                }
                Some(Err(bad)) => {
                    kernel::pr_warn_once!("an admin command {:#x} that is not in flight\n", bad.id);
                }
            }
        }
        Err(ETIMEDOUT)
    }

    /// Executes a command that reads data into `data`. Sleeps.
    pub(crate) fn read(&mut self, job: Job, data: &mut [u8; SIZE]) -> Result {
        self.execute(job)?;
        self.memory.as_ref().ok_or(EBUSY)?.copy_to_slice(data);
        Ok(())
    }
}

impl Drop for AdminQueue<'_> {
    fn drop(&mut self) {
        // A command that has timed out is still in flight. This succeeds, see `Queue`.
        let _ = self.submitter.stop(&mut self.completer, |_, ()| ());
    }
}
