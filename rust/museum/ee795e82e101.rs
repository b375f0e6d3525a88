// SPDX-License-Identifier: GPL-2.0

// In C: gives the device virt_to_phys() of a buffer that is not mapped
// Here: cannot be expressed

use crate::dma::Pages;
use kernel::prelude::*;

fn probe(buffer: Pages, write: impl Fn(u64)) {
    write(buffer.phys()); //~ ERROR E0599
}
