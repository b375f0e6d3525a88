// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    Engine,
    FromDevice,
    Mapping,
    Submitter, //
};
use kernel::prelude::*;

type Frame<'a> = Mapping<'a, KVec<u8>, FromDevice>;

// The queue is in the driver's data, which is dropped before the binding ends.
struct Queue<'bound, E: Engine> {
    submitter: Submitter<E, Frame<'bound>, ()>,
}

fn receive<'bound, E: Engine<Command = ()>>(
    queue: &mut Queue<'bound, E>,
    frame: Frame<'bound>,
) -> Result {
    Ok(queue.submitter.submit(0, frame, (), ())?)
}
