// SPDX-License-Identifier: GPL-2.0

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
    let memory = Transfer::from_device(owner, memory, 0..64, job)?.wait(Delta::from_secs(1))?;

    Ok(SgMapping::map(dev, memory, ToDevice, GFP_KERNEL)?)
}
