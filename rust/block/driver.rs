// SPDX-License-Identifier: GPL-2.0

//! PCI drivers of block devices.

use super::{
    interrupt::Interrupts,
    operations::Operations,
    registrations::Registrations, //
};
use kernel::{
    bindings,
    device::{
        Bound,
        Core,
        CoreInternal,
        Device,
        DeviceContext, //
    },
    dma::{
        Device as _,
        DmaMask, //
    },
    ffi::c_int,
    irq,
    new_mutex,
    pci,
    prelude::*,
    sync::{
        Arc,
        Mutex, //
    },
    time::Msecs, //
};

/// A PCI driver of block devices. [`Adapter`] makes a [`pci::Driver`] of it.
///
/// The controller is shared by disks and interrupt handlers. The library registers and removes
/// both: disks are removed first, while interrupts still complete their requests.
pub trait Driver: Sized + 'static {
    /// The type of the driver's information about a device ID.
    type IdInfo: 'static;
    /// The hardware, shared by all disks and handlers.
    type Controller<'bound>: Send + Sync + 'bound;
    /// The callbacks of a disk.
    type Disk<'bound>: Operations + Send + 'bound;

    /// The name of the interrupts.
    const NAME: &'static CStr;
    /// The number of address bits of the devices.
    const DMA_BITS: u32;
    /// The bits of an address that a device must see as they are in memory, less one than a power
    /// of two: 4095 for one whose pages have 4 KiB. Bounce buffers then have the same.
    const MIN_ALIGN_MASK: u32;
    /// The number of interrupt vectors before that of the first queue. They have no handler.
    const SHARED_VECTORS: u16;
    /// The devices that the driver supports.
    const ID_TABLE: pci::IdTable<Self::IdInfo>;

    /// Sets up the controller of a device. May sleep.
    ///
    /// Registers work. The device gets access to memory by [`pci::Device::set_master`], for which
    /// it must be idle: after [`clear_master`] or an earlier kernel, it may have old addresses.
    ///
    /// # Errors
    ///
    /// The device is not bound then.
    fn probe<'bound>(dev: &'bound pci::Device<Core<'_>>) -> Result<Arc<Self::Controller<'bound>>>;

    /// Returns the number of queues that the controller has.
    fn max_queues<'bound>(controller: &Self::Controller<'bound>) -> u16;

    /// Starts `queues` queues, whose interrupts have handlers, and registers disks. May sleep.
    ///
    /// # Errors
    ///
    /// [`Driver::stop`] follows, and the device is not bound.
    fn start<'bound>(
        controller: &Arc<Self::Controller<'bound>>,
        dev: &'bound pci::Device<Bound>,
        queues: u16,
        registrations: &mut Registrations<Self::Disk<'bound>>,
    ) -> Result;

    /// Handles the interrupt of a queue, and returns whether there was a reason for it.
    ///
    /// Called in hard interrupt context.
    fn interrupt<'bound>(controller: &Self::Controller<'bound>, queue: usize) -> bool;

    /// Shuts the controller down: requests in flight end, and later ones are refused. May sleep.
    ///
    /// Called after the disks were removed; before, if the device is gone or the machine is shut
    /// down, and then perhaps more than once. At a shutdown, requests had time to end.
    fn stop<'bound>(controller: &Self::Controller<'bound>);
}

/// The [`pci::Driver`] of a [`Driver`].
pub struct Adapter<T: Driver>(T);

/// The handler of a queue.
struct Interrupt<'bound, T: Driver> {
    controller: Arc<T::Controller<'bound>>,
    queue: usize,
}

impl<T: Driver> irq::Handler for Interrupt<'_, T> {
    #[inline]
    fn handle(&self) -> irq::IrqReturn {
        if T::interrupt(&self.controller, self.queue) {
            irq::IrqReturn::Handled
        } else {
            irq::IrqReturn::None
        }
    }
}

/// What is registered for a device. Dropped in this order.
struct Registered<'bound, T: Driver> {
    disks: Registrations<T::Disk<'bound>>,
    _interrupts: Interrupts<'bound, Interrupt<'bound, T>>,
}

/// How long requests may take at a shutdown.
const SHUTDOWN: Msecs = 30_000;

/// A device whose registers are enabled.
struct Enabled<'bound>(&'bound pci::Device<Bound>);

impl Drop for Enabled<'_> {
    fn drop(&mut self) {
        // SAFETY: It was enabled. This ends its access to memory, too.
        unsafe { bindings::pci_disable_device(as_raw(self.0)) };
    }
}

/// The state of a bound device.
#[pin_data(PinnedDrop)]
pub struct Data<'bound, T: Driver> {
    #[pin]
    registered: Mutex<Option<Registered<'bound, T>>>,
    controller: Arc<T::Controller<'bound>>,
    enabled: Enabled<'bound>,
}

impl<T: Driver> Data<'_, T> {
    /// Removes what is registered, and stops the controller.
    fn close(&self) {
        let registered = self.registered.lock().take();

        if registered.is_some() {
            // SAFETY: The device is bound.
            if !unsafe { bindings::pci_device_is_present(as_raw(self.enabled.0)) } {
                // No request would complete.
                T::stop(&self.controller);
            }
            // Not under the lock: this waits for requests.
            drop(registered);
            T::stop(&self.controller);
        }
    }
}

#[pinned_drop]
impl<T: Driver> PinnedDrop for Data<'_, T> {
    fn drop(self: Pin<&mut Self>) {
        // After a failed probe; otherwise `unbind()` has done it.
        self.close();
    }
}

fn as_raw<Ctx: DeviceContext>(dev: &pci::Device<Ctx>) -> *mut bindings::pci_dev {
    // `pci::Device` is `repr(transparent)` over `Opaque<bindings::pci_dev>`.
    core::ptr::from_ref(dev).cast_mut().cast()
}

/// Ends a device's access to memory, such as that of one which does not stop. Does not sleep.
///
/// Earlier writes have reached memory when this returns. Message signalled interrupts end, too.
///
/// C: `pci_clear_master()`, [`drivers/pci/pci.c`](srctree/drivers/pci/pci.c).
pub fn clear_master(dev: &pci::Device<Bound>) {
    let mut command = 0;

    // SAFETY: The device is bound.
    unsafe { bindings::pci_clear_master(as_raw(dev)) };
    // The answer to a read comes after all writes that the device has sent.
    // SAFETY: As above.
    unsafe {
        // CAST: A small constant.
        bindings::pci_read_config_word(as_raw(dev), bindings::PCI_COMMAND as c_int, &mut command)
    };
}

/// Enables the registers of a device that is being probed, and sets its masks.
///
/// C: `pci_enable_device_mem()`, [`drivers/pci/pci.c`](srctree/drivers/pci/pci.c);
/// `dma_set_mask_and_coherent()`, `dma_set_min_align_mask()`,
/// [`include/linux/dma-mapping.h`](srctree/include/linux/dma-mapping.h).
fn set_up<'bound, T: Driver>(dev: &'bound pci::Device<Core<'_>>) -> Result<Enabled<'bound>> {
    const {
        assert!(T::MIN_ALIGN_MASK & T::MIN_ALIGN_MASK.wrapping_add(1) == 0);
    }
    let raw: *mut bindings::device = {
        let dev: &Device<Core<'_>> = dev.as_ref();
        core::ptr::from_ref(dev).cast_mut().cast()
    };

    dev.enable_device_mem()?;
    let enabled = Enabled(dev);
    // C enables it, too, and there is no handler for it.
    // SAFETY: The device is enabled.
    unsafe { bindings::pci_intx(as_raw(dev), 0) };
    // SAFETY: The device is being probed, so that nothing maps or allocates for it yet.
    unsafe { dev.dma_set_mask_and_coherent(DmaMask::try_new(T::DMA_BITS)?)? };
    // SAFETY: As above. A PCI device has these parameters.
    unsafe { (*(*raw).dma_parms).min_align_mask = T::MIN_ALIGN_MASK };
    Ok(enabled)
}

/// # Safety
///
/// Only for C, as `pci_driver::shutdown` of the driver of an [`Adapter`] of `T`.
unsafe extern "C" fn shutdown<T: Driver>(dev: *mut bindings::pci_dev) {
    // SAFETY: By the safety requirements. C holds the lock of the device, which is bound.
    let dev = unsafe { &*dev.cast::<pci::Device<CoreInternal<'_>>>() };
    let dev: &Device<CoreInternal<'_>> = dev.as_ref();
    // SAFETY: As above, so that its data has been set, and is of this type.
    let data = unsafe { dev.drvdata_borrow::<Data<'_, T>>() };

    let registered = data.registered.lock();
    let disks = registered.as_ref().map(|registered| &registered.disks);
    // Requests in flight end; later ones wait, and are refused after that.
    let frozen = disks.map(|disks| disks.freeze(SHUTDOWN));
    T::stop(&data.controller);
    drop(frozen);
}

/// The power management of an [`Adapter`].
struct Pm(bindings::dev_pm_ops);

// SAFETY: It does not change.
unsafe impl Sync for Pm {}

/// Refuses suspend and hibernation, whose callbacks the abstraction does not have.
///
/// Without a callback, the kernel that is restored would give the device access to memory by the
/// addresses of the kernel that restores it.
static PM: Pm = {
    let mut pm: bindings::dev_pm_ops = pin_init::zeroed();

    pm.prepare = Some(refuse);
    Pm(pm)
};

/// # Safety
///
/// Only for C, as `dev_pm_ops::prepare`.
unsafe extern "C" fn refuse(_dev: *mut bindings::device) -> c_int {
    EOPNOTSUPP.to_errno()
}

impl<T: Driver> pci::Driver for Adapter<T> {
    type IdInfo = T::IdInfo;
    type Data<'bound> = Data<'bound, T>;
    const ID_TABLE: pci::IdTable<Self::IdInfo> = T::ID_TABLE;

    fn probe<'bound>(
        dev: &'bound pci::Device<Core<'_>>,
        _info: Option<&'bound Self::IdInfo>,
    ) -> impl PinInit<Self::Data<'bound>, Error> + 'bound {
        pin_init::pin_init_scope(move || {
            let enabled = set_up::<T>(dev)?;
            let controller = T::probe(dev)?;
            let handler = |queue: u16| Interrupt::<T> {
                controller: controller.clone(),
                queue: queue.into(),
            };
            let max = T::max_queues(&controller);
            // SAFETY: As below.
            let interrupts =
                unsafe { Interrupts::new(dev, T::NAME, T::SHARED_VECTORS, max, handler) };
            // SAFETY: Both become fields of the driver's data, which drops them when the device is
            // unbound. What they borrow is the driver's, which lives for `'bound`.
            let mut disks = unsafe { Registrations::new() };

            let started = interrupts.and_then(|interrupts| {
                T::start(&controller, dev, interrupts.queues(), &mut disks).map(|()| interrupts)
            });
            let interrupts = started.inspect_err(|_| T::stop(&controller))?;
            // The abstraction has no such callbacks. They are the same for all devices.
            // SAFETY: C has set the driver, which stays while a device is being probed. Others
            // write the same.
            unsafe {
                let driver = (*as_raw(dev)).driver;
                (&raw mut (*driver).shutdown).write_volatile(Some(shutdown::<T>));
                (&raw mut (*driver).driver.pm).write_volatile(&raw const PM.0);
            }
            Ok(try_pin_init!(Data {
                registered <- new_mutex!(Some(Registered {
                    disks,
                    _interrupts: interrupts,
                })),
                controller,
                enabled,
            }? Error))
        })
    }

    fn unbind<'bound>(_dev: &'bound pci::Device<Core<'_>>, data: Pin<&Self::Data<'bound>>) {
        // Disks are gone before the driver core takes the device's DMA away.
        data.close();
    }
}
