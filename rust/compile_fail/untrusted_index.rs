// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing
// In C: uses a length that the device has reported, without a check against the buffer
// Here: does not compile

use crate::dma::Untrusted;

fn packet(buffer: &[u8], reported: Untrusted<usize>) -> &[u8] {
    &buffer[..reported] //~ ERROR E0277
}
