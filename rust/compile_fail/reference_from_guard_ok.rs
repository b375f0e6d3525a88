// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    FromDevice,
    Mapping, //
};
use kernel::prelude::*;

fn checksum(mapping: &mut Mapping<'_, KVec<u8>, FromDevice>) -> u8 {
    let access = mapping.sync_for_cpu();
    let header = &access[..4];

    header.iter().fold(0, |sum, byte| sum ^ byte)
}
