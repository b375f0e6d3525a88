// SPDX-License-Identifier: GPL-2.0

//! The PCI driver: binds to `edu` by its ID, and to any other device by `driver_override` in sysfs.
//!
//! For any other device the driver only maps memory. It uses neither registers nor interrupts of
//! that device, and starts no DMA on it.

use super::{
    control::Control,
    edu::{
        Edu,
        Handler,
        DMA_BITS, //
    },
    identify,
    misc::Misc,
    revocable::{
        CloseOnDrop,
        Live,
        Revocable, //
    },
    target::Target,
    untrusted, //
};
use crate::{
    dma::limits,
    module_parameters,
    selftest, //
};
use kernel::{
    device::{
        BoundInternal,
        Core,
        Device, //
    },
    dma::{
        Device as _,
        DmaMask, //
    },
    irq,
    pci::{
        self,
        IrqType,
        IrqTypes,
        IrqVectorRegistration, //
    },
    prelude::*,
    sync::Arc, //
};

/// QEMU's vendor ID for devices that have none of their own.
// SAFETY: `pci::Vendor` is `repr(transparent)` over `u16`, and every `u16` is a valid vendor ID.
// Its constructor is private, and it has no constant for this vendor.
const VENDOR_QEMU: pci::Vendor = unsafe { core::mem::transmute::<u16, pci::Vendor>(0x1234) };

const DEVICE_EDU: u32 = 0x11e8;

kernel::pci_device_table!(
    PCI_TABLE,
    <TestDriver as pci::Driver>::IdInfo,
    [(pci::DeviceId::from_id(VENDOR_QEMU, DEVICE_EDU), ())]
);

/// The driver of the test device.
pub(crate) struct TestDriver;

/// The interrupt of an [`Edu`].
#[pin_data]
struct Interrupt<'bound> {
    // Fields are dropped in this order: the handler before the vectors that it uses.
    #[pin]
    _irq: irq::Registration<'bound, Handler<'bound>>,
    vectors: IrqVectorRegistration<'bound>,
}

impl<'bound> Interrupt<'bound> {
    /// Registers the handler.
    ///
    /// # Safety
    ///
    /// The value is dropped before the end of `'bound`.
    unsafe fn new(
        pdev: &'bound pci::Device<Core<'_>>,
        edu: &Arc<Edu<'bound>>,
    ) -> Result<Pin<KBox<Self>>> {
        let vectors = pdev.alloc_irq_vectors(1, 1, IrqTypes::default().with(IrqType::Msi))?;
        let handler = Handler(edu.clone());

        KBox::try_pin_init(
            try_pin_init!(Self {
                vectors,
                _irq <- {
                    // SAFETY: The field is pinned, initialized before `_irq` and dropped after it.
                    // The registration keeps only the interrupt number from this reference, and
                    // uses it until `_irq` is dropped, so the longer lifetime is never relied on.
                    let vectors: &'bound IrqVectorRegistration<'bound> =
                        unsafe { &*core::ptr::from_ref(vectors) };

                    // SAFETY: By the caller's promise, the registration is dropped before the end
                    // of `'bound`.
                    unsafe {
                        irq::Registration::new(
                            vectors.index(0)?.into(),
                            irq::Flags::TRIGGER_NONE,
                            c"safe_dma",
                            Ok::<_, Error>(handler),
                        )
                    }
                },
            }? Error),
            GFP_KERNEL,
        )
    }
}

/// The state of a bound device.
#[pin_data]
pub(crate) struct Data<'bound> {
    // Fields are dropped in this order. `access` is first: its drop ends all use of the device.
    access: CloseOnDrop,
    #[pin]
    control: Control,
    // Dropped before the interrupt, with which transfers of the device file end.
    #[pin]
    misc: Misc,
    _interrupt: Option<Pin<KBox<Interrupt<'bound>>>>,
    edu: Option<Arc<Edu<'bound>>>,
}

/// Returns the DMA mask for the module parameter `dma_bits`.
fn dma_mask(pdev: &pci::Device<Core<'_>>) -> Result<DmaMask> {
    let bits = module_parameters::dma_bits.value();

    if !DMA_BITS.contains(&bits) {
        dev_err!(
            pdev,
            "dma_bits={} is out of range: it must be {} to {}\n",
            bits,
            DMA_BITS.start(),
            DMA_BITS.end()
        );
        return Err(EINVAL);
    }

    DmaMask::try_new(u32::from(bits))
}

/// Prints the identity of the device, and returns its engine if it is an `edu`.
fn engine<'bound>(pdev: &'bound pci::Device<Core<'_>>) -> Result<Option<Arc<Edu<'bound>>>> {
    if (pdev.vendor_id(), u32::from(pdev.device_id())) != (VENDOR_QEMU, DEVICE_EDU) {
        // The driver starts no DMA on this device, which need not be a bus master.
        identify::print(pdev, None);
        return Ok(None);
    }
    pdev.set_master();

    let bar = pdev.iomap_region_sized(0, c"safe_dma")?;
    // SAFETY: This is BAR 0 of the device, which is identified below.
    let edu = Arc::pin_init(unsafe { Edu::new(pdev, bar) }, GFP_KERNEL)?;
    identify::print(pdev, Some(&edu.identify()?));
    edu.settle()?;
    // Interrupts may be pending from an earlier driver; no handler is registered yet.
    edu.acknowledge();
    Ok(Some(edu))
}

/// Returns the engine of another device.
///
/// # Safety
///
/// The device is bound to this driver, and locked.
unsafe fn edu_of<'a>(pdev: &'a pci::Device<Core<'_>>) -> Option<&'a Edu<'a>> {
    let dev: &Device<Core<'_>> = pdev.as_ref();
    // SAFETY: The parameter of `Device` is a marker. By the caller's promise, probe has set data of
    // this type, and the lock keeps the driver core from dropping it.
    let data = unsafe {
        (*core::ptr::from_ref(dev).cast::<Device<BoundInternal>>()).drvdata_borrow::<Data<'a>>()
    };

    data.get_ref().edu.as_deref()
}

impl pci::Driver for TestDriver {
    type IdInfo = ();
    type Data<'bound> = Data<'bound>;
    const ID_TABLE: pci::IdTable<Self::IdInfo> = &PCI_TABLE;

    fn probe<'bound>(
        pdev: &'bound pci::Device<Core<'_>>,
        _info: Option<&'bound Self::IdInfo>,
    ) -> impl PinInit<Self::Data<'bound>, Error> + 'bound {
        pin_init::pin_init_scope(move || {
            pdev.enable_device_mem()?;

            let default_masks = [
                limits::mask(pdev.as_ref()),
                limits::coherent_mask(pdev.as_ref()),
            ];
            let mask = dma_mask(pdev)?;
            // SAFETY: The device is being probed, so nothing maps or allocates for it yet.
            unsafe { pdev.dma_set_mask_and_coherent(mask)? };

            let edu = engine(pdev)?;
            let interrupt = match &edu {
                // SAFETY: The value becomes a field of the driver's data, which the driver core
                // drops when the device is unbound.
                Some(edu) => Some(unsafe { Interrupt::new(pdev, edu)? }),
                None => None,
            };

            Ok(try_pin_init!(Data {
                _interrupt: interrupt,
                edu: edu.clone(),
                _: {
                    let selection = selftest::Selection {
                        checks: module_parameters::run_checks.value(),
                        forget: module_parameters::forget.value(),
                        subjects: module_parameters::subjects.value(),
                        claims: module_parameters::claims.value(),
                        default_masks,
                        dma_bits: module_parameters::dma_bits.value(),
                        untrusted: untrusted::is_untrusted(pdev),
                        edu_of,
                    };
                    selftest::run(pdev, edu.as_deref(), selection);
                },
                access: {
                    let target = Target::new(pdev.as_ref(), Some(pdev), edu.clone())?;

                    let contiguous = module_parameters::mmap_contiguous.value();
                    // Created after the checks, which need exclusive use of the device.
                    let live = Live::new(target, contiguous)?;

                    // SAFETY: The value becomes a field of the driver's data, which the driver core
                    // drops when the device is unbound; its drop calls `close()`.
                    CloseOnDrop(unsafe { Revocable::new(live)? })
                },
                misc <- Misc::new(pdev.as_ref(), access.0.clone()),
                // Created last: its removal waits for the operation that a program may have begun,
                // and on a failed probe only the drop of `access` would end that.
                control <- Control::new(pdev.as_ref(), access.0.clone()),
            }))
        })
    }

    fn unbind<'bound>(_pdev: &'bound pci::Device<Core<'_>>, data: Pin<&Self::Data<'bound>>) {
        // Unmap before the data is dropped: by then the driver core has given up the DMA ownership
        // of the device's IOMMU group, and root can attach another domain to it.
        data.access.0.close();
        data.control.close();
    }
}
