// SPDX-License-Identifier: GPL-2.0

//! The counters of a device since it was bound.

use super::faults;
use kernel::{
    device::{
        Bound,
        Device, //
    },
    fmt,
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        Arc, //
    }, //
};

/// The counters of a device.
pub(crate) struct Stats {
    maps: Atomic<u64>,
    unmaps: Atomic<u64>,
    syncs: Atomic<u64>,
    transfers: Atomic<u64>,
    bytes: Atomic<u64>,
    bounced: Atomic<u64>,
    errors: Atomic<u64>,
    live: Atomic<u64>,
    high_water: Atomic<u64>,
}

impl Stats {
    pub(crate) fn new() -> Result<Arc<Self>> {
        let zero = || Atomic::new(0);

        Ok(Arc::new(
            Self {
                maps: zero(),
                unmaps: zero(),
                syncs: zero(),
                transfers: zero(),
                bytes: zero(),
                bounced: zero(),
                errors: zero(),
                live: zero(),
                high_water: zero(),
            },
            GFP_KERNEL,
        )?)
    }

    /// Counts a sync for the CPU or the device.
    pub(crate) fn synced(&self) {
        self.syncs.fetch_add(1, Relaxed);
    }

    /// Counts a transfer that was started.
    pub(crate) fn transferred(&self, bytes: usize) {
        self.transfers.fetch_add(1, Relaxed);
        // CAST: From at most 64 bits.
        self.bytes.fetch_add(bytes as u64, Relaxed);
    }

    /// Counts a request that was refused or has failed.
    pub(crate) fn failed(&self) {
        self.errors.fetch_add(1, Relaxed);
    }
}

/// Counts a mapping until it is dropped.
pub(crate) struct Counted(Arc<Stats>);

impl Counted {
    /// Counts a mapping.
    pub(crate) fn new(stats: &Arc<Stats>, bounced: bool) -> Self {
        stats.maps.fetch_add(1, Relaxed);
        if bounced {
            stats.bounced.fetch_add(1, Relaxed);
        }

        let live = stats.live.fetch_add(1, Relaxed) + 1;
        let mut most = stats.high_water.load(Relaxed);
        while live > most {
            match stats.high_water.cmpxchg(most, live, Relaxed) {
                Ok(_) => break,
                Err(now) => most = now,
            }
        }
        Self(stats.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.unmaps.fetch_add(1, Relaxed);
        self.0.live.fetch_sub(1, Relaxed);
    }
}

/// Formats the counters for the file `stats`.
pub(crate) struct Listing<'a>(pub(crate) &'a Stats, pub(crate) &'a Device<Bound>);

impl fmt::Display for Listing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(stats, dev) = self;

        for (key, value) in [
            ("maps", &stats.maps),
            ("unmaps", &stats.unmaps),
            ("syncs", &stats.syncs),
            ("transfers", &stats.transfers),
            ("bytes", &stats.bytes),
            ("bounced", &stats.bounced),
            ("live", &stats.live),
            ("high_water", &stats.high_water),
            ("errors", &stats.errors),
        ] {
            writeln!(f, "{} {}", key, value.load(Relaxed))?;
        }
        writeln!(f, "faults {}", faults::count(dev))
    }
}
