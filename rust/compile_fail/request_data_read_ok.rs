// SPDX-License-Identifier: GPL-2.0

use crate::block::{
    Disk,
    Operations,
    Transfer, //
};
use kernel::prelude::*;

fn checksum<T: Operations>(disk: &Disk<T>) -> Result<u32> {
    // A command of the driver's own has data that is the driver's.
    let mut data = KVec::from_elem(0u8, 512, GFP_KERNEL)?;
    Result::from(disk.execute(Transfer::In(&mut data))?)?;

    Ok(data.iter().copied().map(u32::from).sum())
}
