// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    CoherentMemory,
    FromDevice,
    SgMapping, //
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    prelude::*, //
};

fn ring<'a>(
    dev: &'a Device<Bound>,
    owner: &'a Device<Bound>,
) -> Result<SgMapping<'a, CoherentMemory<'a, [u32]>, FromDevice>> {
    let memory = CoherentMemory::<[u32]>::zeroed_slice(owner, 1024, GFP_KERNEL)?;

    Ok(SgMapping::map(dev, memory, FromDevice, GFP_KERNEL)?)
}
