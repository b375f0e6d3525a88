// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    Address,
    Bidirectional,
    Mapping,
    Pages, //
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    prelude::*, //
};

fn probe(dev: &Device<Bound>, buffer: Pages, write: impl Fn(Address)) -> Result {
    let mapping = Mapping::map(dev, buffer, Bidirectional)?;
    write(mapping.range().address());
    Ok(())
}
