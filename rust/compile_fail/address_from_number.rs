// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see what the device does
// In C: compares a DMA address with a number of its own, to know it later
// Here: cannot be expressed: no address is made of a number

use crate::dma::span::DeviceAddress;
use kernel::dma::DmaAddress;

fn is(address: DeviceAddress, number: DmaAddress) -> bool {
    address == DeviceAddress::from(number) //~ ERROR E0308
}
