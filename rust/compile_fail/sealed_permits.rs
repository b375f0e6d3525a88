// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it checks calls, not the assumptions of the driver
// In C: maps memory of any type
// Here: does not compile
// Message: alone decide whether ... Status` may be mapped ... FromDevice`
// Note: implement them

use crate::dma::direction::{
    FromDevice,
    Permits, //
};

struct Status {
    ready: bool,
}

impl Permits<Status> for FromDevice {} //~ ERROR E0277
