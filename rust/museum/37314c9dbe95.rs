// SPDX-License-Identifier: GPL-2.0

// In C: unmaps the memory of a receive queue before it stops the queue
// Here: does not compile

use crate::dma::{
    FromDevice,
    Mapping,
    Pages,
    Transfer,
    Wait, //
};
use kernel::{
    prelude::*,
    time::Delta, //
};

fn uninstall<E: Wait + Copy>(
    engine: E,
    page: Mapping<'_, Pages, FromDevice>,
    command: E::Command,
) -> Result {
    let transfer = Transfer::from_device(engine, page, 0..64, command)?;
    drop(page.unmap()); //~ ERROR E0382
    transfer.wait(Delta::from_secs(1))?;
    Ok(())
}
