// SPDX-License-Identifier: GPL-2.0

//! A driver of NVMe controllers: an example of a driver on the library.
//!
//! | | |
//! | --- | --- |
//! | `controller` | enabling, resetting and stopping the controller; its queues |
//! | `admin` | commands that are polled for |
//! | `identify` | what controller and namespaces report of themselves |
//! | `namespace` | a disk: requests become commands |
//! | `queue` | a pair of rings: the engine |
//! | `data_pointer` | where the data of a command is |
//! | `command`, `regs` | the formats of the hardware |
//!
//! Only the engine has `unsafe` code: it gives addresses to the hardware. `nvme/README.md` follows
//! a read through the layers, and lists what the types prevent.
//!
//! C: [`drivers/nvme/host/pci.c`](srctree/drivers/nvme/host/pci.c). Hardware: NVM Express Base
//! Specification.

use controller::Controller;
use kernel::{
    device::{
        Bound,
        Core, //
    },
    pci,
    prelude::*,
    sync::Arc, //
};
use namespace::Namespace;
use regs::Regs;
use safe_dma::block::{
    self,
    Registrations, //
};

mod admin;
mod command;
mod controller;
mod data_pointer;
mod identify;
mod namespace;
mod queue;
mod regs;

/// The driver.
pub(crate) struct NvmeDriver;

kernel::pci_device_table!(
    PCI_TABLE,
    (),
    [(
        pci::DeviceId::from_class(
            pci::Class::STORAGE_EXPRESS.as_raw(),
            pci::ClassMask::Full.as_raw()
        ),
        ()
    )]
);

impl block::Driver for NvmeDriver {
    type IdInfo = ();
    type Controller<'bound> = Controller<'bound>;
    type Disk<'bound> = Namespace<'bound>;

    const NAME: &'static CStr = c"rust_nvme";
    const DMA_BITS: u32 = 64;
    const MIN_ALIGN_MASK: u32 = data_pointer::PAGE as u32 - 1;
    // Vector 0, of the admin queue, which is polled. See `Controller::queues`.
    const SHARED_VECTORS: u16 = 1;
    const ID_TABLE: pci::IdTable<()> = &PCI_TABLE;

    fn probe<'bound>(dev: &'bound pci::Device<Core<'_>>) -> Result<Arc<Controller<'bound>>> {
        let regs = Arc::new(Regs::new(dev)?, GFP_KERNEL)?;

        // An earlier kernel may have left it enabled, with addresses that are no longer its own.
        regs.disable()?;
        dev.set_master();
        Controller::new(regs)
    }

    fn max_queues<'bound>(controller: &Controller<'bound>) -> u16 {
        controller.max_queues()
    }

    fn start<'bound>(
        controller: &Arc<Controller<'bound>>,
        dev: &'bound pci::Device<Bound>,
        queues: u16,
        registrations: &mut Registrations<Namespace<'bound>>,
    ) -> Result {
        controller.start_queues(queues)?;
        namespace::add_all(controller, dev, queues, registrations)
    }

    fn interrupt<'bound>(controller: &Controller<'bound>, queue: usize) -> bool {
        controller.reap(queue)
    }

    fn stop<'bound>(controller: &Controller<'bound>) {
        controller.shut_down();
    }
}
