// SPDX-License-Identifier: GPL-2.0

//! A test device that proves the library behind an SMMUv3.

#[allow(dead_code, reason = "the helpers are not for the checks alone")]
mod bindings;
mod selftest;
mod testdev;

use safe_dma::dma;
use testdev::module::TestModule;

kernel::prelude::module! {
    type: TestModule,
    name: "safe_dma",
    authors: ["The safe-dma developers"],
    description: "Safe streaming DMA in Rust, with a test device",
    license: "GPL v2",
    params: {
        run_checks: bool {
            default: true,
            description: "Run the checks when a device is bound (default: Y)",
        },
        claims: bool {
            default: false,
            description: "Print what the checks say of DMA addresses, to be compared with QEMU's trace (default: N)",
        },
        concurrency: bool {
            default: false,
            description: "With run_checks=N, run the checks of several threads when a device is bound (default: N)",
        },
        forget: bool {
            default: false,
            description: "Forget mappings and transfers when a device is bound, which are lost then (default: N)",
        },
        mmap_contiguous: bool {
            default: false,
            description: "Give /dev/safe_dma0 contiguous memory, which it has anyway without an IOMMU (default: N)",
        },
        untrusted: bool {
            default: false,
            description: "Mark the device as untrusted while it is bound, so that an IOMMU's driver bounces what is no whole page; firmware of arm64 cannot (default: N)",
        },
        dma_bits: u8 {
            default: 28,
            description: "Address bits of the device, as in QEMU's option edu,dma_mask=; more than it has corrupts memory (default: 28)",
        },
    },
}
