// SPDX-License-Identifier: GPL-2.0

// In C: takes the DMA address of a page pool for a frame that is of no pool, and not mapped
// Here: does not compile

use crate::dma::{
    ToDevice,
    Transfer,
    Wait, //
};
use kernel::{
    prelude::*,
    time::Delta, //
};

fn xdp_xmit<E: Wait + Copy>(engine: E, frame: KVec<u8>, command: E::Command) -> Result {
    let _transfer = Transfer::to_device(engine, frame, 0..64, command)?; //~ ERROR E0277
    Ok(())
}
