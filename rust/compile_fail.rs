// SPDX-License-Identifier: GPL-2.0

//! The root of a crate that has the library, and one file of `compile_fail/` as its only user.
//!
//! Kbuild names that file; see `scripts/misuse.py`.

#[allow(
    dead_code,
    reason = "the module has helpers that the library does not need"
)]
mod bindings;
pub mod dma;

/// The driver.
#[allow(dead_code, reason = "nobody calls the functions of a case")]
mod case {
    include!(env!("SAFE_DMA_CASE"));
}
