// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see what the CPU does
// In C: lets several threads at memory of a device that is for one at a time
// Here: does not compile

use crate::dma::{
    direction::FromDevice,
    pages::VmapAccess, //
};
use core::cell::Cell;

fn share<T: Sync>(_: &T) {}

fn look(access: &VmapAccess<'_, '_, Cell<u32>, FromDevice>) {
    share(access); //~ ERROR E0277
}
