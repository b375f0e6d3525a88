// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    coherent::CoherentMemory,
    transfer::{
        Engine,
        Transfer, //
    }, //
};
use kernel::{
    io::io_write,
    prelude::*, //
};

fn send<E: Engine>(engine: E, memory: CoherentMemory<'_, [u32]>, job: E::Job) -> Result {
    let transfer = Transfer::read(engine, memory, 0..64, job)?;

    let memory = transfer.wait(100)?;
    io_write!(memory, [try: 0], 1);
    Ok(())
}
