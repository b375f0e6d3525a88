// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see device accesses
// In C: unmaps a list after its first segment, while the device accesses the second
// Here: does not compile

use crate::dma::{
    direction::ToDevice,
    sg::SgMapping,
    transfer::{
        Engine,
        Transfer, //
    }, //
};
use kernel::prelude::*;

fn send<E: Engine>(
    engine: E,
    mapping: SgMapping<'_, VVec<u8>, ToDevice>,
    job: E::Job,
) -> Result<VVec<u8>> {
    let second = mapping.into_segment(1).map_err(|_| EINVAL)?;
    let _transfer = Transfer::read(engine, second, 0..64, job)?;

    Ok(mapping.unmap()) //~ ERROR E0382
}
