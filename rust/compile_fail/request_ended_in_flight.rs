// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not know the owner of the memory
// In C: ends a block request while the device writes its data, so that the page has another owner
// Here: does not compile
// Needs: CONFIG_BLOCK

use crate::{
    block::{
        RequestMapping,
        Status, //
    },
    dma::{
        Engine,
        Submitter, //
    }, //
};
use kernel::prelude::*;

fn give_up<'a, E: Engine<Command = ()>>(
    submitter: &mut Submitter<E, RequestMapping<'a>, ()>,
    mapping: RequestMapping<'a>,
) -> Result {
    submitter.submit(mapping.request().tag(), mapping, (), ())?;
    mapping.unmap().end(Status::TIMEOUT); //~ ERROR E0382
    Ok(())
}
