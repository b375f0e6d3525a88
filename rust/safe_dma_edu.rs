// SPDX-License-Identifier: GPL-2.0

//! QEMU's `edu` as a DMA engine, for the checks and for operations by hand.

#[allow(dead_code, reason = "the helpers are not for this crate alone")]
mod bindings;

use safe_dma::dma;

/// The part of the test device that the checks use, too.
pub mod testdev {
    pub mod addresses;
    mod completion;
    pub mod edu;
    pub mod quiesce;
    pub mod regs;
}
