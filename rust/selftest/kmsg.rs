// SPDX-License-Identifier: GPL-2.0

//! The kernel log, where the SMMU driver reports faults.
//!
//! The SMMUv3 driver has no other interface for faults: it prints the events of the hardware queue,
//! at most ten in five seconds, and drops the rest.

use crate::bindings;
use kernel::{
    dma::DmaAddress,
    time::{
        delay::fsleep,
        Delta, //
    }, //
};

/// A position in the kernel log.
pub(super) struct Log {
    iter: bindings::kmsg_dump_iter,
}

/// The number of polls of the log before an event counts as missing, and their interval.
const LOOKS: usize = 50;
const PAUSE: Delta = Delta::from_millis(2);

impl Log {
    /// Returns the end of the log.
    pub(super) fn end() -> Self {
        let mut log = Self {
            iter: bindings::kmsg_dump_iter {
                cur_seq: 0,
                next_seq: 0,
            },
        };

        while log.next(&mut []).is_some() {}
        log
    }

    /// Reads the next line into `line` and returns its length. Skips the line if `line` is empty.
    fn next(&mut self, line: &mut [u8]) -> Option<usize> {
        let mut len = 0;
        let buffer = if line.is_empty() {
            core::ptr::null_mut()
        } else {
            line.as_mut_ptr()
        };

        // SAFETY: `iter` is borrowed exclusively. `buffer` is valid for `line.len()` bytes, or
        // null, which skips the line.
        let found = unsafe {
            bindings::kmsg_dump_get_line(&mut self.iter, false, buffer, line.len(), &mut len)
        };

        found.then_some(len)
    }

    /// Reads to the end of the log, and returns whether a line contains `text`.
    pub(super) fn says(&mut self, text: &str) -> bool {
        let mut line = [0; 256];
        let mut found = false;

        while let Some(len) = self.next(&mut line) {
            let line = core::str::from_utf8(&line[..len.min(line.len())]).unwrap_or("");

            found |= line.contains(text);
        }
        found
    }

    /// Waits until the SMMU has reported `event` of the device `client` at `iova`. Sleeps.
    ///
    /// Returns `false` after a tenth of a second without such a report.
    pub(super) fn wait_for_event(&mut self, event: &str, client: &str, iova: DmaAddress) -> bool {
        let mut line = [0; 256];

        for _ in 0..LOOKS {
            while let Some(len) = self.next(&mut line) {
                let text = core::str::from_utf8(&line[..len.min(line.len())]).unwrap_or("");

                if field(text, "event: ") == Some(event)
                    && field(text, "client: ") == Some(client)
                    && field(text, "iova: ").and_then(hex) == Some(iova)
                {
                    return true;
                }
            }
            fsleep(PAUSE);
        }

        false
    }
}

/// Returns the word after `key` in a line.
fn field<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    let (_, rest) = line.split_once(key)?;

    rest.split_whitespace().next()
}

/// Parses a number such as `0x1f`.
fn hex(word: &str) -> Option<u64> {
    u64::from_str_radix(word.strip_prefix("0x")?, 16).ok()
}
