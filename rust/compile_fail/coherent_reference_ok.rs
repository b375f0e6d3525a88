// SPDX-License-Identifier: GPL-2.0

use crate::dma::CoherentMemory;
use kernel::{
    io::io_read,
    prelude::*, //
};

fn first(memory: &CoherentMemory<'_, [u32]>) -> Result<u32> {
    Ok(io_read!(memory, [try: 0]))
}
