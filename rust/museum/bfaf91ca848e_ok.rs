// SPDX-License-Identifier: GPL-2.0

use crate::dma::CoherentMemory;
use kernel::prelude::*;

fn display_ring(ring: &CoherentMemory<'_, [u64]>) {
    pr_info!("ring at {:?}\n", ring.range().address());
}
