// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see what the device does
// In C: finds the number of a DMA address by comparisons, and uses it after the buffer was unmapped
// Here: cannot be expressed: addresses have no order

use crate::dma::span::DeviceAddress;

fn is_below(address: DeviceAddress, other: DeviceAddress) -> bool {
    address < other //~ ERROR E0369
}
