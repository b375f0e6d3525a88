// SPDX-License-Identifier: GPL-2.0

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

fn update_table(dev: &Device<Bound>, table: KVec<u8>, failed: bool) -> Result {
    let table = Mapping::map(dev, table, ToDevice)?;
    if failed {
        // Unmaps the buffer.
        return Err(EAGAIN);
    }
    drop(table.unmap());
    Ok(())
}
