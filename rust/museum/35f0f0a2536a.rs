// SPDX-License-Identifier: GPL-2.0

// In C: checks a number in coherent memory and then reads it again
// Here: does not compile

use crate::dma::Untrusted;

fn response(slots: &[u64], id: Untrusted<usize>) -> u64 {
    slots[id] //~ ERROR E0277
}
