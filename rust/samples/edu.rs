// SPDX-License-Identifier: GPL-2.0

//! A sample driver: sends a buffer through QEMU's `edu` device and checks the data that returns.

mod engine;

use crate::{
    dma::{
        Bidirectional,
        Mapping,
        Transfer, //
    },
    module_parameters, //
};
use engine::Edu;
use kernel::{
    device::{
        Bound,
        Core,
        Device, //
    },
    dma::{
        Device as _,
        DmaMask, //
    },
    pci,
    prelude::*,
    time::Delta, //
};

const TIMEOUT: Delta = Delta::from_secs(1);

/// Sends a buffer to the device and gets it back.
fn round_trip(dev: &Device<Bound>, edu: &Edu<'_>) -> Result {
    let frame = KVec::from_elem(0x5au8, 1500, GFP_KERNEL)?;
    let len = frame.len();

    let mapping = Mapping::map(dev, frame, Bidirectional)?;
    let mut mapping = Transfer::to_device(edu.channel(), mapping, 0..len, ())?.wait(TIMEOUT)?;
    mapping.sync_for_cpu().fill(0);
    let mapping = Transfer::from_device(edu.channel(), mapping, 0..len, ())?.wait(TIMEOUT)?;
    let frame = mapping.unmap();

    if frame.iter().any(|byte| *byte != 0x5a) {
        dev_err!(dev, "the data has changed\n");
        return Err(EIO);
    }
    dev_info!(dev, "{} bytes went to the device and came back\n", len);
    Ok(())
}

/// The driver.
pub(crate) struct SampleDriver;

// SAFETY: `pci::Vendor` is `repr(transparent)` over `u16`, and any number may be a vendor ID. Most
// vendors have a constant in `pci::Vendor`.
const VENDOR_QEMU: pci::Vendor = unsafe { core::mem::transmute::<u16, pci::Vendor>(0x1234) };

kernel::pci_device_table!(
    PCI_TABLE,
    (),
    [(pci::DeviceId::from_id(VENDOR_QEMU, 0x11e8), ())]
);

impl pci::Driver for SampleDriver {
    type IdInfo = ();
    type Data<'bound> = Self;
    const ID_TABLE: pci::IdTable<Self::IdInfo> = &PCI_TABLE;

    fn probe<'bound>(
        pdev: &'bound pci::Device<Core<'_>>,
        info: Option<&'bound Self::IdInfo>,
    ) -> impl PinInit<Self, Error> + 'bound {
        // `driver_override` binds any device.
        info.ok_or(ENODEV)?;
        pdev.enable_device_mem()?;
        pdev.set_master();
        let mask = DmaMask::try_new(module_parameters::dma_bits.value().into())?;
        // SAFETY: The device is being probed; nothing maps or allocates for it yet.
        unsafe { pdev.dma_set_mask_and_coherent(mask)? };

        round_trip(pdev.as_ref(), &Edu::new(pdev)?)?;
        Ok(Self)
    }
}
