// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    CpuBuffer,
    DeviceBuffer,
    Pages,
    ToDevice, //
};

type Send<'a> = DeviceBuffer<'a, Pages, ToDevice>;

fn both<'a>(
    one: CpuBuffer<'a, Pages, ToDevice>,
    other: CpuBuffer<'a, Pages, ToDevice>,
) -> [Send<'a>; 2] {
    [one.sync_for_device(), other.sync_for_device()]
}
