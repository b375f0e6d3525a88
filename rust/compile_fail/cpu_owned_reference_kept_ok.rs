// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    CpuOwned,
    FromDevice,
    Mapping, //
};
use kernel::prelude::*;

type Frame<'bound> = Mapping<'bound, KVec<u8>, FromDevice>;

fn next(owned: CpuOwned<Frame<'_>>) -> (Frame<'_>, u8) {
    let header = &owned[..4];
    let sum = header.iter().fold(0, |sum, byte| sum ^ byte);

    (owned.into_device(), sum)
}
