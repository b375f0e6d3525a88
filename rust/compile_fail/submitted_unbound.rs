// SPDX-License-Identifier: GPL-2.0

// DMA debugger: device driver has pending DMA allocations while released from device
// In C: keeps a queue, and so the buffers of its commands, after the driver was unbound
// Here: does not compile

use crate::dma::{
    Engine,
    FromDevice,
    Mapping,
    Submitter, //
};
use kernel::prelude::*;

type Frame<'a> = Mapping<'a, KVec<u8>, FromDevice>;

struct OpenFile<E: Engine> {
    queue: Submitter<E, Frame<'static>, ()>,
}

fn receive<E: Engine<Command = ()>>(file: &mut OpenFile<E>, frame: Frame<'_>) -> Result {
    Ok(file.queue.submit(0, frame, (), ())?) //~ ERROR E0521
}
