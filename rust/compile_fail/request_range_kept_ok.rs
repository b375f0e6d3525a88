// SPDX-License-Identifier: GPL-2.0

use crate::{
    block::RequestMapping,
    dma::{
        Completer,
        Engine,
        Submitter, //
    }, //
};
use kernel::prelude::*;

fn repeat<'a, E: Engine<Command = ()>>(
    submitter: &mut Submitter<E, RequestMapping<'a>, ()>,
    completer: &mut Completer<E, RequestMapping<'a>, ()>,
) -> Result {
    if let Some(Ok(completed)) = completer.reap() {
        let tag = completed.memory.request().tag();

        // The request goes into the next command, and ends after it.
        submitter.submit(tag, completed.memory, (), ())?;
    }
    Ok(())
}
