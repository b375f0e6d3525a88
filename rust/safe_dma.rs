// SPDX-License-Identifier: GPL-2.0

//! Streaming DMA for Rust drivers: the library, a crate of its own.

mod bindings;
#[cfg(CONFIG_BLOCK)]
pub mod block;
pub mod dma;
