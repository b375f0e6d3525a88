// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see device accesses
// In C: keeps a mapping after the function that it was made for
// Here: does not compile

use crate::dma::{
    direction::ToDevice,
    scoped::{
        with_mapping,
        ScopedMapping, //
    }, //
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    prelude::*, //
};

type Frame<'bound> = ScopedMapping<'bound, KVec<u8>, ToDevice>;

fn keep(dev: &Device<Bound>, frame: &mut Option<KVec<u8>>) -> Result<bool> {
    let mut kept: Option<&mut Frame<'_>> = None;

    with_mapping(dev, frame, ToDevice, |mapping| {
        kept = Some(mapping); //~ ERROR E0521
        Ok(())
    })?;
    Ok(kept.is_some())
}
