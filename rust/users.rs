// SPDX-License-Identifier: GPL-2.0

//! The root of a crate of files that use the library as a driver does: what must not compile, the right ways,
//! the examples of the documentation.
//!
//! Kbuild names a file that has them all; see `scripts/safe_dma/compile/crates.py`.

#[allow(unused_imports, reason = "the documentation goes by the name of the crate")]
use safe_dma::dma;

/// What `module!` makes for `pr_info!` and the like.
#[doc(hidden)]
pub const __LOG_PREFIX: &[u8] = b"users\0";

/// The users.
#[allow(dead_code, reason = "nobody calls their functions")]
mod users {
    include!(env!("SAFE_DMA_USERS"));
}
