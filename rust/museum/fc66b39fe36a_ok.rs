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

fn transfer(dev: &Device<Bound>, message: &mut [u8]) -> Result {
    let buffer = KVec::from_elem(0u8, message.len(), GFP_KERNEL)?;
    let buffer = Mapping::map(dev, buffer, FromDevice)?.unmap();
    message.copy_from_slice(&buffer);
    Ok(())
}
