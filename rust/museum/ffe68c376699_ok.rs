// SPDX-License-Identifier: GPL-2.0

use crate::dma::CoherentMemory;

fn open_failed(buffers: CoherentMemory<'_, [u8]>) {
    drop(buffers);
}
