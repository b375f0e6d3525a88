// SPDX-License-Identifier: GPL-2.0

// In C: asks dma_mapping_error() whether dma_alloc_coherent() has failed, which does not know
// Here: does not compile

use crate::dma::{
    Address,
    CoherentMemory, //
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    prelude::*, //
};

fn load_firmware(dev: &Device<Bound>) -> Address {
    let firmware = CoherentMemory::<[u8]>::zeroed_slice(dev, 4096, GFP_KERNEL);
    firmware.range().address() //~ ERROR E0599
}
