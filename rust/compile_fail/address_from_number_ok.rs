// SPDX-License-Identifier: GPL-2.0

use crate::dma::Address;

// Two mappings, one after the other, may have the same address.
fn is(address: Address, other: Address) -> bool {
    address == other
}
