// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    CpuOwned,
    FromDevice,
    Mapping, //
};
use kernel::prelude::*;

struct Received<'bound> {
    frame: CpuOwned<Mapping<'bound, KVec<u8>, FromDevice>>,
}

fn keep(frame: Mapping<'_, KVec<u8>, FromDevice>) -> Received<'_> {
    Received {
        frame: frame.into_cpu(),
    }
}
