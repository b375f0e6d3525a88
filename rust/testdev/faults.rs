// SPDX-License-Identifier: GPL-2.0

//! Counts the SMMU's faults of a device in the kernel's log.
//!
//! The SMMU driver has no other record of them, and logs at most ten events in five seconds.

use crate::bindings;
use kernel::device::{
    Bound,
    Device, //
};

/// Returns the number of events of the device in the log.
pub(super) fn count(dev: &Device<Bound>) -> u64 {
    let mut iter = bindings::kmsg_dump_iter {
        cur_seq: 0,
        next_seq: 0,
    };
    let client = dev.name().to_str().unwrap_or_default();
    let mut line = [0; 256];
    let mut len = 0;
    let mut count = 0;

    // SAFETY: `iter` and `len` are local variables, and `line` is valid for `line.len()` bytes.
    while unsafe {
        bindings::kmsg_dump_get_line(&mut iter, false, line.as_mut_ptr(), line.len(), &mut len)
    } {
        let line = line.get(..len).unwrap_or_default();
        let words = core::str::from_utf8(line).unwrap_or_default();

        if let Some((_, event)) = words.split_once("event: ") {
            let of = event.split_once("client: ").map(|(_, rest)| rest);

            if of.and_then(|rest| rest.split_whitespace().next()) == Some(client) {
                count += 1;
            }
        }
    }
    count
}
