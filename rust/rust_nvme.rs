// SPDX-License-Identifier: GPL-2.0

//! A module with the library and the NVMe driver.

mod nvme;

use safe_dma::block;

kernel::module_pci_driver! {
    type: block::Adapter<nvme::NvmeDriver>,
    name: "rust_nvme",
    authors: ["The safe-dma developers"],
    description: "NVMe driver in Rust",
    license: "GPL v2",
}
