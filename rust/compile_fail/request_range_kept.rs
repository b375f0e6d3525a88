// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see device accesses
// In C: ends a block request, and gives the address of its data to the device again
// Here: does not compile
// Needs: CONFIG_BLOCK

use crate::{
    block::{
        RequestMapping,
        Status, //
    },
    dma::{
        Completer,
        Engine,
        Memory, //
    }, //
};

/// # Safety
///
/// The device reads only until the request has ended.
unsafe fn repeat<E: Engine>(completer: &mut Completer<E, RequestMapping<'_>, ()>, send: fn(u64)) {
    if let Some(Ok(completed)) = completer.reap() {
        let segments = completed.memory.segments();
        completed.memory.unmap().end(Status::OK); //~ ERROR E0505

        for range in segments.to_device().into_iter().flatten() {
            // SAFETY: By the caller's promise.
            send(unsafe { range.address().as_raw() });
        }
    }
}
