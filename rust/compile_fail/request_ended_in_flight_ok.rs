// SPDX-License-Identifier: GPL-2.0

use crate::{
    block::{
        RequestMapping,
        Status, //
    },
    dma::{
        Completer,
        Engine,
        Submitter, //
    }, //
};
use kernel::prelude::*;

fn give_up<'a, E: Engine<Command = ()>>(
    submitter: &mut Submitter<E, RequestMapping<'a>, ()>,
    completer: &mut Completer<E, RequestMapping<'a>, ()>,
    mapping: RequestMapping<'a>,
) -> Result {
    submitter.submit(mapping.request().tag(), mapping, (), ())?;
    // The device is done with what comes back.
    submitter.stop(completer, |mapping, ()| {
        mapping.unmap().end(Status::TIMEOUT);
    })
}
