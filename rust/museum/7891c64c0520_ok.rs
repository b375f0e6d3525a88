// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    Bidirectional,
    Mapping, //
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    prelude::*, //
};

type Component<'a> = Mapping<'a, KVec<u8>, Bidirectional>;

fn map_list<'a>(dev: &'a Device<Bound>, buffers: KVec<KVec<u8>>) -> Result<KVec<Component<'a>>> {
    let mut list = KVec::with_capacity(buffers.len(), GFP_ATOMIC)?;
    for buffer in buffers {
        // An error unmaps those before it, once each.
        list.push(Mapping::map(dev, buffer, Bidirectional)?, GFP_ATOMIC)?;
    }
    Ok(list)
}
