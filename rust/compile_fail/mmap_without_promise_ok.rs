// SPDX-License-Identifier: GPL-2.0

use crate::dma::MmapMemory;
use kernel::{
    mm::virt::VmaNew,
    prelude::*, //
};

// All flags are set before the call.
fn mmap(frame: &MmapMemory<'_, [u8]>, vma: &VmaNew) -> Result {
    vma.try_clear_mayexec()?;

    // SAFETY: The area is not changed after this, and the file is of a device of this module.
    unsafe { frame.mmap(vma) }
}
