// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see CPU accesses
// In C: changes the flags of a user space area after mapping memory there
// Here: does not compile

use crate::dma::MmapMemory;
use kernel::{
    mm::virt::VmaNew,
    prelude::*, //
};

fn mmap(frame: &MmapMemory<'_, [u8]>, vma: &VmaNew) -> Result {
    frame.mmap(vma)?; //~ ERROR E0133
    vma.set_mixedmap();
    Ok(())
}
