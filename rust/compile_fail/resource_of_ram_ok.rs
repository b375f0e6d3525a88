// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    direction::Bidirectional,
    streaming::Mapping, //
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    io::PhysAddr,
    prelude::*, //
};

// Memory is mapped as what it is; its physical address is an answer, not a question.
fn map(dev: &Device<Bound>, memory: KVec<u8>) -> Result<PhysAddr> {
    Ok(Mapping::map(dev, memory, Bidirectional)?.phys())
}
