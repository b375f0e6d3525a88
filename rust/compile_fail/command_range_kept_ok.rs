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

fn repeat<'a, E: Engine<Command = ()>>(
    submitter: &mut Submitter<E, Frame<'a>, ()>,
    completer: &mut Completer<E, Frame<'a>, ()>,
) -> Result {
    while let Some(Ok(completed)) = completer.reap() {
        // The memory stays mapped and goes into the next command.
        submitter.submit(0, completed.memory, (), ())?;
    }
    Ok(())
}
