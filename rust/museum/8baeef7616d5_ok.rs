// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    DeviceBuffer,
    FromDevice,
    Pages, //
};

fn xdp_redirect(page: DeviceBuffer<'_, Pages, FromDevice>) {
    drop(page);
}
