// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    SgMapping,
    ToDevice,
    Transfer,
    Wait, //
};
use kernel::{
    prelude::*,
    time::Delta, //
};

fn send<E: Wait>(
    engine: E,
    mapping: SgMapping<'_, VVec<u8>, ToDevice>,
    command: E::Command,
) -> Result<VVec<u8>> {
    // The engine gets all segments, and the transfer owns the list until it ends.
    let mapping =
        Transfer::to_device(engine, mapping, 0..64, command)?.wait(Delta::from_secs(1))?;

    Ok(mapping.unmap())
}
