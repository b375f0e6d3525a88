// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it checks calls, not the assumptions of the driver
// In C: maps memory of any type
// Here: does not compile
// Message: requires an `unsafe impl` declaration

use crate::dma::{
    FromDevice,
    Permits, //
};

struct Status {
    ready: bool,
}

impl Permits<Status> for FromDevice {} //~ ERROR E0200
