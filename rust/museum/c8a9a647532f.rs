// SPDX-License-Identifier: GPL-2.0

// In C: syncs the output of the cipher for the device before the CPU reads it, not for the CPU
// Here: does not compile

use crate::dma::{
    FromDevice,
    Mapping, //
};
use kernel::prelude::*;

fn read_output(output: &mut Mapping<'_, KVec<u8>, FromDevice>) -> u8 {
    output.sync_for_device()[0] //~ ERROR E0599
}
