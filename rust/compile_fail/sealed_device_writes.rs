// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see device accesses
// In C: passes a buffer mapped DMA_TO_DEVICE as one that the device may write to
// Here: does not compile
// Message: only traits defined in the current crate can be implemented

use crate::dma::{
    DeviceWrites,
    ToDevice, //
};

// SAFETY: There is no reason: an IOMMU refuses the write.
unsafe impl DeviceWrites for ToDevice {} //~ ERROR E0117
