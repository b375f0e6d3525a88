// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see device accesses
// In C: makes a DMA address from a number
// Here: cannot be expressed: there is no address from a number

use crate::dma::Address;
use kernel::dma::DmaAddress;

fn is(address: Address, number: DmaAddress) -> bool {
    address == Address::from(number) //~ ERROR E0308
}
