// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see CPU accesses
// In C: writes to coherent memory while a transfer uses it
// Here: does not compile

use crate::dma::{
    coherent::CoherentMemory,
    transfer::{
        Engine,
        Transfer, //
    }, //
};
use kernel::{
    io::Io,
    prelude::*, //
};

fn send<E: Engine>(engine: E, memory: CoherentMemory<'_, [u8]>, job: E::Job) -> Result {
    let transfer = Transfer::read(engine, memory, 0..64, job)?;
    memory.copy_from_slice(&[1; 64]); //~ ERROR E0382

    transfer.wait(100)?;
    Ok(())
}
