// SPDX-License-Identifier: GPL-2.0

//! Disks, and what their hardware can do in a request.

use super::{
    operations::Operations,
    request::Status,
    tag_set::TagSet, //
};
use crate::bindings as helpers;
use core::fmt::Write;
use kernel::{
    bindings,
    device::{
        Bound,
        Device, //
    },
    error::{
        from_err_ptr,
        to_result, //
    },
    ffi::{
        c_uint,
        c_ulong, //
    },
    fmt,
    page::PAGE_SIZE,
    prelude::*,
    static_lock_class,
    str::NullTerminatedFormatter,
    sync::Arc,
    types::ScopeGuard, //
};

/// The size of a sector in bytes, whatever the size of the disk's blocks.
const SECTOR: u32 = kernel::block::SECTOR_SIZE;

/// What the hardware can do in a request.
///
/// C: `struct queue_limits`, [`include/linux/blkdev.h`](srctree/include/linux/blkdev.h).
#[derive(Clone, Copy)]
pub struct QueueLimits {
    /// The size of a block in bytes: a power of two, from 512 to the size of a page.
    pub block_size: u32,
    /// The number of sectors of 512 bytes that a request may have: a page of them at least.
    pub max_sectors: u32,
    /// The number of ranges of memory in a request, at most what the tag set has room for.
    pub max_segments: u16,
    /// The largest range in bytes: a page at least.
    pub max_segment_size: u32,
    /// Bits that are 0 in the address of each range but the first and in the end of each but the
    /// last; 0 for a device that does not ask for it.
    pub virt_boundary_mask: usize,
    /// Bits that are 0 in the address and the length of memory, less than a page.
    pub dma_alignment: u32,
    /// Whether the device has a cache that must be flushed.
    pub write_cache: bool,
    /// Whether the device can write past its cache.
    pub fua: bool,
    /// The number of sectors that a request may discard; 0 for a device that cannot.
    pub max_discard_sectors: u32,
    /// The number of sectors that a request may zero; 0 for a device that cannot.
    pub max_write_zeroes_sectors: u32,
}

impl QueueLimits {
    /// Returns the limits as C has them.
    ///
    /// # Errors
    ///
    /// [`EINVAL`] for limits that C would refuse, for some of which it warns.
    fn to_raw(self) -> Result<bindings::queue_limits> {
        // CAST: Small constants.
        let page = PAGE_SIZE as u32;
        let mut raw: bindings::queue_limits = pin_init::zeroed();

        if !(SECTOR..=page).contains(&self.block_size)
            || !self.block_size.is_power_of_two()
            || self.max_sectors < page / SECTOR
            || self.max_segments == 0
            || self.max_segment_size < page
            || self.dma_alignment >= page
            || !(self.dma_alignment + 1).is_power_of_two()
            || !self.virt_boundary_mask.wrapping_add(1).is_power_of_two()
        {
            return Err(EINVAL);
        }
        raw.logical_block_size = self.block_size;
        raw.physical_block_size = self.block_size;
        raw.max_hw_sectors = self.max_sectors;
        raw.max_segments = self.max_segments;
        raw.max_segment_size = self.max_segment_size;
        // CAST: `unsigned long` has as many bits as `usize`.
        raw.virt_boundary_mask = self.virt_boundary_mask as c_ulong;
        raw.dma_alignment = self.dma_alignment;
        raw.max_hw_discard_sectors = self.max_discard_sectors;
        raw.max_user_discard_sectors = c_uint::MAX;
        raw.discard_granularity = self.block_size;
        raw.max_write_zeroes_sectors = self.max_write_zeroes_sectors;
        if self.write_cache {
            raw.features |= helpers::HELPER_BLK_FEAT_WRITE_CACHE;
        }
        if self.fua {
            raw.features |= helpers::HELPER_BLK_FEAT_FUA;
        }
        Ok(raw)
    }
}

/// Where the module that has the library is: a program that has a disk open keeps it.
struct Fops(bindings::block_device_operations);

// SAFETY: It does not change.
unsafe impl Sync for Fops {}

static FOPS: Fops = {
    extern "C" {
        #[allow(improper_ctypes, reason = "only its address is used")]
        static __this_module: kernel::types::Opaque<bindings::module>;
    }
    let mut fops: bindings::block_device_operations = pin_init::zeroed();

    fops.owner = (&raw const __this_module).cast_mut().cast();
    Fops(fops)
};

/// The data of a command of the driver's own.
pub enum Transfer<'a> {
    /// The device writes the data: [`Operation::DriverIn`](super::Operation::DriverIn).
    In(&'a mut KVec<u8>),
    /// The device reads the data: [`Operation::DriverOut`](super::Operation::DriverOut).
    Out(&'a KVec<u8>),
}

/// A disk that is registered, see [`Registrations::disk`](super::Registrations::disk).
///
/// Dropping it removes the disk: programs and file systems lose it, what they have written is
/// written, and all requests end.
///
/// C: `struct gendisk`, [`include/linux/blkdev.h`](srctree/include/linux/blkdev.h).
///
/// # Invariants
///
/// `disk` was added. The data of its queue is `data`.
pub struct Disk<T: Operations> {
    disk: *mut bindings::gendisk,
    // Dropped after the disk, in this order.
    data: KBox<T>,
    _tags: Arc<TagSet<T>>,
}

// SAFETY: C locks what changes. The callbacks are called on any CPU.
unsafe impl<T: Operations + Send> Send for Disk<T> {}

// SAFETY: As above.
unsafe impl<T: Operations + Send> Sync for Disk<T> {}

impl<T: Operations> Disk<T> {
    /// Adds a disk.
    ///
    /// # Safety
    ///
    /// The value is dropped, before anything that `data` borrows.
    pub(super) unsafe fn add(
        parent: &Device<Bound>,
        name: fmt::Arguments<'_>,
        tags: &Arc<TagSet<T>>,
        limits: QueueLimits,
        sectors: u64,
        data: T,
    ) -> Result<Self> {
        // C: `BLK_DEV_MAX_SECTORS`.
        if sectors > i64::MAX as u64 / u64::from(SECTOR) {
            return Err(EINVAL);
        }
        if limits.max_segments > tags.segments() {
            return Err(EINVAL);
        }
        let mut limits = limits.to_raw()?;
        let data = KBox::new(data, GFP_KERNEL)?;

        // SAFETY: The tag set is allocated. The data stays until the disk is gone.
        let disk = from_err_ptr(unsafe {
            bindings::__blk_mq_alloc_disk(
                tags.as_raw(),
                &mut limits,
                core::ptr::from_ref(&*data).cast_mut().cast(),
                static_lock_class!().as_ptr(),
            )
        })?;
        let cleanup = ScopeGuard::new_with_data(disk, |disk| {
            // SAFETY: It was allocated, and not added.
            unsafe { bindings::put_disk(disk) };
        });

        // SAFETY: The disk is not used by others yet.
        unsafe { (*disk).fops = &raw const FOPS.0 };
        // SAFETY: As above.
        let place = unsafe { &mut (*disk).disk_name };
        NullTerminatedFormatter::new(place)
            .ok_or(EINVAL)?
            .write_fmt(name)?;
        // C warns of it.
        if place[0] == 0 {
            return Err(EINVAL);
        }
        // SAFETY: As above.
        unsafe { bindings::set_capacity(disk, sectors) };
        // SAFETY: The parent is bound, and the disk has all that C needs.
        to_result(unsafe {
            bindings::device_add_disk(
                core::ptr::from_ref(parent).cast_mut().cast(),
                disk,
                core::ptr::null_mut(),
            )
        })?;

        cleanup.dismiss();
        // INVARIANT: Just added.
        Ok(Self {
            disk,
            data,
            _tags: tags.clone(),
        })
    }

    pub(super) fn queue(&self) -> *mut bindings::request_queue {
        // SAFETY: By the invariants. It does not change.
        unsafe { (*self.disk).queue }
    }

    /// Returns the driver's data.
    pub fn data(&self) -> &T {
        &self.data
    }

    /// Sends a command of the driver's own, and waits until it has ended. Sleeps.
    ///
    /// [`Operations::queue_rq`] gets it like any other.
    ///
    /// # Errors
    ///
    /// [`EINVAL`] for no data, or more than a request can have; [`ENOMEM`] without memory;
    /// [`ENODEV`] if the disk is being removed.
    ///
    /// C: `blk_rq_map_kern()`, [`block/blk-map.c`](srctree/block/blk-map.c); `blk_execute_rq()`,
    /// [`block/blk-mq.c`](srctree/block/blk-mq.c).
    pub fn execute(&self, transfer: Transfer<'_>) -> Result<Status> {
        let (operation, data, len) = match transfer {
            Transfer::In(data) => (
                bindings::req_op_REQ_OP_DRV_IN,
                data.as_mut_ptr(),
                data.len(),
            ),
            Transfer::Out(data) => (
                bindings::req_op_REQ_OP_DRV_OUT,
                data.as_ptr().cast_mut(),
                data.len(),
            ),
        };
        let len = c_uint::try_from(len)?;
        if len == 0 {
            return Err(EINVAL);
        }

        // SAFETY: By the invariants.
        let rq = from_err_ptr(unsafe {
            bindings::blk_mq_alloc_request((*self.disk).queue, operation, 0)
        })?;
        let rq = ScopeGuard::new_with_data(rq, |rq| {
            // SAFETY: It was allocated, and is not being executed.
            unsafe { bindings::blk_mq_free_request(rq) };
        });
        // SAFETY: The data is from `kmalloc()`, so that it shares no cache line with other data
        // that is not bounced, and stays borrowed until the request has ended. It is written only
        // if it is borrowed exclusively.
        to_result(unsafe {
            bindings::blk_rq_map_kern(*rq, data.cast(), len, bindings::GFP_KERNEL)
        })?;
        // SAFETY: The request is complete.
        Ok(Status::from_raw(unsafe {
            bindings::blk_execute_rq(*rq, false)
        }))
    }
}

impl<T: Operations> Drop for Disk<T> {
    fn drop(&mut self) {
        // SAFETY: By the invariants. All requests have ended when this returns, and no callback
        // runs.
        unsafe { bindings::del_gendisk(self.disk) };
        // SAFETY: As above; the disk is not used again.
        unsafe { bindings::put_disk(self.disk) };
    }
}
