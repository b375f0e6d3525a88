// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    CpuAccess,
    FromDevice,
    VmappedPages, //
};

fn share<T: Sync>(_: &T) {}

fn look(access: &CpuAccess<'_, VmappedPages<'_, u32, FromDevice>>) {
    share(access);
}
