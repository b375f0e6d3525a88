// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see CPU accesses
// In C: accesses a vmap of the memory of a device from several threads without a lock
// Here: does not compile

use crate::dma::{
    CpuAccess,
    FromDevice,
    VmappedPages, //
};
use core::cell::Cell;

fn share<T: Sync>(_: &T) {}

fn look(access: &CpuAccess<'_, VmappedPages<'_, Cell<u32>, FromDevice>>) {
    share(access); //~ ERROR E0277
}
