// SPDX-License-Identifier: GPL-2.0

//! `/dev/safe_dma0`, and so on for each device: memory that user space and the device share.
//!
//! Two pages of coherent memory, to be mapped. `ioctl()` lets the device read a page, or write to it what
//! it has read last.

use super::{
    edu::{
        Edu,
        Interrupt,
        Job,
        BUFFER_SIZE, //
    },
    number::Number, //
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
    ioctl::_IO,
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
        ArcBorrow,
        Mutex, //
    },
    time::Msecs, //
};

/// Page `arg` goes to the device's buffer.
const DEVICE_READS: u32 = _IO(b'e' as u32, 0);
/// The device's buffer goes to page `arg`.
const DEVICE_WRITES: u32 = _IO(b'e' as u32, 1);

const PAGES: usize = 2;
const TIMEOUT: Msecs = 10_000;
const JOB: Job = Job {
    offset: 0,
    interrupt: Interrupt::Once,
};

/// What there is only while the driver is bound.
struct Live<'bound> {
    edu: Option<Arc<Edu<'bound>>>,
    /// None after a transfer of it did not end.
    memory: Option<MmapMemory<'bound, [u8]>>,
}

/// What an open file has.
#[pin_data]
pub(super) struct Shared {
    #[pin]
    live: Mutex<Option<KBox<Live<'static>>>>,
}

/// The device file of a bound device.
///
/// # Invariants
///
/// What is in `shared` lives as long as the driver is bound, and is taken out when this is dropped.
#[pin_data(PinnedDrop)]
pub(super) struct Misc {
    #[pin]
    registration: MiscDeviceRegistration<Shared>,
    shared: Arc<Shared>,
    // Free when the file is gone.
    _number: Number,
}

impl Misc {
    /// Makes the device file.
    ///
    /// # Safety
    ///
    /// It is dropped before the end of `'bound`.
    pub(super) unsafe fn new<'bound>(
        dev: &'bound Device<Bound>,
        edu: Option<Arc<Edu<'bound>>>,
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
            let live = KBox::new(
                Live {
                    edu,
                    memory: Some(MmapMemory::new(memory, GFP_KERNEL).map_err(|_| ENOMEM)?),
                },
                GFP_KERNEL,
            )?;
            // SAFETY: Only the lifetime is changed. Nobody reaches the value but under the lock, and it
            // is dropped by `Misc`, before the end of `'bound` by the caller's promise.
            let live =
                unsafe { core::mem::transmute::<KBox<Live<'bound>>, KBox<Live<'static>>>(live) };
            let shared = Arc::pin_init(
                pin_init!(Shared { live <- new_mutex!(Some(live)) }),
                GFP_KERNEL,
            )?;

            Ok(try_pin_init!(Self {
                shared,
                registration <- MiscDeviceRegistration::register(MiscDeviceOptions { name }),
                _number: number,
            }))
        })
    }
}

impl Misc {
    /// Files that are open have nothing from now on. Waits for transfers that are under way.
    pub(super) fn close(&self) {
        drop(self.shared.live.lock().take());
    }
}

#[pinned_drop]
impl PinnedDrop for Misc {
    fn drop(self: Pin<&mut Self>) {
        self.close();
    }
}

#[vtable]
impl MiscDevice for Shared {
    type Ptr = Arc<Self>;

    fn open(_file: &File, misc: &MiscDeviceRegistration<Self>) -> Result<Arc<Self>> {
        // SAFETY: A registration of this type is a field of a `Misc`, which stays until it is
        // unregistered, and that waits for this. The other field was set before it was registered. A
        // reference is made to that alone: the file may be there before all of a `Misc` is.
        let shared =
            unsafe { &(*container_of!(core::ptr::from_ref(misc), Misc, registration)).shared };

        Ok(shared.clone())
    }

    fn mmap(shared: ArcBorrow<'_, Self>, _file: &File, vma: &VmaNew) -> Result {
        let live = shared.live.lock();
        let live = live.as_ref().ok_or(ENODEV)?;

        // SAFETY: The area is not changed after this, and an error is returned. The file is of a device of
        // this module, which the file keeps.
        unsafe { live.memory.as_ref().ok_or(EIO)?.mmap(vma) }
    }

    fn ioctl(shared: ArcBorrow<'_, Self>, _file: &File, cmd: u32, page: usize) -> Result<isize> {
        let mut live = shared.live.lock();
        let live = (*live).as_mut().ok_or(ENODEV)?;

        if page >= PAGES {
            return Err(EINVAL);
        }
        let range = page * PAGE_SIZE..page * PAGE_SIZE + BUFFER_SIZE;
        let start = match cmd {
            DEVICE_READS => Transfer::read,
            DEVICE_WRITES => Transfer::write,
            _ => return Err(ENOTTY),
        };

        let edu = live.edu.clone().ok_or(EOPNOTSUPP)?;
        let memory = live.memory.take().ok_or(EIO)?;
        let transfer = match start(edu, memory, range, JOB) {
            Ok(transfer) => transfer,
            Err(err) => {
                live.memory = Some(err.memory);
                return Err(err.error);
            }
        };
        match transfer.wait(TIMEOUT) {
            Ok(memory) => {
                live.memory = Some(memory);
                Ok(0)
            }
            Err(WaitError::Failed(error, memory)) => {
                live.memory = Some(memory);
                Err(error)
            }
            Err(WaitError::TimedOut(_)) => Err(ETIMEDOUT),
        }
    }
}
