// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    DevicePages,
    FromDevice, //
};

fn first(pages: &mut DevicePages<'_, u8, FromDevice>) -> u8 {
    pages.sync_for_cpu()[0]
}
