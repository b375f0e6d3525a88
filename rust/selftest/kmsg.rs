// SPDX-License-Identifier: GPL-2.0

//! The kernel's log, where the SMMU driver reports faults.
//!
//! The driver of the SMMUv3 has no other way to tell: it prints the events that it takes from the
//! hardware's queue, ten in five seconds, and drops the rest.

use crate::bindings;
use kernel::{
    dma::DmaAddress,
    time::{
        delay::fsleep,
        Delta, //
    }, //
};

/// A place in the kernel's log.
pub(super) struct Log {
    iter: bindings::kmsg_dump_iter,
}

/// How often and for how long the log is looked at before an event is missing.
const LOOKS: usize = 50;
const PAUSE: Delta = Delta::from_millis(2);

impl Log {
    /// The end of the log: what is read from here on was printed later.
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

    /// Reads the next line into `line`, and returns its length; without room, skips it.
    fn next(&mut self, line: &mut [u8]) -> Option<usize> {
        let mut len = 0;
        let buffer = if line.is_empty() {
            core::ptr::null_mut()
        } else {
            line.as_mut_ptr()
        };

        // SAFETY: `iter` is this log's own. `buffer` is valid for `line.len()` bytes or null, which
        // means to skip the line.
        let found = unsafe {
            bindings::kmsg_dump_get_line(&mut self.iter, false, buffer, line.len(), &mut len)
        };

        found.then_some(len)
    }

    /// Reads on to the end, and returns whether a line has `text`.
    pub(super) fn says(&mut self, text: &str) -> bool {
        let mut line = [0; 256];
        let mut found = false;

        while let Some(len) = self.next(&mut line) {
            let line = core::str::from_utf8(&line[..len.min(line.len())]).unwrap_or("");

            found |= line.contains(text);
        }
        found
    }

    /// Waits until the SMMU has reported `event` of the device `client` at `iova`; sleeps.
    ///
    /// Returns whether it did, within a tenth of a second.
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

/// The word after `key` in a line.
fn field<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    let (_, rest) = line.split_once(key)?;

    rest.split_whitespace().next()
}

/// The value of a number such as `0x1f`.
fn hex(word: &str) -> Option<u64> {
    u64::from_str_radix(word.strip_prefix("0x")?, 16).ok()
}
