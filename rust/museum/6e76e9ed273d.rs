// SPDX-License-Identifier: GPL-2.0

// In C: copies as many bytes as the device has reported, without a check against the buffer
// Here: does not compile

use crate::dma::Untrusted;

fn receive(frame: &[u8], length: Untrusted<usize>) -> &[u8] {
    &frame[..length] //~ ERROR E0277
}
