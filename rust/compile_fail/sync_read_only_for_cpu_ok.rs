// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    CpuAccess,
    FromDevice,
    Mapping, //
};
use kernel::prelude::*;

fn answer(access: CpuAccess<'_, Mapping<'_, KVec<u8>, FromDevice>>) -> u8 {
    access[0]
}

fn check(mut mapping: Mapping<'_, KVec<u8>, FromDevice>) -> u8 {
    answer(mapping.sync_for_cpu())
}
