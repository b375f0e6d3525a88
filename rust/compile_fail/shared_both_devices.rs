// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see device accesses
// In C: lets a device write to its coherent memory while a second device owns it
// Here: does not compile

use crate::dma::{
    CoherentMemory,
    SgMapping,
    ToDevice,
    Transfer,
    Wait, //
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    prelude::*,
    time::Delta, //
};

fn refill<'a, E: Wait + Copy>(
    dev: &'a Device<Bound>,
    owner: E,
    memory: CoherentMemory<'a, [u8]>,
    job: E::Command,
) -> Result<SgMapping<'a, CoherentMemory<'a, [u8]>, ToDevice>> {
    let mapping = SgMapping::map(dev, memory, ToDevice, GFP_KERNEL)?;
    Transfer::from_device(owner, memory, 0..64, job)?.wait(Delta::from_secs(1))?; //~ ERROR E0382

    Ok(mapping)
}
