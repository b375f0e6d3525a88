// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see CPU accesses
// In C: writes to coherent memory while it is mapped for a second device, which misses the data
// Here: does not compile

use crate::dma::{
    CoherentMemory,
    SgMapping,
    ToDevice, //
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    io::Io,
    prelude::*, //
};

fn show<'a>(
    dev: &'a Device<Bound>,
    memory: CoherentMemory<'a, [u8]>,
) -> Result<SgMapping<'a, CoherentMemory<'a, [u8]>, ToDevice>> {
    let mapping = SgMapping::map(dev, memory, ToDevice, GFP_KERNEL)?;
    memory.copy_from_slice(&[1; 64]); //~ ERROR E0382

    Ok(mapping)
}
