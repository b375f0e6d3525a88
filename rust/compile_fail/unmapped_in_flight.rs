// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see device accesses
// In C: takes the buffer out of a request while the transfer is in flight
// Here: does not compile

use crate::dma::{
    FromDevice,
    Mapping,
    Transfer,
    Wait, //
};
use kernel::prelude::*;

type Buffer<'a> = Mapping<'a, KVec<u8>, FromDevice>;

fn steal<E: Wait + Copy>(request: &mut Transfer<E, Buffer<'_>>) -> u8 {
    request.parts.memory.sync_for_cpu()[0] //~ ERROR E0616
}
