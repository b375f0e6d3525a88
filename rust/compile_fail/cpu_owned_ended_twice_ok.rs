// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    CpuOwned,
    SyncForCpu, //
};

// The CPU's ownership is a value that is consumed once.
fn end<M: SyncForCpu>(owned: CpuOwned<M>) -> M {
    owned.into_device()
}
