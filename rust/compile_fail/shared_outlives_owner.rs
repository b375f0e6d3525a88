// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not know the owner of the memory
// In C: keeps the memory of another device mapped after that device was removed
// Here: does not compile

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
    owner: &Device<Bound>,
) -> Result<SgMapping<'a, CoherentMemory<'a, [u32]>, FromDevice>> {
    let memory = CoherentMemory::<[u32]>::zeroed_slice(owner, 1024, GFP_KERNEL)?;

    Ok(SgMapping::map(dev, memory, FromDevice, GFP_KERNEL)?) //~ ERROR E0621
}
