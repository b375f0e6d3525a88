// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see CPU accesses
// In C: reads the buffer of a command that was submitted, and did not complete yet
// Here: does not compile

use crate::dma::{
    Engine,
    FromDevice,
    Mapping,
    Submitter, //
};
use kernel::prelude::*;

type Frame<'a> = Mapping<'a, KVec<u8>, FromDevice>;

fn receive<'a, E: Engine<Command = ()>>(
    submitter: &mut Submitter<E, Frame<'a>, ()>,
    frame: Frame<'a>,
) -> Result<KVec<u8>> {
    submitter.submit(0, frame, (), ())?;
    Ok(frame.unmap()) //~ ERROR E0382
}
