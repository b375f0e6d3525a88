// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    Bidirectional,
    SgMapping, //
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    prelude::*, //
};

fn send_ls_request(dev: &Device<Bound>, request: VVec<u8>) -> Result {
    let both = SgMapping::map(dev, request, Bidirectional, GFP_KERNEL)?;
    drop(both);
    Ok(())
}
