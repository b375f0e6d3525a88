// SPDX-License-Identifier: GPL-2.0

//! The checks that run on the test device.

#[allow(dead_code, reason = "the helpers are not for this crate alone")]
mod bindings;
pub mod selftest;

use safe_dma::dma;
use safe_dma_edu::testdev;
