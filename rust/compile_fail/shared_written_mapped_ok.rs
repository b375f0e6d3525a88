// SPDX-License-Identifier: GPL-2.0

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
    prelude::*, //
};

fn show<'a>(
    dev: &'a Device<Bound>,
    memory: CoherentMemory<'a, [u8]>,
) -> Result<SgMapping<'a, CoherentMemory<'a, [u8]>, ToDevice>> {
    let mut mapping = SgMapping::map(dev, memory, ToDevice, GFP_KERNEL)?;
    mapping.sync_for_cpu().write(0, &[1; 64])?;

    Ok(mapping)
}
