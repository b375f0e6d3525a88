// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    Mapping,
    ToDevice, //
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    prelude::*, //
};

type Fragment<'a> = Mapping<'a, KVec<u8>, ToDevice>;

fn map_frame<'a>(dev: &'a Device<Bound>, fragments: KVec<KVec<u8>>) -> Result<KVec<Fragment<'a>>> {
    let mut mapped = KVec::with_capacity(fragments.len(), GFP_ATOMIC)?;
    for fragment in fragments {
        // An error unmaps each of the fragments before it.
        mapped.push(Mapping::map(dev, fragment, ToDevice)?, GFP_ATOMIC)?;
    }
    Ok(mapped)
}
