// SPDX-License-Identifier: GPL-2.0

//! Numbers of device files: each device gets the first free one.

use kernel::{
    device::{
        Bound,
        Device, //
    },
    prelude::*,
    sync::atomic::{
        Atomic,
        Full,
        Relaxed, //
    }, //
};

const NAMES: [&CStr; 8] = [
    c"safe_dma0",
    c"safe_dma1",
    c"safe_dma2",
    c"safe_dma3",
    c"safe_dma4",
    c"safe_dma5",
    c"safe_dma6",
    c"safe_dma7",
];

/// A bit for each number in use.
static TAKEN: Atomic<u32> = Atomic::new(0);

/// A number in use, freed on drop.
pub(super) struct Minor(usize);

impl Minor {
    /// Takes a number for a device; returns [`EBUSY`] if none is free.
    pub(super) fn take(dev: &Device<Bound>) -> Result<Self> {
        let mut taken = TAKEN.load(Relaxed);

        loop {
            // CAST: At most 32.
            let free = taken.trailing_ones() as usize;
            if free >= NAMES.len() {
                dev_err!(dev, "all {} device files are in use\n", NAMES.len());
                return Err(EBUSY);
            }
            match TAKEN.cmpxchg(taken, taken | 1 << free, Full) {
                Ok(_) => return Ok(Self(free)),
                Err(now) => taken = now,
            }
        }
    }

    /// Returns the name of the device file.
    pub(super) fn name(&self) -> &'static CStr {
        NAMES[self.0]
    }
}

impl Drop for Minor {
    fn drop(&mut self) {
        // The bit is set, so the subtraction clears it and changes no other.
        TAKEN.fetch_sub(1 << self.0, Full);
    }
}
