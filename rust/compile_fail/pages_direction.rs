// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see device accesses
// In C: lets the device read memory allocated with DMA_FROM_DEVICE
// Here: does not compile
// Message: a device cannot be given memory mapped ... FromDevice` to read
// Note: map the buffer `ToDevice` or `Bidirectional`

use crate::dma::{
    direction::FromDevice,
    pages::NoncontiguousPages,
    transfer::{
        Engine,
        Transfer, //
    }, //
};
use kernel::prelude::*;

fn send<E: Engine>(
    engine: E,
    pages: NoncontiguousPages<'_, u8, FromDevice>,
    job: E::Job,
) -> Result {
    let transfer = Transfer::read(engine, pages, 0..64, job)?; //~ ERROR E0277

    transfer.wait(100)?;
    Ok(())
}
