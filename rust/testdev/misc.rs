// SPDX-License-Identifier: GPL-2.0

//! `/dev/safe_dma0`, and so on for each device: mappings, and memory, at the hands of programs.
//!
//! `ioctl()` runs an operation on a mapping that has a name, see `uapi/safe_dma.h`; each open file has names
//! of its own. Two pages of coherent memory can be mapped, which all openers share with the device. Only
//! root may open and use it.

mod fields;

use super::{
    control::may_use,
    edu::{
        Interrupt,
        Job,
        BUFFER_SIZE, //
    },
    gate::{
        Gate,
        Opener, //
    },
    names::Owner,
    number::Number,
    request::{
        Op,
        Request,
        Why, //
    },
    uapi::*, //
};
use crate::dma::{
    coherent::{
        CoherentMemory,
        MmapMemory, //
    },
    transfer::{
        Transfer,
        WaitError, //
    }, //
};
use kernel::{
    container_of,
    device::{
        Bound,
        Device, //
    },
    dma::attrs::DMA_ATTR_FORCE_CONTIGUOUS,
    fs::File,
    miscdevice::{
        MiscDevice,
        MiscDeviceOptions,
        MiscDeviceRegistration, //
    },
    mm::virt::VmaNew,
    new_mutex,
    page::PAGE_SIZE,
    prelude::*,
    sync::{
        Arc,
        Mutex, //
    },
    time::Msecs,
    uaccess::{
        UserPtr,
        UserSlice, //
    }, //
};
use zerocopy::FromZeros;

const PAGES: usize = 2;
const TIMEOUT: Msecs = 10_000;
const JOB: Job = Job {
    offset: 0,
    interrupt: Interrupt::Once,
};

/// The pages that programs map, which there are only while the driver is bound.
type Pages<'bound> = MmapMemory<'bound, [u8]>;

/// Where the pages are.
enum State {
    Idle(Pages<'static>),
    /// Nobody waits for it: who wants them is refused.
    InTransfer,
    /// The driver has gone, or a transfer did not end.
    Gone,
}

impl State {
    /// Why the pages cannot be had.
    fn error(&self) -> Error {
        if matches!(self, Self::InTransfer) {
            EBUSY
        } else {
            EIO
        }
    }
}

/// What all open files of a device have.
#[pin_data]
struct Shared {
    gate: Arc<Gate>,
    /// Not locked for the time of a transfer: `mmap()` locks it with the program's memory locked.
    #[pin]
    pages: Mutex<State>,
}

/// The device file of a bound device.
///
/// # Invariants
///
/// What is in `shared` lives as long as the driver is bound, and is taken out when this is dropped.
#[pin_data(PinnedDrop)]
pub(super) struct Misc {
    #[pin]
    registration: MiscDeviceRegistration<Opened>,
    shared: Arc<Shared>,
    // Free when the file is gone.
    _number: Number,
}

impl Misc {
    /// Makes the device file.
    ///
    /// # Safety
    ///
    /// `gate` is closed, and then this is closed or dropped, before the end of `'bound`.
    pub(super) unsafe fn new<'bound>(
        dev: &'bound Device<Bound>,
        gate: Arc<Gate>,
        contiguous: bool,
    ) -> impl PinInit<Self, Error> + use<'bound> {
        pin_init::pin_init_scope(move || {
            let number = Number::take(dev)?;
            let name = number.name();
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
            let pages = MmapMemory::new(memory, GFP_KERNEL).map_err(|_| ENOMEM)?;
            // SAFETY: Only the lifetime is changed. Nobody reaches the value but under the lock, within
            // the gate, and it is dropped by `Misc`, before the end of `'bound` by the caller's promise.
            let pages = unsafe { core::mem::transmute::<Pages<'bound>, Pages<'static>>(pages) };
            let shared = Arc::pin_init(
                pin_init!(Shared {
                    gate,
                    pages <- new_mutex!(State::Idle(pages)),
                }),
                GFP_KERNEL,
            )?;

            Ok(try_pin_init!(Self {
                shared,
                registration <- MiscDeviceRegistration::register(MiscDeviceOptions { name }),
                _number: number,
            }))
        })
    }

    /// Gives up the pages, when the gate is closed.
    pub(super) fn close(&self) {
        self.shared.put_pages(State::Gone);
    }
}

#[pinned_drop]
impl PinnedDrop for Misc {
    fn drop(self: Pin<&mut Self>) {
        self.close();
    }
}

/// Which way a page goes.
enum Way {
    ToDevice,
    ToMemory,
}

impl Shared {
    /// Takes the pages for a transfer.
    fn take_pages(&self) -> Result<Pages<'static>> {
        let mut state = self.pages.lock();

        match core::mem::replace(&mut *state, State::InTransfer) {
            State::Idle(pages) => Ok(pages),
            other => {
                let error = other.error();
                *state = other;
                Err(error)
            }
        }
    }

    fn put_pages(&self, new: State) {
        let old = core::mem::replace(&mut *self.pages.lock(), new);

        // Without the lock.
        drop(old);
    }

    /// Moves a page to the device's buffer, or the buffer to the page. Sleeps.
    fn move_page(&self, page: usize, way: Way) -> Result {
        if page >= PAGES {
            return Err(EINVAL);
        }
        let range = page * PAGE_SIZE..page * PAGE_SIZE + BUFFER_SIZE;

        self.gate.enter(|live| {
            let engine = live.target.engine.as_ref().ok_or(EOPNOTSUPP)?.clone();
            let memory = self.take_pages()?;
            let started = match way {
                Way::ToDevice => Transfer::read(engine, memory, range, JOB),
                Way::ToMemory => Transfer::write(engine, memory, range, JOB),
            };
            let result = match started {
                Ok(transfer) => transfer.wait(TIMEOUT),
                Err(err) => Err(WaitError::Failed(err.error, err.memory)),
            };

            let (memory, result) = match result {
                Ok(memory) => (Some(memory), Ok(())),
                Err(WaitError::Failed(error, memory)) => (Some(memory), Err(error)),
                Err(WaitError::TimedOut(transfer)) => {
                    let error = if live.target.is_closed() {
                        ENODEV
                    } else {
                        ETIMEDOUT
                    };

                    // If it cannot be stopped, the device has the pages for ever.
                    (transfer.abort().ok(), Err(error))
                }
            };
            self.put_pages(memory.map_or(State::Gone, State::Idle));
            result
        })?
    }
}

/// An open file, with the names of its own, which are undone when it is closed.
pub(super) struct Opened {
    shared: Arc<Shared>,
    opener: Opener,
}

impl Opened {
    /// Runs the operation that the structure at `arg` asks for. May sleep.
    fn run(&self, arg: usize) -> Result {
        let user = UserSlice::new(UserPtr::from_addr(arg), size_of::<safe_dma_request>());
        let (mut reader, mut writer) = user.reader_writer();
        let mut asked = safe_dma_request::new_zeroed();
        reader.read_slice(asked.as_mut_bytes())?;

        let refused = match fields::request(&asked).and_then(|request| {
            let outcome = self.opener.run(&request)?;

            Ok((request, outcome))
        }) {
            Ok((request, outcome)) => {
                // Nothing else has an answer.
                let Some(dma_address) = outcome.dma_address else {
                    return Ok(());
                };
                asked.dma_address = dma_address;
                return writer.write_slice(asked.as_mut_bytes()).inspect_err(|_| {
                    // What is refused changes nothing. If it fails somebody uses the name already.
                    let _ = self.opener.run(&Request::new(Op::Unmap, request.name));
                });
            }
            Err(refused) => refused,
        };

        // Not in the log, which a program could fill.
        if let Why::Differs { offset, .. } = refused.why {
            // CAST: From 64 bits or less.
            asked.differs_at = offset as u64;
            writer.write_slice(asked.as_mut_bytes())?;
        }
        Err(refused.error)
    }
}

/// Lets root pass: the file may have been opened by somebody else.
fn only_root() -> Result {
    if may_use() {
        Ok(())
    } else {
        Err(EPERM)
    }
}

#[vtable]
impl MiscDevice for Opened {
    type Ptr = KBox<Self>;

    fn open(_file: &File, misc: &MiscDeviceRegistration<Self>) -> Result<KBox<Self>> {
        only_root()?;
        // SAFETY: A registration of this type is a field of a `Misc`, which stays until it is
        // unregistered, and that waits for this. The other field was set before it was registered. A
        // reference is made to that alone: the file may be there before all of a `Misc` is.
        let shared =
            unsafe { &(*container_of!(core::ptr::from_ref(misc), Misc, registration)).shared };
        let process = current!().group_leader().pid();

        Ok(KBox::new(
            Self {
                shared: shared.clone(),
                opener: Gate::open(&shared.gate, Owner::Pid(process))?,
            },
            GFP_KERNEL,
        )?)
    }

    fn mmap(opened: &Self, _file: &File, vma: &VmaNew) -> Result {
        only_root()?;
        opened.shared.gate.enter(|_| {
            match &*opened.shared.pages.lock() {
                // SAFETY: The area is not changed after this, and an error is returned. The file is
                // of a device of this module, which the file keeps.
                State::Idle(pages) => unsafe { pages.mmap(vma) },
                other => Err(other.error()),
            }
        })?
    }

    // The structure is the same for programs of 32 bits, so that there is no `compat_ioctl()`.
    fn ioctl(opened: &Self, _file: &File, cmd: u32, arg: usize) -> Result<isize> {
        only_root()?;
        match cmd {
            HELPER_SAFE_DMA_IOC_RUN => opened.run(arg)?,
            HELPER_SAFE_DMA_IOC_READ_PAGE => opened.shared.move_page(arg, Way::ToDevice)?,
            HELPER_SAFE_DMA_IOC_WRITE_PAGE => opened.shared.move_page(arg, Way::ToMemory)?,
            _ => return Err(ENOTTY),
        }
        Ok(0)
    }
}
