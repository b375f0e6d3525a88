// SPDX-License-Identifier: GPL-2.0

// DMA debugger: device driver tries to free DMA memory it has not allocated
// In C: completes a command twice, as its device has reported it twice, and unmaps its buffer twice
// Here: does not compile

use crate::dma::{
    Completer,
    Engine,
    FromDevice,
    Mapping, //
};
use kernel::prelude::*;

type Frame<'a> = Mapping<'a, KVec<u8>, FromDevice>;

fn complete<E: Engine>(completer: &mut Completer<E, Frame<'_>, ()>) {
    if let Some(Ok(completed)) = completer.reap() {
        drop(completed.memory.unmap());
        drop(completed.memory.unmap()); //~ ERROR E0382
    }
}
