// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see CPU accesses
// In C: reads a buffer that an earlier call has synced for the device
// Here: does not compile

use crate::dma::{
    CpuOwned,
    DevicePages,
    FromDevice, //
};

fn next<'bound>(
    owned: CpuOwned<DevicePages<'bound, u8, FromDevice>>,
) -> (DevicePages<'bound, u8, FromDevice>, u8) {
    let pages = owned.into_device();

    (pages, owned[0]) //~ ERROR E0382
}
