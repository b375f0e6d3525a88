// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see device accesses
// In C: lets the device read memory allocated with DMA_FROM_DEVICE
// Here: does not compile
// Message: a device cannot be given memory mapped ... FromDevice` to read
// Note: map the buffer `ToDevice` or `Bidirectional`

use crate::dma::{
    FromDevice,
    NoncontiguousPages,
    Transfer,
    Wait, //
};
use kernel::{
    prelude::*,
    time::Delta, //
};

fn send<E: Wait + Copy>(
    engine: E,
    pages: NoncontiguousPages<'_, u8, FromDevice>,
    job: E::Command,
) -> Result {
    let transfer = Transfer::to_device(engine, pages, 0..64, job)?; //~ ERROR E0277

    transfer.wait(Delta::from_secs(1))?;
    Ok(())
}
