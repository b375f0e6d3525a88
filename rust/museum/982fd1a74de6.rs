// SPDX-License-Identifier: GPL-2.0

// In C: changes the byte order of a result before unmapping it
// Here: does not compile

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

fn complete(dev: &Device<Bound>, mut secret: KVec<u8>) -> Result {
    let mapping = Mapping::map(dev, secret, FromDevice)?;
    secret.reverse(); //~ ERROR E0382
    drop(mapping);
    Ok(())
}
