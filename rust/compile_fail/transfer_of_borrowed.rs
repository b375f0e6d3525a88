// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see device accesses
// In C: lets a request point to a mapping that its owner may unmap at any time
// Here: does not compile
// Message: Mapping< ... cannot be given to a device
// Note: a command in flight owns what the device uses

use crate::dma::{
    Mapping,
    ToDevice,
    Transfer,
    Wait, //
};
use kernel::prelude::*;

fn send<E: Wait + Copy>(
    engine: E,
    mapping: &Mapping<'_, KVec<u8>, ToDevice>,
    job: E::Command,
) -> Result {
    let _transfer = Transfer::to_device(engine, mapping, 0..64, job)?; //~ ERROR E0277
    Ok(())
}
