// SPDX-License-Identifier: GPL-2.0

// In C: uses a number that the device has written as an index without a check
// Here: does not compile

use crate::dma::Untrusted;

fn producer_event(traces: &[u64], kind: Untrusted<usize>) -> u64 {
    traces[kind] //~ ERROR E0277
}
