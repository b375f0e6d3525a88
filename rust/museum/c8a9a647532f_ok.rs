// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    FromDevice,
    Mapping, //
};
use kernel::prelude::*;

fn read_output(output: &mut Mapping<'_, KVec<u8>, FromDevice>) -> u8 {
    output.sync_for_cpu()[0]
}
