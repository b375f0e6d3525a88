// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    Completer,
    Engine,
    FromDevice,
    Mapping,
    Submitter, //
};
use kernel::prelude::*;

type Frame<'a> = Mapping<'a, KVec<u8>, FromDevice>;

fn submit<'a, E: Engine<Command = ()>>(
    submitter: &mut Submitter<E, Frame<'a>, ()>,
    frame: Frame<'a>,
) -> Result {
    Ok(submitter.submit(0, frame, (), ())?)
}

// The memory comes with the completion.
fn receive<E: Engine>(completer: &mut Completer<E, Frame<'_>, ()>) -> Option<KVec<u8>> {
    let completed = completer.reap()?.ok()?;

    Some(completed.memory.unmap())
}
