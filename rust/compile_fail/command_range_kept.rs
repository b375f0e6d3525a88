// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see device accesses
// In C: unmaps the buffer of a command that completed, and gives its address to the device again
// Here: does not compile

use crate::dma::{
    Completer,
    Engine,
    FromDevice,
    Mapping, //
};
use kernel::prelude::*;

type Frame<'a> = Mapping<'a, KVec<u8>, FromDevice>;

/// # Safety
///
/// The device writes to the buffer only until the next command completes.
unsafe fn repeat<E: Engine>(completer: &mut Completer<E, Frame<'_>, ()>, write: fn(u64)) {
    if let Some(Ok(completed)) = completer.reap() {
        let range = completed.memory.range();
        drop(completed.memory.unmap()); //~ ERROR E0505

        // SAFETY: By the caller's promise.
        write(unsafe { range.address().as_raw() });
    }
}
