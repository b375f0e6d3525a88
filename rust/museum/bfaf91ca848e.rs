// SPDX-License-Identifier: GPL-2.0

// In C: prints virt_to_phys() of coherent memory as the address of a descriptor
// Here: cannot be expressed

use crate::dma::CoherentMemory;
use kernel::prelude::*;

fn display_ring(ring: &CoherentMemory<'_, [u64]>) {
    pr_info!("ring at {:#x}\n", ring.phys()); //~ ERROR E0599
}
