// SPDX-License-Identifier: GPL-2.0

//! The checks that run on the test device.

mod bindings;
pub mod selftest;

use safe_dma::dma;
use safe_dma_edu::testdev;
