// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see device accesses
// In C: lets the device write to a buffer mapped DMA_TO_DEVICE
// Here: does not compile
// Message: a device cannot be given memory mapped ... ToDevice` to write
// Note: map the buffer `FromDevice` or `Bidirectional`

use crate::dma::{
    Mapping,
    ToDevice,
    Transfer,
    Wait, //
};
use kernel::{
    prelude::*,
    time::Delta, //
};

fn receive<E: Wait + Copy>(
    engine: E,
    mapping: Mapping<'_, KVec<u8>, ToDevice>,
    job: E::Command,
) -> Result<KVec<u8>> {
    let transfer = Transfer::from_device(engine, mapping, 0..64, job)?; //~ ERROR E0277

    Ok(transfer.wait(Delta::from_secs(1))?.unmap())
}
