// SPDX-License-Identifier: GPL-2.0

// DMA debugger: device driver has pending DMA allocations while released from device
// In C: keeps a buffer that is synced for the CPU, and its mapping, after the driver was unbound
// Here: does not compile

use crate::dma::{
    CpuOwned,
    FromDevice,
    Mapping, //
};
use kernel::prelude::*;

struct Received {
    frame: CpuOwned<Mapping<'static, KVec<u8>, FromDevice>>,
}

fn keep(frame: Mapping<'_, KVec<u8>, FromDevice>) -> Received {
    Received {
        frame: frame.into_cpu(), //~ ERROR E0521
    }
}
