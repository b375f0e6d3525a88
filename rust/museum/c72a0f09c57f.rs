// SPDX-License-Identifier: GPL-2.0

// In C: passes a received buffer, which stays mapped by its pool, on without a sync
// Here: does not compile

use crate::dma::{
    DeviceBuffer,
    FromDevice,
    Pages, //
};
use kernel::prelude::*;

fn receive(frame: DeviceBuffer<'_, Pages, FromDevice>) -> Result<u8> {
    Ok(frame[0]) //~ ERROR E0608
}
