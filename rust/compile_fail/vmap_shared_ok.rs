// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    direction::FromDevice,
    pages::VmapAccess, //
};

fn share<T: Sync>(_: &T) {}

fn look(access: &VmapAccess<'_, '_, u32, FromDevice>) {
    share(access);
}
