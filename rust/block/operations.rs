// SPDX-License-Identifier: GPL-2.0

//! The callbacks of a driver.

use super::{
    request::{
        self,
        Request,
        Status, //
    },
    tag_set::Mapping, //
};
use crate::bindings as helpers;
use core::{
    marker::PhantomData,
    ptr::NonNull, //
};
use kernel::{
    bindings,
    ffi::{
        c_int,
        c_uint,
        c_void, //
    },
    prelude::*,
    sync::atomic::Relaxed, //
};

/// A request that [`Operations::queue_rq`] does not take, or whose data cannot be mapped.
pub struct Refused {
    /// [`Status::RESOURCE`] to be asked again later; otherwise what the request ends with.
    pub status: Status,
    /// The request.
    pub request: Request,
}

/// What a driver has done about a request that timed out.
///
/// C: `enum blk_eh_timer_return`, [`include/linux/blk-mq.h`](srctree/include/linux/blk-mq.h).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timeout {
    /// The request is still in flight: its time begins anew; `BLK_EH_RESET_TIMER`.
    Wait,
    /// The request has ended, or was queued again; `BLK_EH_DONE`. It does not time out any more.
    Handled,
}

/// The callbacks of a disk, which is `self`.
///
/// They may be called on several CPUs at the same time, from when the disk is registered until it
/// is gone. `queue` is the number of a hardware queue, less than
/// [`TagSet::queues`](super::TagSet::queues).
///
/// C: `struct blk_mq_ops`, [`include/linux/blk-mq.h`](srctree/include/linux/blk-mq.h).
pub trait Operations: Sync + Sized {
    /// Starts a request. Does not sleep.
    ///
    /// The driver need not notify the device unless `last` is set: otherwise another request or
    /// [`Operations::commit_rqs`] follows.
    ///
    /// # Errors
    ///
    /// The request comes back to blk-mq.
    fn queue_rq(&self, queue: usize, request: Request, last: bool) -> Result<(), Refused>;

    /// Notifies the device of the requests of a queue. Does not sleep.
    fn commit_rqs(&self, queue: usize);

    /// Handles a request that did not end in time. May sleep, and allocate memory, for which the
    /// kernel does no I/O.
    ///
    /// `again` is set if this was called for the request before. `tag` may have ended meanwhile,
    /// and be in use again.
    fn timeout(&self, queue: usize, tag: u16, again: bool) -> Timeout;
}

/// The callbacks as C has them.
pub(super) struct Vtable<T>(PhantomData<T>);

impl<T: Operations> Vtable<T> {
    pub(super) const OPS: bindings::blk_mq_ops = {
        let mut ops: bindings::blk_mq_ops = pin_init::zeroed();

        ops.queue_rq = Some(Self::queue_rq);
        ops.commit_rqs = Some(Self::commit_rqs);
        ops.timeout = Some(Self::timeout);
        ops.complete = Some(Self::complete);
        ops.init_request = Some(Self::init_request);
        ops.map_queues = Some(Self::map_queues);
        ops
    };

    /// Returns the disk of a queue, and the number of the queue.
    ///
    /// # Safety
    ///
    /// `hctx` is a hardware queue of a disk with the operations `T`, and stays so for `'a`.
    #[inline]
    unsafe fn disk<'a>(hctx: *mut bindings::blk_mq_hw_ctx) -> (&'a T, usize) {
        // SAFETY: By the safety requirements. The data of the request queue was set when the disk
        // was allocated, and is dropped after it is gone. CAST: From 32 bits to at least as many.
        unsafe {
            (
                &*(*(*hctx).queue).queuedata.cast::<T>(),
                (*hctx).queue_num as usize,
            )
        }
    }

    /// # Safety
    ///
    /// Only for C, as `blk_mq_ops::queue_rq` of a tag set for `T`.
    unsafe extern "C" fn queue_rq(
        hctx: *mut bindings::blk_mq_hw_ctx,
        bd: *const bindings::blk_mq_queue_data,
    ) -> bindings::blk_status_t {
        // SAFETY: By the safety requirements.
        let ((disk, queue), rq, last) = unsafe { (Self::disk(hctx), (*bd).rq, (*bd).last) };

        // SAFETY: C hands the request to the driver, with a `Pdu`.
        unsafe {
            request::prepare(rq);
            bindings::blk_mq_start_request(rq);
        }
        // SAFETY: Just started; there is no other value for it. It is not null.
        let request = unsafe { Request::from_raw(NonNull::new_unchecked(rq)) };

        match disk.queue_rq(queue, request, last) {
            Ok(()) => Status::OK.as_raw(),
            Err(Refused { status, request }) if core::ptr::eq(request.as_raw(), rq) => {
                if status == Status::OK {
                    // C would take it for a request that was started.
                    request.end(status);
                } else {
                    request.into_raw();
                }
                status.as_raw()
            }
            // This request has another owner.
            Err(Refused { status, request }) => {
                request.end(status);
                Status::OK.as_raw()
            }
        }
    }

    /// # Safety
    ///
    /// Only for C, as `blk_mq_ops::commit_rqs` of a tag set for `T`.
    unsafe extern "C" fn commit_rqs(hctx: *mut bindings::blk_mq_hw_ctx) {
        // SAFETY: By the safety requirements.
        let (disk, queue) = unsafe { Self::disk(hctx) };

        disk.commit_rqs(queue);
    }

    /// # Safety
    ///
    /// Only for C, as `blk_mq_ops::timeout` of a tag set for `T`.
    unsafe extern "C" fn timeout(rq: *mut bindings::request) -> bindings::blk_eh_timer_return {
        // SAFETY: By the safety requirements: C keeps the request and its queue meanwhile.
        let ((disk, queue), tag) = unsafe { (Self::disk((*rq).mq_hctx), (*rq).tag) };
        // SAFETY: As above. All access to it is atomic: the request may be queued again meanwhile.
        let has_timed_out = unsafe { request::has_timed_out(rq) };
        let again = has_timed_out.load(Relaxed);
        has_timed_out.store(true, Relaxed);

        // Requests wait for the driver, which must not wait for them to get memory.
        // SAFETY: Restored below.
        let flags = unsafe { helpers::helper_memalloc_noio_save() };
        // CAST: As in `Request::tag()`.
        let handled = disk.timeout(queue, tag as u16, again);
        // SAFETY: As above.
        unsafe { helpers::helper_memalloc_noio_restore(flags) };

        match handled {
            Timeout::Wait => bindings::blk_eh_timer_return_BLK_EH_RESET_TIMER,
            Timeout::Handled => bindings::blk_eh_timer_return_BLK_EH_DONE,
        }
    }

    /// # Safety
    ///
    /// Only for C, as `blk_mq_ops::complete` of a tag set for `T`.
    unsafe extern "C" fn complete(rq: *mut bindings::request) {
        // SAFETY: By the safety requirements, after `Request::end()`.
        unsafe { request::complete(rq) };
    }

    /// # Safety
    ///
    /// Only for C, as `blk_mq_ops::init_request` of a tag set for `T`.
    unsafe extern "C" fn init_request(
        set: *mut bindings::blk_mq_tag_set,
        rq: *mut bindings::request,
        _queue: c_uint,
        _node: c_int,
    ) -> c_int {
        // SAFETY: By the safety requirements there are `cmd_size` bytes behind the request, of
        // which `TagSet` has a `Private` at least.
        unsafe { request::init(rq, (*set).cmd_size) };
        0
    }

    /// # Safety
    ///
    /// Only for C, as `blk_mq_ops::map_queues` of a tag set for `T`.
    unsafe extern "C" fn map_queues(set: *mut bindings::blk_mq_tag_set) {
        // SAFETY: By the safety requirements. `TagSet::new()` has set the data for this call.
        let mapping = unsafe { (*set).driver_data.cast::<Mapping>().as_ref() };

        // SAFETY: As above; there is one map.
        let map = unsafe { &raw mut (*set).map[0] };

        match mapping {
            // SAFETY: The device is valid, and C has allocated the map. C warns of vectors that the
            // device does not have.
            Some(mapping) if unsafe { mapping.has_vectors((*map).nr_queues) } => unsafe {
                bindings::blk_mq_map_hw_queues(map, &raw mut (*mapping.dev).dev, mapping.offset)
            },
            // SAFETY: As above.
            _ => unsafe { bindings::blk_mq_map_queues(map) },
        }
    }
}

/// For [`Mapping`], which C keeps as an untyped pointer.
pub(super) fn as_data(mapping: Option<&Mapping>) -> *mut c_void {
    mapping.map_or(core::ptr::null_mut(), |mapping| {
        core::ptr::from_ref(mapping).cast_mut().cast()
    })
}
