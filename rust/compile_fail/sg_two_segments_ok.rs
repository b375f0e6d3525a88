// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    direction::ToDevice,
    sg::SgMapping,
    transfer::{
        Engine,
        Transfer, //
    }, //
};
use kernel::prelude::*;

// A segment owns the whole list until its transfer completes.
fn send<E: Engine>(
    engine: E,
    mapping: SgMapping<'_, VVec<u8>, ToDevice>,
    job: E::Job,
) -> Result<VVec<u8>> {
    let second = mapping.into_segment(1).map_err(|_| EINVAL)?;
    let second = Transfer::read(engine, second, 0..64, job)?.wait(100)?;

    Ok(second.into_mapping().unmap())
}
