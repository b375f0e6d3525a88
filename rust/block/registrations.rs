// SPDX-License-Identifier: GPL-2.0

//! The disks of a driver, which the library keeps.

use super::{
    disk::{
        Disk,
        QueueLimits, //
    },
    operations::Operations,
    tag_set::TagSet, //
};
use kernel::{
    bindings,
    device::{
        Bound,
        Device, //
    },
    ffi::c_ulong,
    fmt,
    prelude::*,
    sync::Arc,
    time::Msecs, //
};

/// Disks that are registered, for as long as the library keeps this.
///
/// A driver gets it as `&mut`, and can neither keep it nor forget it.
pub struct Registrations<D: Operations>(KVec<Disk<D>>);

impl<D: Operations> Registrations<D> {
    /// Creates an empty list.
    ///
    /// # Safety
    ///
    /// It is dropped before anything that `D` borrows, and never moved to where a driver could
    /// forget it.
    pub(super) unsafe fn new() -> Self {
        Self(KVec::new())
    }

    /// Adds a disk of `sectors` sectors of 512 bytes, whose callbacks are `data`. Sleeps.
    ///
    /// Requests come before this returns: C looks for partitions. The name is that of `/dev/`, at
    /// most 31 bytes, and unique.
    ///
    /// # Errors
    ///
    /// [`EINVAL`] for limits, a name or a size that are not possible; [`ENOMEM`] without memory.
    ///
    /// C: `__blk_mq_alloc_disk()`, [`block/blk-mq.c`](srctree/block/blk-mq.c); `device_add_disk()`,
    /// [`block/genhd.c`](srctree/block/genhd.c).
    pub fn disk(
        &mut self,
        parent: &Device<Bound>,
        name: fmt::Arguments<'_>,
        tags: &Arc<TagSet<D>>,
        limits: QueueLimits,
        sectors: u64,
        data: D,
    ) -> Result<&Disk<D>> {
        self.0.reserve(1, GFP_KERNEL)?;
        // SAFETY: As `new()` says.
        let disk = unsafe { Disk::add(parent, name, tags, limits, sectors, data)? };
        self.0.push_within_capacity(disk)?;
        self.0.last().ok_or(EINVAL)
    }
}

impl<D: Operations> Registrations<D> {
    /// Waits until all requests have ended, at most for `timeout`, and lets no other begin until
    /// the value is dropped. Sleeps.
    ///
    /// C: `blk_freeze_queue_start_non_owner()`, `blk_mq_freeze_queue_wait_timeout()`,
    /// [`block/blk-mq.c`](srctree/block/blk-mq.c).
    pub(super) fn freeze(&self, timeout: Msecs) -> Frozen<'_, D> {
        let mut left: c_ulong = kernel::time::msecs_to_jiffies(timeout);

        for disk in &self.0 {
            // SAFETY: The disk is registered. `Frozen` undoes this.
            unsafe { bindings::blk_freeze_queue_start_non_owner(disk.queue()) };
        }
        for disk in &self.0 {
            // SAFETY: As above. CAST: From jiffies that are left, or 0.
            left = unsafe { bindings::blk_mq_freeze_queue_wait_timeout(disk.queue(), left) }
                as c_ulong;
        }
        Frozen(self)
    }
}

/// Disks whose requests wait until this is dropped.
pub(super) struct Frozen<'a, D: Operations>(&'a Registrations<D>);

impl<D: Operations> Drop for Frozen<'_, D> {
    fn drop(&mut self) {
        for disk in &self.0 .0 {
            // SAFETY: `freeze()` has frozen it.
            unsafe { bindings::blk_mq_unfreeze_queue_non_owner(disk.queue()) };
        }
    }
}

/// Calls `f` with an empty list, and removes what it has registered.
///
/// For disks that live no longer than a function. A driver has [`Driver`](super::Driver).
pub fn scope<D: Operations, R>(f: impl FnOnce(&mut Registrations<D>) -> R) -> R {
    // SAFETY: It is dropped below. What `D` borrows lives for longer than this call.
    let mut registrations = unsafe { Registrations::new() };

    f(&mut registrations)
}
