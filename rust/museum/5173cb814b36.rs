// SPDX-License-Identifier: GPL-2.0

// In C: compares the DMA address of a task file with zero in place of dma_mapping_error()
// Here: does not compile

use crate::dma::{
    Address,
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

fn exec_taskfile(dev: &Device<Bound>, taskfile: KVec<u8>) -> Address {
    let mapping = Mapping::map(dev, taskfile, ToDevice);
    mapping.range().address() //~ ERROR E0599
}
