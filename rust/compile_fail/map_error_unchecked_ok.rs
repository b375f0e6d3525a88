// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    direction::ToDevice,
    streaming::Mapping, //
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    dma::DmaAddress,
    prelude::*, //
};

// There is no mapping to ask for its address before the error has been looked at.
fn send<'a>(
    dev: &'a Device<Bound>,
    frame: KVec<u8>,
    descriptor: &mut DmaAddress,
) -> Result<Mapping<'a, KVec<u8>, ToDevice>> {
    let mapping = Mapping::map(dev, frame, ToDevice)?;

    *descriptor = mapping.span().dma_address();
    Ok(mapping)
}
