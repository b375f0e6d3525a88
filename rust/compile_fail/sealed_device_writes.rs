// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see what the device does
// In C: passes on a buffer that is mapped for reading as one that the device may write to
// Here: does not compile
// Message: only traits defined in the current crate can be implemented

use crate::dma::direction::{
    DeviceWrites,
    ToDevice, //
};

impl DeviceWrites for ToDevice {} //~ ERROR E0117
