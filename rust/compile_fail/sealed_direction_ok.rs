// SPDX-License-Identifier: GPL-2.0

use crate::dma::direction::{
    Bidirectional,
    Direction, //
};
use kernel::dma::DataDirection;

const DIRECTION: DataDirection = Bidirectional::DIRECTION;
