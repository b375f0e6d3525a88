// SPDX-License-Identifier: GPL-2.0

// DMA debugger: device driver maps memory from invalid area
// In C: uses the physical address of a dangling pointer
// Here: does not compile

use crate::dma::Buffer;
use core::ptr::NonNull;
use kernel::{
    io::PhysAddr,
    prelude::*, //
};

fn nowhere() -> PhysAddr {
    <KBox<u64> as Buffer>::phys(NonNull::dangling(), ()) //~ ERROR E0133
}
