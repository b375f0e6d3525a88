// SPDX-License-Identifier: GPL-2.0

//! The coherent pages that the device file maps into programs.

use super::{
    edu::{
        Channel,
        Edu,
        Interrupt,
        Job,
        BUFFER_SIZE, //
    },
    request::{
        Refused,
        To,
        PAGES, //
    },
    target::Target, //
};
use crate::dma::{
    CoherentMemory,
    ErrorWith,
    MmapMemory,
    Transfer,
    WaitError, //
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    dma::attrs::DMA_ATTR_FORCE_CONTIGUOUS,
    mm::virt::VmaNew,
    new_mutex,
    page::PAGE_SIZE,
    prelude::*,
    sync::{
        Arc,
        Mutex, //
    },
    time::Delta, //
};

const TIMEOUT: Delta = Delta::from_secs(10);
const JOB: Job = Job {
    offset: 0,
    interrupt: Interrupt::Once,
};

type Memory<'bound> = MmapMemory<'bound, [u8]>;
type PageTransfer<'bound> = Transfer<Channel<'bound, Arc<Edu<'bound>>>, Memory<'bound>>;

/// The owner of the pages.
enum State<'bound> {
    Idle(Memory<'bound>),
    InTransfer,
    /// A transfer could not be stopped: the device keeps the pages.
    Lost,
}

impl State<'_> {
    /// Returns why the pages are not available.
    fn refused(&self) -> Refused {
        if matches!(self, Self::InTransfer) {
            Refused::because(EBUSY, "a transfer of the pages is in flight")
        } else {
            Refused::because(EIO, "the device keeps the pages: it could not be stopped")
        }
    }
}

/// Two pages that a device shares with all programs that map its file.
#[pin_data]
pub(crate) struct SharedPages<'bound> {
    /// Not held during a transfer, because `mmap()` takes it with the program's `mmap_lock` held.
    #[pin]
    state: Mutex<State<'bound>>,
}

impl<'bound> SharedPages<'bound> {
    /// Allocates the pages, physically contiguous if `contiguous` is set.
    pub(super) fn new(
        dev: &'bound Device<Bound>,
        contiguous: bool,
    ) -> Result<impl PinInit<Self> + use<'bound>> {
        let size = PAGES * PAGE_SIZE;
        let memory = if contiguous {
            CoherentMemory::<[u8]>::zeroed_slice_with_attrs(
                dev,
                size,
                GFP_KERNEL,
                DMA_ATTR_FORCE_CONTIGUOUS,
            )?
        } else {
            CoherentMemory::<[u8]>::zeroed_slice(dev, size, GFP_KERNEL)?
        };
        let memory = MmapMemory::new(memory, GFP_KERNEL)?;

        Ok(pin_init!(Self {
            state <- new_mutex!(State::Idle(memory)),
        }))
    }

    /// Maps the pages, or a part of them, into an area of a program.
    ///
    /// # Safety
    ///
    /// As for [`MmapMemory::mmap`].
    pub(super) unsafe fn mmap(&self, vma: &VmaNew) -> Result {
        match &*self.state.lock() {
            // SAFETY: By the caller's promise.
            State::Idle(memory) => unsafe { memory.mmap(vma) },
            other => Err(other.refused().error),
        }
    }

    fn take(&self) -> Result<Memory<'bound>, Refused> {
        let mut state = self.state.lock();

        match core::mem::replace(&mut *state, State::InTransfer) {
            State::Idle(memory) => Ok(memory),
            other => {
                let refused = other.refused();
                *state = other;
                Err(refused)
            }
        }
    }

    /// Copies a page to the device's buffer, or the buffer to the page. Sleeps.
    pub(super) fn transfer(
        &self,
        target: &Target<'bound>,
        page: usize,
        to: To,
    ) -> Result<(), Refused> {
        let engine = target.engine.as_ref().ok_or(super::operate::NO_ENGINE)?;
        let range = page * PAGE_SIZE..page * PAGE_SIZE + BUFFER_SIZE;
        let memory = self.take()?;
        let started = match to {
            To::Device => {
                PageTransfer::to_device(Edu::shared_channel(engine.clone()), memory, range, JOB)
            }
            To::Memory => {
                PageTransfer::from_device(Edu::shared_channel(engine.clone()), memory, range, JOB)
            }
        };
        let result = match started {
            Ok(transfer) => {
                target.stats.transferred(BUFFER_SIZE);
                transfer.wait(TIMEOUT)
            }
            Err(ErrorWith {
                error,
                value: memory,
            }) => Err(WaitError::Failed(error, memory)),
        };
        let (memory, result) = match result {
            Ok(memory) => (Some(memory), Ok(())),
            Err(WaitError::Failed(error, memory)) => (Some(memory), Err(failed(error))),
            Err(WaitError::InFlight(error, transfer)) => {
                let refused = if target.is_closed() {
                    super::operate::GONE
                } else {
                    Refused::because(error, "the transfer has not ended")
                };

                (transfer.abort().ok(), Err(refused))
            }
        };

        *self.state.lock() = memory.map_or(State::Lost, State::Idle);
        result
    }
}

fn failed(error: Error) -> Refused {
    Refused::because(
        error,
        if error == EBUSY {
            "the engine is busy with another transfer"
        } else {
            "the transfer failed"
        },
    )
}
