// SPDX-License-Identifier: GPL-2.0

//! The root of a crate that has the library, under the name that its documentation gives it, and files that
//! use it as a driver does: what must not compile, the right ways, the examples of the documentation.
//!
//! Kbuild names a file that has them all; see `scripts/safe_dma/compile/crates.py`.

#[allow(unused_extern_crates, reason = "only the documentation goes by it")]
extern crate self as safe_dma;

#[allow(
    dead_code,
    reason = "the module has helpers that the library does not need"
)]
mod bindings;
pub mod dma;

/// What `module!` makes for `pr_info!` and the like.
#[doc(hidden)]
pub const __LOG_PREFIX: &[u8] = b"users\0";

/// The users.
#[allow(dead_code, reason = "nobody calls their functions")]
mod users {
    include!(env!("SAFE_DMA_USERS"));
}
