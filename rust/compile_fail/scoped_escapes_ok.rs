// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    direction::ToDevice,
    scoped::with_mapping, //
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    prelude::*, //
};

fn look(dev: &Device<Bound>, frame: &mut Option<KVec<u8>>) -> Result<bool> {
    let mut kept = None;

    with_mapping(dev, frame, ToDevice, |mapping| {
        kept = mapping.mapping().map(|mapping| mapping.span().len());
        Ok(())
    })?;
    Ok(kept.is_some())
}
