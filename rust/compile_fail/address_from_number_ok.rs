// SPDX-License-Identifier: GPL-2.0

use crate::dma::span::DeviceAddress;

// Two mappings, one after the other, may have the same address.
fn is(address: DeviceAddress, other: DeviceAddress) -> bool {
    address == other
}
