// SPDX-License-Identifier: GPL-2.0

//! Streaming DMA for Rust drivers: the library, a crate of its own.

#[allow(dead_code, reason = "the helpers are not for the library alone")]
mod bindings;
pub mod dma;
