// SPDX-License-Identifier: GPL-2.0

// In C: unmaps a list that the layer above has freed
// Here: does not compile

use crate::dma::{
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

fn free_command(dev: &Device<Bound>, data: KVec<u8>) -> Result {
    let mapping = Mapping::map(dev, data, ToDevice)?;
    drop(data); //~ ERROR E0382
    drop(mapping.unmap());
    Ok(())
}
