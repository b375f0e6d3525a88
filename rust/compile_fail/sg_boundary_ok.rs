// SPDX-License-Identifier: GPL-2.0

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
    Mapping::map(dev, first, ToDevice)?;
    Mapping::map(dev, second, ToDevice)?;
    Ok(())
}
