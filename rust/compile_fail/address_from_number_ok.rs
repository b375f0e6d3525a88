// SPDX-License-Identifier: GPL-2.0

use crate::dma::span::DeviceAddress;

// Whether two mappings were given the same address, as one after the other may be.
fn is(address: DeviceAddress, other: DeviceAddress) -> bool {
    address == other
}
