// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it checks calls, not the assumptions of the driver
// In C: casts an invalid number to enum dma_data_direction
// Here: does not compile
// Message: Sideways` cannot be a direction
// Note: and no others

use crate::dma::Direction;
use kernel::dma::DataDirection;

#[derive(Clone, Copy)]
struct Sideways;

impl Direction for Sideways {
    //~^ ERROR E0277
    const DIRECTION: DataDirection = DataDirection::None;
}
