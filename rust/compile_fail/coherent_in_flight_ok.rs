// SPDX-License-Identifier: GPL-2.0

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

    let memory = transfer.wait(100)?;
    memory.copy_from_slice(&[1; 64]);
    Ok(())
}
