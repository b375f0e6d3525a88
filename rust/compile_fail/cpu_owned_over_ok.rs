// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    CpuOwned,
    DevicePages,
    FromDevice, //
};

fn next<'bound>(
    owned: CpuOwned<DevicePages<'bound, u8, FromDevice>>,
) -> (DevicePages<'bound, u8, FromDevice>, u8) {
    let first = owned[0];

    (owned.into_device(), first)
}
