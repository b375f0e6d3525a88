// SPDX-License-Identifier: GPL-2.0

//! Benchmark of the library against C: counts the instructions of each operation in both.

use safe_dma::dma;

mod bench {
    mod buffer_pool;
    mod by_hand;
    mod by_hand_others;
    mod by_hand_queue;
    pub(crate) mod driver;
    mod in_flight;
    mod lists;
    mod memory;
    mod prelude;
    #[cfg(CONFIG_BLOCK)]
    mod requests;
    mod rings;
    mod round_trip;
    mod series;
    mod streaming;
    mod sync;
    mod threads;
    mod user;
}

kernel::module_pci_driver! {
    type: bench::driver::BenchDriver,
    name: "bench_dma",
    authors: ["The safe-dma developers"],
    description: "Benchmark of streaming DMA in Rust and in C",
    license: "GPL v2",
    params: {
        dma_bits: u8 {
            default: 28,
            description: "Address bits, as in QEMU's option edu,dma_mask= (default: 28)",
        },
        rounds: u32 {
            default: 64,
            description: "Repetitions of each operation, and in each thread (default: 64)",
        },
        threads: u8 {
            default: 0,
            description: "Time this many threads on as many processors instead (default: 0)",
        },
        programs: u8 {
            default: 0,
            description: "Only let programs read the count of instructions (default: 0)",
        },
    },
}
