// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see device accesses
// In C: lets a device write to its coherent memory while a second device owns it
// Here: does not compile

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
    let mapping = SgMapping::map(dev, memory, ToDevice, GFP_KERNEL)?;
    Transfer::write(owner, memory, 0..64, job)?.wait(100)?; //~ ERROR E0382

    Ok(mapping)
}
