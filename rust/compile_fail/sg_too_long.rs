// SPDX-License-Identifier: GPL-2.0

// DMA debugger: mapping sg segment longer than device claims to support
// In C: puts more into one segment than the device takes
// Here: cannot be expressed: mainline's SGTable cuts its segments itself

use kernel::scatterlist::SGEntry;

fn join(first: &mut SGEntry, second: &SGEntry) {
    first.set_dma_len(first.dma_len() + second.dma_len()); //~ ERROR E0599
}
