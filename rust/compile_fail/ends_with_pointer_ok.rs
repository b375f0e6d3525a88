// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    Completer,
    Engine,
    FromDevice,
    Mapping, //
};
use kernel::{
    prelude::*,
    sync::{
        Arc,
        Mutex, //
    }, //
};

struct Request {
    status: i32,
}

type Value = Arc<Mutex<Request>>;

fn run(work: impl FnOnce() + Send) {
    work()
}

fn complete<E>(mut completer: Completer<E, Mapping<'_, KVec<u8>, FromDevice>, Value>)
where
    E: Engine<Submission: Send, Completion: Send> + Send + Sync,
{
    run(move || drop(completer.reap()));
}
