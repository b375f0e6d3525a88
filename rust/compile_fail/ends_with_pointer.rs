// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see CPU accesses
// In C: completes commands in a thread that has no right to what their requests point to
// Here: does not compile

use crate::dma::{
    Completer,
    Engine,
    FromDevice,
    Mapping, //
};
use kernel::prelude::*;

struct Request {
    status: i32,
}

type Value = *mut Request;

fn run(work: impl FnOnce() + Send) {
    work()
}

fn complete<E>(mut completer: Completer<E, Mapping<'_, KVec<u8>, FromDevice>, Value>)
where
    E: Engine<Submission: Send, Completion: Send> + Send + Sync,
{
    run(move || drop(completer.reap())); //~ ERROR E0277
}
