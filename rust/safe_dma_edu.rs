// SPDX-License-Identifier: GPL-2.0

//! QEMU's `edu` as a DMA engine, for the checks and for single operations.

mod bindings;

use safe_dma::dma;

/// The part of the test device that the checks also use.
pub mod testdev {
    pub mod addresses;
    mod completion;
    pub mod domain;
    pub mod edu;
    pub mod quiesce;
    pub mod regs;
}
