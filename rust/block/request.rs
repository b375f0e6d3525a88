// SPDX-License-Identifier: GPL-2.0

//! Requests that a driver owns.

use crate::bindings as helpers;
use core::{
    mem::offset_of,
    ptr::NonNull, //
};
use kernel::{
    bindings,
    ffi::c_uint,
    prelude::*,
    sync::atomic::{
        Atomic,
        Relaxed, //
    }, //
};

/// The result of a request.
///
/// C: `blk_status_t`, [`include/linux/blk_types.h`](srctree/include/linux/blk_types.h).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status(bindings::blk_status_t);

impl Status {
    /// No error.
    // CAST: The value 0.
    pub const OK: Self = Self(bindings::BLK_STS_OK as bindings::blk_status_t);
    /// The device does not support the operation.
    pub const NOTSUPP: Self = Self(helpers::HELPER_BLK_STS_NOTSUPP);
    /// The device did not answer in time.
    pub const TIMEOUT: Self = Self(helpers::HELPER_BLK_STS_TIMEOUT);
    /// Another host has reserved the medium.
    pub const RESV_CONFLICT: Self = Self(helpers::HELPER_BLK_STS_RESV_CONFLICT);
    /// The device cannot be reached.
    pub const TRANSPORT: Self = Self(helpers::HELPER_BLK_STS_TRANSPORT);
    /// The device has no space left.
    pub const NOSPC: Self = Self(helpers::HELPER_BLK_STS_NOSPC);
    /// The device reports an error of its own.
    pub const TARGET: Self = Self(helpers::HELPER_BLK_STS_TARGET);
    /// The medium is damaged.
    pub const MEDIUM: Self = Self(helpers::HELPER_BLK_STS_MEDIUM);
    /// The data does not match its protection information.
    pub const PROTECTION: Self = Self(helpers::HELPER_BLK_STS_PROTECTION);
    /// Something is used up; a request that is refused with this is queued again later.
    pub const RESOURCE: Self = Self(helpers::HELPER_BLK_STS_RESOURCE);
    /// Any other error.
    pub const IOERR: Self = Self(helpers::HELPER_BLK_STS_IOERR);
    /// The device is offline.
    pub const OFFLINE: Self = Self(helpers::HELPER_BLK_STS_OFFLINE);
    /// The request is malformed.
    pub const INVAL: Self = Self(helpers::HELPER_BLK_STS_INVAL);

    #[inline]
    pub(super) fn from_raw(status: bindings::blk_status_t) -> Self {
        Self(status)
    }

    #[inline]
    pub(super) fn as_raw(self) -> bindings::blk_status_t {
        self.0
    }
}

impl From<Status> for Result {
    /// Returns [`EIO`] for any error.
    fn from(status: Status) -> Self {
        if status == Status::OK {
            Ok(())
        } else {
            Err(EIO)
        }
    }
}

/// What a request asks for.
///
/// C: `enum req_op`, [`include/linux/blk_types.h`](srctree/include/linux/blk_types.h).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Read sectors.
    Read,
    /// Write sectors.
    Write {
        /// The data is on the medium when the request ends; `REQ_FUA`.
        fua: bool,
    },
    /// Write the device's cache to the medium.
    Flush,
    /// Discard sectors.
    Discard,
    /// Write zeroes to sectors.
    WriteZeroes,
    /// A driver's own command that reads from the device, see
    /// [`Disk::execute`](super::Disk::execute).
    DriverIn,
    /// A driver's own command that writes to the device.
    DriverOut,
    /// Any other, which a disk gets only if its limits have it.
    Other,
}

impl Operation {
    /// Returns whether the request has data that is moved.
    #[inline]
    pub(super) fn has_data(self) -> bool {
        matches!(
            self,
            Self::Read | Self::Write { .. } | Self::DriverIn | Self::DriverOut
        )
    }
}

/// The part of a request that is the library's, behind `struct request`.
///
/// A list of `capacity` entries for [`RequestMapping`](super::RequestMapping) follows it.
#[derive(Zeroable)]
#[repr(C)]
pub(super) struct Pdu {
    /// The status with which the request ends, when it is completed.
    pub(super) status: bindings::blk_status_t,
    /// How many entries the list has room for.
    capacity: c_uint,
    /// How often the request was queued again by [`Request::retry`].
    retries: u8,
    /// How many entries are in use.
    pub(super) count: c_uint,
    /// `enum pci_p2pdma_map_type`.
    pub(super) map: c_uint,
    /// The number of bytes that are mapped.
    pub(super) len: usize,
    pub(super) state: bindings::dma_iova_state,
}

impl Pdu {
    /// The size of an entry of the list.
    pub(super) const ENTRY: usize = 16;

    /// Marks nothing as mapped.
    #[inline]
    pub(super) fn reset(&mut self) {
        self.count = 0;
        self.len = 0;
        self.map = helpers::pci_p2pdma_map_type_PCI_P2PDMA_MAP_NONE;
        self.state = bindings::dma_iova_state::default();
    }
}

/// What is behind `struct request`: the [`Pdu`], which the owner of the request accesses, and what
/// others access.
#[derive(Zeroable)]
#[repr(C)]
pub(super) struct Private {
    has_timed_out: bool,
    pdu: Pdu,
}

/// A request that a driver owns until it ends.
///
/// Dropping it ends it with [`Status::IOERR`]. A request that is forgotten never ends: removing its
/// disk waits for it for ever.
///
/// No method gives access to the data. It belongs to others, such as the page cache or a process,
/// who may access it meanwhile.
///
/// C: `struct request`, [`include/linux/blk-mq.h`](srctree/include/linux/blk-mq.h).
///
/// # Invariants
///
/// `rq` is a request of a queue with the operations of [`TagSet`](super::TagSet), which blk-mq has
/// handed to the driver and which was started. It has not ended: the disk and the tag set stay.
/// There is one value for it.
pub struct Request {
    rq: NonNull<bindings::request>,
}

// SAFETY: A request may be ended in any thread.
unsafe impl Send for Request {}

// SAFETY: A shared reference reads what does not change until the request ends.
unsafe impl Sync for Request {}

impl Request {
    /// How often [`Request::retry`] queues a request again.
    ///
    /// C: `nvme_max_retries`, [`drivers/nvme/host/core.c`](srctree/drivers/nvme/host/core.c).
    pub const MAX_RETRIES: u8 = 5;

    /// Takes over a request.
    ///
    /// # Safety
    ///
    /// As the invariants say.
    #[inline]
    pub(super) unsafe fn from_raw(rq: NonNull<bindings::request>) -> Self {
        // INVARIANT: By the safety requirements.
        Self { rq }
    }

    /// Hands a request back to blk-mq, which has a status for it.
    #[inline]
    pub(super) fn into_raw(self) -> *mut bindings::request {
        let rq = self.rq;

        core::mem::forget(self);
        rq.as_ptr()
    }

    #[inline]
    pub(super) fn as_raw(&self) -> *mut bindings::request {
        self.rq.as_ptr()
    }

    /// Returns the library's part of the request, which the owner of `self` alone accesses.
    #[inline]
    pub(super) fn pdu(&self) -> *mut Pdu {
        pdu(self.as_raw())
    }

    /// Returns the list, and how many entries it has room for.
    #[inline]
    pub(super) fn list(&self) -> (*mut u8, usize) {
        let pdu = self.pdu();

        // SAFETY: By the invariants the memory is there, and it was initialized with the tag set.
        // CAST: From 32 bits to at least as many.
        let capacity = unsafe { (*pdu).capacity } as usize;
        (pdu.wrapping_add(1).cast(), capacity)
    }

    /// Returns what is asked for.
    #[inline]
    pub fn operation(&self) -> Operation {
        // SAFETY: By the invariants.
        let flags = unsafe { (*self.as_raw()).cmd_flags };

        match flags & ((1 << bindings::REQ_OP_BITS) - 1) {
            bindings::req_op_REQ_OP_READ => Operation::Read,
            bindings::req_op_REQ_OP_WRITE => Operation::Write {
                fua: flags >> bindings::req_flag_bits___REQ_FUA & 1 != 0,
            },
            bindings::req_op_REQ_OP_FLUSH => Operation::Flush,
            bindings::req_op_REQ_OP_DISCARD => Operation::Discard,
            bindings::req_op_REQ_OP_WRITE_ZEROES => Operation::WriteZeroes,
            bindings::req_op_REQ_OP_DRV_IN => Operation::DriverIn,
            bindings::req_op_REQ_OP_DRV_OUT => Operation::DriverOut,
            _ => Operation::Other,
        }
    }

    /// Returns the first sector, of 512 bytes.
    ///
    /// C: `blk_rq_pos()`, [`include/linux/blk-mq.h`](srctree/include/linux/blk-mq.h).
    #[inline]
    pub fn sector(&self) -> u64 {
        // SAFETY: By the invariants.
        unsafe { (*self.as_raw()).__sector }
    }

    /// Returns the number of bytes that are read, written, discarded or zeroed.
    ///
    /// C: `blk_rq_bytes()`, [`include/linux/blk-mq.h`](srctree/include/linux/blk-mq.h).
    #[inline]
    pub fn bytes(&self) -> u32 {
        // SAFETY: By the invariants.
        unsafe { (*self.as_raw()).__data_len }
    }

    /// Returns the tag, which no other request of the same hardware queue has. It is less than the
    /// depth of the tag set.
    #[inline]
    pub fn tag(&self) -> u16 {
        // SAFETY: By the invariants. CAST: A depth is at most `TagSet::MAX_DEPTH`.
        unsafe { (*self.as_raw()).tag as u16 }
    }

    /// Ends the request, on a CPU that shares a cache with the one that submitted it.
    ///
    /// Works in any context, hard interrupt context included. Does not sleep.
    ///
    /// C: `blk_mq_complete_request_remote()` and `blk_mq_end_request()`,
    /// [`block/blk-mq.c`](srctree/block/blk-mq.c).
    #[inline]
    pub fn end(self, status: Status) {
        let rq = self.into_raw();

        // SAFETY: By the invariants of the `self` that was. The request is not accessed by others
        // until it is completed.
        unsafe { (*pdu(rq)).status = status.as_raw() };
        // SAFETY: The request was started, and is completed once.
        if !unsafe { bindings::blk_mq_complete_request_remote(rq) } {
            // SAFETY: C leaves it to this CPU.
            unsafe { complete(rq) };
        }
    }

    /// Queues the request again, or ends it with `status` after [`Request::MAX_RETRIES`] or if its
    /// owner wants no retries. Does not sleep.
    ///
    /// C: `blk_noretry_request()`, [`include/linux/blk-mq.h`](srctree/include/linux/blk-mq.h).
    pub fn retry(self, status: Status) {
        const NO_RETRY: u32 = 1 << bindings::req_flag_bits___REQ_FAILFAST_DEV
            | 1 << bindings::req_flag_bits___REQ_FAILFAST_TRANSPORT
            | 1 << bindings::req_flag_bits___REQ_FAILFAST_DRIVER;
        // SAFETY: By the invariants.
        let flags = unsafe { (*self.as_raw()).cmd_flags };
        // SAFETY: The owner of the request alone accesses it.
        let retries = unsafe { &mut (*self.pdu()).retries };

        if flags & NO_RETRY != 0 || *retries >= Self::MAX_RETRIES {
            self.end(status);
        } else {
            *retries += 1;
            self.requeue();
        }
    }

    /// Queues the request again, as if it had not been handed to the driver. Does not sleep.
    ///
    /// C: `blk_mq_requeue_request()`, [`block/blk-mq.c`](srctree/block/blk-mq.c).
    #[inline]
    pub fn requeue(self) {
        // SAFETY: By the invariants; the request is not used by the driver any more.
        unsafe { bindings::blk_mq_requeue_request(self.into_raw(), true) };
    }
}

impl Drop for Request {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: By the invariants; `self` is not used again.
        unsafe { Self::from_raw(self.rq) }.end(Status::IOERR);
    }
}

/// Returns what is behind a request.
///
/// C: `blk_mq_rq_to_pdu()`, [`include/linux/blk-mq.h`](srctree/include/linux/blk-mq.h).
#[inline]
pub(super) fn private(rq: *mut bindings::request) -> *mut Private {
    rq.wrapping_add(1).cast()
}

#[inline]
fn pdu(rq: *mut bindings::request) -> *mut Pdu {
    private(rq)
        .wrapping_byte_add(offset_of!(Private, pdu))
        .cast()
}

/// Initializes what is behind a request that was allocated with `size` bytes there.
///
/// # Safety
///
/// There are so many bytes, enough for a [`Private`].
pub(super) unsafe fn init(rq: *mut bindings::request, size: c_uint) {
    // CAST: A small constant, here and below.
    let list = size.saturating_sub(size_of::<Private>() as c_uint);

    // SAFETY: By the safety requirements.
    unsafe {
        private(rq).write(pin_init::zeroed());
        (*pdu(rq)).capacity = list / Pdu::ENTRY as c_uint;
    }
}

/// Prepares the `Pdu` of a request that the driver gets.
///
/// # Safety
///
/// `rq` is a request of a queue of ours that is about to be started.
#[inline]
pub(super) unsafe fn prepare(rq: *mut bindings::request) {
    const DONTPREP: u32 = 1 << bindings::rqf_flags___RQF_DONTPREP;

    // SAFETY: By the safety requirements nothing else accesses the flags and the `Pdu`.
    unsafe {
        has_timed_out(rq).store(false, Relaxed);
        // C clears the flag of a new request, and keeps that of one that is queued again.
        if (*rq).rq_flags & DONTPREP == 0 {
            (*rq).rq_flags |= DONTPREP;
            (*pdu(rq)).retries = 0;
        }
    }
}

/// Returns whether a request has timed out since it was started.
///
/// # Safety
///
/// `rq` is a request of a queue of ours, for `'a`.
#[inline]
pub(super) unsafe fn has_timed_out<'a>(rq: *mut bindings::request) -> &'a Atomic<bool> {
    // SAFETY: By the safety requirements. Nothing else accesses the field but at initialization.
    unsafe { Atomic::from_ptr(&raw mut (*private(rq)).has_timed_out) }
}

/// Ends a request with the status in its `Pdu`.
///
/// # Safety
///
/// `rq` is a request of a queue of ours that is being completed.
#[inline]
pub(super) unsafe fn complete(rq: *mut bindings::request) {
    // SAFETY: The status was written before the request was completed. The request is not accessed
    // by the driver any more.
    unsafe { bindings::blk_mq_end_request(rq, (*pdu(rq)).status) };
}
