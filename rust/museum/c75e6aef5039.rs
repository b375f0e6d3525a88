// SPDX-License-Identifier: GPL-2.0

// DMA debugger: cacheline tracking EEXIST, overlapping mappings aren't supported
// In C: maps and unmaps a buffer that the layer above has mapped
// Here: does not compile

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

fn send_ls_request(dev: &Device<Bound>, request: VVec<u8>) -> Result {
    let source = SgMapping::map(dev, request, ToDevice, GFP_KERNEL)?;
    let destination = SgMapping::map(dev, request, FromDevice, GFP_KERNEL)?; //~ ERROR E0382
    drop((source, destination));
    Ok(())
}
