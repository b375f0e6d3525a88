// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see device accesses
// In C: unmaps a list after its first segment, while the device accesses the second
// Here: does not compile

use crate::dma::{
    SgMapping,
    ToDevice,
    Transfer,
    Wait, //
};
use kernel::prelude::*;

fn send<E: Wait>(
    engine: E,
    mapping: SgMapping<'_, VVec<u8>, ToDevice>,
    command: E::Command,
) -> Result<VVec<u8>> {
    let _transfer = Transfer::to_device(engine, mapping, 0..64, command)?;

    Ok(mapping.unmap()) //~ ERROR E0382
}
