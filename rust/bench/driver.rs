// SPDX-License-Identifier: GPL-2.0

//! The driver, which runs the benchmark in its probe and prints to the kernel log.

use super::{
    buffer_pool,
    by_hand,
    in_flight,
    lists,
    memory,
    rings,
    round_trip,
    series::Bench,
    streaming,
    sync,
    threads,
    user, //
};
use crate::module_parameters;
use kernel::{
    device::Core,
    dma::{
        Device as _,
        DmaMask, //
    },
    pci,
    prelude::*, //
};

/// The driver.
pub(crate) struct BenchDriver;

// SAFETY: `pci::Vendor` is `repr(transparent)` over `u16`, and any number may be a vendor ID.
const VENDOR_QEMU: pci::Vendor = unsafe { core::mem::transmute::<u16, pci::Vendor>(0x1234) };

kernel::pci_device_table!(
    PCI_TABLE,
    (),
    [(pci::DeviceId::from_id(VENDOR_QEMU, 0x11e8), ())]
);

impl pci::Driver for BenchDriver {
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

        if module_parameters::programs.value() != 0 {
            by_hand::count_for_programs();
            return Ok(Self);
        }
        // CAST: From 32 bits to at least as many.
        let rounds = module_parameters::rounds.value() as usize;
        match module_parameters::threads.value() {
            0 => {
                let bench = Bench::new(pdev, rounds)?;

                streaming::run(&bench)?;
                lists::run(&bench)?;
                memory::run(&bench)?;
                sync::run(&bench)?;
                buffer_pool::run(&bench)?;
                in_flight::run(&bench)?;
                rings::run(&bench)?;
                user::run(&bench)?;
                #[cfg(CONFIG_BLOCK)]
                super::requests::run(&bench)?;
                round_trip::run(&bench)?;
            }
            count => threads::run(pdev.as_ref(), count.into(), rounds)?,
        }
        dev_info!(pdev, "bench: end\n");
        Ok(Self)
    }
}
