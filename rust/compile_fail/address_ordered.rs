// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see device accesses
// In C: derives the number of a DMA address by comparisons, and uses it after unmapping the buffer
// Here: cannot be expressed: addresses have no order

use crate::dma::Address;

fn is_below(address: Address, other: Address) -> bool {
    address < other //~ ERROR E0369
}
