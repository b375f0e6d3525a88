// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    FromDevice,
    Mapping, //
};
use kernel::prelude::*;

fn receive(mut buffer: Mapping<'_, KVec<u8>, FromDevice>) -> u8 {
    buffer.sync_for_cpu()[0]
}
