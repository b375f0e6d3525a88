// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    DeviceBuffer,
    FromDevice,
    Pages, //
};
use kernel::prelude::*;

fn receive(frame: DeviceBuffer<'_, Pages, FromDevice>) -> Result<u8> {
    Ok(frame.sync_for_cpu(64)?[0])
}
