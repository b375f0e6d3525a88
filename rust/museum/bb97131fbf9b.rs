// SPDX-License-Identifier: GPL-2.0

// In C: frees a ring with the aligned addresses in it, not with those of the allocation
// Here: cannot be expressed

use crate::dma::CoherentMemory;
use kernel::prelude::*;

fn free_pipe(ring: CoherentMemory<'_, [u64]>) -> Result {
    let part = ring.range().slice(8..ring.size()).ok_or(EINVAL)?;
    part.free(); //~ ERROR E0599
    Ok(())
}
