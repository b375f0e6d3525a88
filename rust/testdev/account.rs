// SPDX-License-Identifier: GPL-2.0

//! Limits the memory that operations map for a device.

use super::request::Refused;
use kernel::{
    page::PAGE_SIZE,
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        Arc, //
    }, //
};

/// The maximum number of mapped bytes of a device, in whole pages.
pub(super) const MAX_BYTES: usize = 64 << 20;

const TOO_LARGE: Refused =
    Refused::because(ENOSPC, "the device would have more than 64 MiB mapped");

/// The number of mapped bytes of a device.
///
/// # Invariants
///
/// The number is the sum of all [`Charge`]s, and at most [`MAX_BYTES`].
pub(super) struct Account(Atomic<usize>);

impl Account {
    pub(super) fn new() -> Result<Arc<Self>> {
        // INVARIANT: No charge exists yet.
        Ok(Arc::new(Self(Atomic::new(0)), GFP_KERNEL)?)
    }

    /// Charges the pages of `size` bytes; returns [`ENOSPC`] beyond the maximum.
    pub(super) fn charge(account: &Arc<Self>, size: usize) -> Result<Charge, Refused> {
        let bytes = size.checked_next_multiple_of(PAGE_SIZE).ok_or(TOO_LARGE)?;
        let mut mapped = account.0.load(Relaxed);

        loop {
            if bytes > MAX_BYTES - mapped {
                return Err(TOO_LARGE);
            }
            // INVARIANT: The new sum is at most `MAX_BYTES` and includes the charge returned below.
            match account.0.cmpxchg(mapped, mapped + bytes, Relaxed) {
                Ok(_) => break,
                Err(now) => mapped = now,
            }
        }
        Ok(Charge {
            account: account.clone(),
            bytes,
        })
    }
}

/// Charged bytes of an account, returned on drop.
pub(super) struct Charge {
    account: Arc<Account>,
    bytes: usize,
}

impl Drop for Charge {
    fn drop(&mut self) {
        // INVARIANT: `charge()` added these bytes, and the charge no longer exists.
        self.account.0.fetch_sub(self.bytes, Relaxed);
    }
}
