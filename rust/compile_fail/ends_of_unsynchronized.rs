// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see device accesses
// In C: submits and completes in two threads, which change the state of the queue without a lock
// Here: does not compile

use crate::dma::{
    Completer,
    Engine,
    FromDevice,
    Mapping, //
};
use kernel::{
    prelude::*,
    sync::Mutex, //
};

type Frame = Mapping<'static, KVec<u8>, FromDevice>;

// An engine with a tail in a `Cell` is not `Sync`.
fn share<E>(completer: &Mutex<Option<Completer<E, Frame, ()>>>) -> &(dyn Sync + '_)
where
    E: Engine<Submission: Send, Completion: Send> + Send,
{
    completer //~ ERROR E0277
}
