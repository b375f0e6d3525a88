// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    coherent::CoherentMemory,
    direction::ToDevice,
    sg::SgMapping,
    transfer::{
        Engine,
        Transfer, //
    }, //
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    prelude::*, //
};

fn refill<'a, E: Engine>(
    dev: &'a Device<Bound>,
    owner: E,
    memory: CoherentMemory<'a, [u8]>,
    job: E::Job,
) -> Result<SgMapping<'a, CoherentMemory<'a, [u8]>, ToDevice>> {
    let memory = Transfer::write(owner, memory, 0..64, job)?.wait(100)?;

    Ok(SgMapping::map(dev, memory, ToDevice, GFP_KERNEL)?)
}
