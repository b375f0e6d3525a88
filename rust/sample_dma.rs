// SPDX-License-Identifier: GPL-2.0

//! A module with the library and the driver in `samples/`.

use safe_dma::dma;

mod samples {
    pub(crate) mod edu;
}

kernel::module_pci_driver! {
    type: samples::edu::SampleDriver,
    name: "sample_dma",
    authors: ["The safe-dma developers"],
    description: "A sample of streaming DMA in Rust",
    license: "GPL v2",
    params: {
        dma_bits: u8 {
            default: 28,
            description: "Address bits, as in QEMU's option edu,dma_mask= (default: 28)",
        },
    },
}
