// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see device accesses
// In C: queues a buffer of a pool for two transfers
// Here: does not compile

use crate::dma::{
    CpuBuffer,
    DeviceBuffer,
    Pages,
    ToDevice, //
};

type Send<'a> = DeviceBuffer<'a, Pages, ToDevice>;

fn twice(buffer: CpuBuffer<'_, Pages, ToDevice>) -> [Send<'_>; 2] {
    [buffer.sync_for_device(), buffer.sync_for_device()] //~ ERROR E0382
}
