// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see device accesses
// In C: uses the physical address of a buffer as its DMA address, after unmapping
// Here: cannot be expressed: a mapping does not give out the physical address

use crate::dma::{
    FromDevice,
    Mapping,
    Pages, //
};
use kernel::io::PhysAddr;

fn after_unmap(mapping: Mapping<'_, Pages, FromDevice>, write: impl Fn(PhysAddr)) -> Pages {
    let address = mapping.phys(); //~ ERROR E0599
    let pages = mapping.unmap();

    write(address);
    pages
}
