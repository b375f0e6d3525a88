// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it sees calls, and not what the driver relies on
// In C: maps whatever there is
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
