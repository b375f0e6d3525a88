// SPDX-License-Identifier: GPL-2.0

//! Streaming DMA for Rust drivers.

mod bindings;
pub mod dma;

use kernel::prelude::*;

struct SafeDma;

impl kernel::Module for SafeDma {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        Ok(Self)
    }
}

module! {
    type: SafeDma,
    name: "safe_dma",
    authors: ["The safe-dma developers"],
    description: "Safe streaming DMA in Rust",
    license: "GPL v2",
}
