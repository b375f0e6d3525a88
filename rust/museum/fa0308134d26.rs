// SPDX-License-Identifier: GPL-2.0

// In C: compares the DMA address of a sound buffer with a constant in place of dma_mapping_error()
// Here: does not compile

use crate::dma::{
    Address,
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

fn map_buffer(dev: &Device<Bound>, samples: KVec<u8>) -> Address {
    let mapping = Mapping::map(dev, samples, Bidirectional);
    mapping.range().address() //~ ERROR E0599
}
