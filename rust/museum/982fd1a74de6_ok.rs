// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    FromDevice,
    Mapping, //
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    prelude::*, //
};

fn complete(dev: &Device<Bound>, secret: KVec<u8>) -> Result {
    let mapping = Mapping::map(dev, secret, FromDevice)?;
    let mut secret = mapping.unmap();
    secret.reverse();
    Ok(())
}
