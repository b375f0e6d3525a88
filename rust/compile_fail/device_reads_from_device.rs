// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see device accesses
// In C: lets the device read a buffer mapped DMA_FROM_DEVICE
// Here: does not compile
// Message: a device cannot be given memory mapped ... FromDevice` to read
// Note: map the buffer `ToDevice` or `Bidirectional`

use crate::dma::{
    FromDevice,
    Mapping,
    Transfer,
    Wait, //
};
use kernel::{
    prelude::*,
    time::Delta, //
};

fn send<E: Wait + Copy>(
    engine: E,
    mapping: Mapping<'_, KVec<u8>, FromDevice>,
    job: E::Command,
) -> Result<KVec<u8>> {
    let transfer = Transfer::to_device(engine, mapping, 0..64, job)?; //~ ERROR E0277

    Ok(transfer.wait(Delta::from_secs(1))?.unmap())
}
