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

// The engine writes the address, while the transfer has the mapping.
fn receive<E: Wait + Copy>(
    engine: E,
    mapping: Mapping<'_, Pages, FromDevice>,
    job: E::Command,
) -> Result<Pages> {
    Ok(Transfer::from_device(engine, mapping, 0..4096, job)?
        .wait(Delta::from_secs(1))?
        .unmap())
}
