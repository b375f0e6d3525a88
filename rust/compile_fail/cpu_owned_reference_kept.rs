// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see CPU accesses
// In C: keeps a pointer into a buffer from before it was synced for the device
// Here: does not compile

use crate::dma::{
    CpuOwned,
    FromDevice,
    Mapping, //
};
use kernel::prelude::*;

type Frame<'bound> = Mapping<'bound, KVec<u8>, FromDevice>;

fn next(owned: CpuOwned<Frame<'_>>) -> (Frame<'_>, u8) {
    let header = &owned[..4];
    let frame = owned.into_device(); //~ ERROR E0505

    (frame, header.iter().fold(0, |sum, byte| sum ^ byte))
}
