// SPDX-License-Identifier: GPL-2.0

//! The root of a crate that has the library, under the name that its documentation gives it, and one
//! example of that documentation.
//!
//! Kbuild names the example's file; see `scripts/examples.py`.

extern crate self as safe_dma;

#[allow(
    dead_code,
    reason = "the module has helpers that the library does not need"
)]
mod bindings;
pub mod dma;

/// What `module!` makes for `pr_info!` and the like.
#[doc(hidden)]
pub const __LOG_PREFIX: &[u8] = b"example\0";

/// The example.
#[allow(dead_code, reason = "nobody calls the functions of an example")]
mod example {
    include!(env!("SAFE_DMA_EXAMPLE"));
}
