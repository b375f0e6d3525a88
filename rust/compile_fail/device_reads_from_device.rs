// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see device accesses
// In C: lets the device read a buffer mapped DMA_FROM_DEVICE
// Here: does not compile
// Message: a device cannot be given memory mapped ... FromDevice` to read
// Note: map the buffer `ToDevice` or `Bidirectional`

use crate::dma::{
    direction::FromDevice,
    streaming::Mapping,
    transfer::{
        Engine,
        Transfer, //
    }, //
};
use kernel::prelude::*;

fn send<E: Engine>(
    engine: E,
    mapping: Mapping<'_, KVec<u8>, FromDevice>,
    job: E::Job,
) -> Result<KVec<u8>> {
    let transfer = Transfer::read(engine, mapping, 0..64, job)?; //~ ERROR E0277

    Ok(transfer.wait(100)?.unmap())
}
