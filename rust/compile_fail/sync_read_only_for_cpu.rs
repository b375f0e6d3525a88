// SPDX-License-Identifier: GPL-2.0

// DMA debugger: device driver syncs device read-only DMA memory for cpu
// In C: syncs a buffer mapped DMA_TO_DEVICE for the CPU, with DMA_FROM_DEVICE
// Here: does not compile

use crate::dma::{
    CpuAccess,
    FromDevice,
    Mapping,
    ToDevice, //
};
use kernel::prelude::*;

fn answer(access: CpuAccess<'_, Mapping<'_, KVec<u8>, FromDevice>>) -> u8 {
    access[0]
}

fn check(mut mapping: Mapping<'_, KVec<u8>, ToDevice>) -> u8 {
    answer(mapping.sync_for_cpu()) //~ ERROR E0308
}
