// SPDX-License-Identifier: GPL-2.0

//! The module of the test device: the driver, with the checks and the single operations.

mod testdev {
    pub(crate) mod driver;
    pub(crate) mod module;

    use safe_dma_edu::testdev::edu;
    use safe_dma_testdev::testdev::{
        control,
        identify,
        misc,
        revocable,
        target,
        untrusted, //
    };
}

use safe_dma::dma;
use safe_dma_selftest::selftest;
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
            description: "Run the checks at probe (default: Y)",
        },
        claims: bool {
            default: false,
            description: "Print trace marks, to compare with QEMU's trace (default: N)",
        },
        subjects: u64 {
            default: 0,
            description: "Run only these subjects, one bit for each (default: 0, all)",
        },
        forget: bool {
            default: false,
            description: "Run the checks that leak mappings and transfers (default: N)",
        },
        mmap_contiguous: bool {
            default: false,
            description: "Allocate /dev/safe_dma0 contiguously behind an IOMMU too (default: N)",
        },
        dma_bits: u8 {
            default: 28,
            description: "Address bits as in QEMU's edu,dma_mask=, or fewer (default: 28)",
        },
    },
}
