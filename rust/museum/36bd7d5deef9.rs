// SPDX-License-Identifier: GPL-2.0

// In C: frees one coherent allocation as two
// Here: cannot be expressed

use crate::dma::CoherentMemory;
use kernel::prelude::*;

fn memclean(buffers: CoherentMemory<'_, [u64]>) -> Result {
    let part = buffers.range().slice(8..buffers.size()).ok_or(EINVAL)?;
    part.free(); //~ ERROR E0599
    Ok(())
}
