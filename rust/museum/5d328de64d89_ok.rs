// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    FromDevice,
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

fn process_els(dev: &Device<Bound>, request: VVec<u8>, reply: VVec<u8>) -> Result {
    let request = SgMapping::map(dev, request, ToDevice, GFP_KERNEL)?;
    // An error unmaps the first list here, too.
    let reply = SgMapping::map(dev, reply, FromDevice, GFP_KERNEL)?;
    drop((request, reply));
    Ok(())
}
