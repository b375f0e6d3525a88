// SPDX-License-Identifier: GPL-2.0

use crate::dma::CoherentMemory;

fn free_response(response: CoherentMemory<'_, [u8]>) {
    drop(response);
}
