// SPDX-License-Identifier: GPL-2.0

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
    let page = transfer.wait(Delta::from_secs(1))?;
    drop(page.unmap());
    Ok(())
}
