// SPDX-License-Identifier: GPL-2.0

//! The root of a crate that has the library, and counts what its operations take, beside the same in C.

use safe_dma::dma;

mod bench {
    mod by_hand;
    pub(crate) mod driver;
    mod held;
    mod kept;
    mod lists;
    mod memory;
    mod round_trip;
    mod series;
    mod streaming;
    mod threads;
}

kernel::module_pci_driver! {
    type: bench::driver::BenchDriver,
    name: "bench_dma",
    authors: ["The safe-dma developers"],
    description: "What streaming DMA in Rust takes, and the same in C",
    license: "GPL v2",
    params: {
        dma_bits: u8 {
            default: 28,
            description: "Address bits of the device, as in QEMU's option edu,dma_mask= (default: 28)",
        },
        rounds: u32 {
            default: 64,
            description: "How often each operation is counted, or timed by each thread (default: 64)",
        },
        threads: u8 {
            default: 0,
            description: "Time that many threads, each on a processor of its own, instead of counting (default: 0)",
        },
    },
}
