// SPDX-License-Identifier: GPL-2.0

// In C: maps a buffer that the layer above has mapped a second time, without dma_mapping_error()
// Here: does not compile

use crate::dma::{
    Bidirectional,
    Mapping,
    ToDevice, //
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    prelude::*, //
};

fn send_ls_request(dev: &Device<Bound>, request: KVec<u8>) -> Result {
    // The layer above maps the request.
    let mapping = Mapping::map(dev, request, Bidirectional)?;
    let again = Mapping::map(dev, request, ToDevice)?; //~ ERROR E0382
    drop((again, mapping));
    Ok(())
}
