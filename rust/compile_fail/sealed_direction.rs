// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it sees calls, and not what the driver relies on
// In C: casts a number of its own to enum dma_data_direction
// Here: does not compile
// Message: Sideways` cannot be a direction
// Note: and no others

use crate::dma::direction::Direction;
use kernel::dma::DataDirection;

struct Sideways;

impl Direction for Sideways {
    //~^ ERROR E0277
    const DIRECTION: DataDirection = DataDirection::None;
}
