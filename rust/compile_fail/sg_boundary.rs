// SPDX-License-Identifier: GPL-2.0

// DMA debugger: mapping sg segment across boundary
// In C: makes a segment of two pieces that lie on both sides of a boundary
// Here: cannot be expressed: the library maps no list of pieces yet
// Message: Pages; 2]` cannot be mapped for streaming DMA

use crate::dma::{
    buffer::Pages,
    direction::ToDevice,
    streaming::Mapping, //
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    prelude::*, //
};

fn gather(dev: &Device<Bound>, first: Pages, second: Pages) -> Result {
    Mapping::map(dev, [first, second], ToDevice)?; //~ ERROR E0277
    Ok(())
}
