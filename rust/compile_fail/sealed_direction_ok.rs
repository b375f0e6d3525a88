// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    Bidirectional,
    Direction, //
};
use kernel::dma::DataDirection;

const DIRECTION: DataDirection = Bidirectional::DIRECTION;
