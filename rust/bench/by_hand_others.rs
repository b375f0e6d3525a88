// SPDX-License-Identifier: GPL-2.0

//! Safe interface to the mappings of others' memory in C.

use super::{
    by_hand::{
        bindings,
        raw, //
    },
    prelude::*, //
};
use kernel::{
    error::to_result,
    uaccess::UserPtr, //
};

/// Maps and unmaps the data of a request.
#[cfg(CONFIG_BLOCK)]
pub(super) fn request(dev: &Device<Bound>, request: &safe_dma::block::Request) -> Result {
    const {
        assert!(size_of::<safe_dma::block::Request>() == size_of::<*mut bindings::request>());
    }
    // SAFETY: `Request` is a pointer to the request, and nothing else.
    let rq = unsafe {
        core::ptr::from_ref(request)
            .cast::<*mut bindings::request>()
            .read()
    };

    // SAFETY: The device is bound. The request has not ended, and its data is mapped by no other.
    to_result(unsafe { bindings::by_hand_request(raw(dev), rq) })
}

/// Memory of the calling process.
pub(super) struct UserMemory {
    start: usize,
    count: u32,
}

impl UserMemory {
    /// Maps `count` pages into the process.
    pub(super) fn new(count: u32) -> Result<Self> {
        // SAFETY: The function has no preconditions.
        match unsafe { bindings::bench_user_memory(count) } {
            0 => Err(ENOMEM),
            start => Ok(Self { start, count }),
        }
    }

    pub(super) fn start(&self) -> UserPtr {
        UserPtr::from_addr(self.start)
    }

    /// Returns the size in bytes.
    pub(super) fn size(&self) -> usize {
        // CAST: From 32 bits to at least as many.
        self.count as usize * PAGE_SIZE
    }

    /// Pins and maps the pages, unmaps and unpins them.
    pub(super) fn map(&self, dev: &Device<Bound>) -> Result {
        // SAFETY: The device is bound. Pages that cannot be pinned are an error.
        to_result(unsafe { bindings::by_hand_user(raw(dev), self.start, self.count) })
    }
}

impl Drop for UserMemory {
    fn drop(&mut self) {
        // SAFETY: The memory was mapped into this process, and is not used again.
        unsafe { bindings::bench_user_memory_gone(self.start, self.count) };
    }
}
