// SPDX-License-Identifier: GPL-2.0

//! Streaming DMA for Rust drivers: the library, a crate of its own.

mod bindings;
pub mod dma;
