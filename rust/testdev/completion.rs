// SPDX-License-Identifier: GPL-2.0

//! A completion with a time limit.

use kernel::{
    bindings,
    prelude::*,
    time::Jiffies,
    types::Opaque, //
};

/// What [`kernel::sync::Completion`] is, with a wait that ends.
///
/// C: `struct completion`, `include/linux/completion.h`.
#[pin_data]
pub(super) struct Completion {
    #[pin]
    inner: Opaque<bindings::completion>,
}

// SAFETY: A `struct completion` is not tied to a thread.
unsafe impl Send for Completion {}

// SAFETY: A `struct completion` has a lock of its own.
unsafe impl Sync for Completion {}

impl Completion {
    /// Creates an initializer for a completion that has not happened.
    pub(super) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            inner <- Opaque::ffi_init(|slot| {
                // SAFETY: `slot` is memory for a `struct completion`, which is pinned.
                unsafe { bindings::init_completion(slot) }
            }),
        })
    }

    /// Lets one waiter go on, now or when it comes. May be called from an interrupt.
    pub(super) fn complete(&self) {
        // SAFETY: `inner` is initialized.
        unsafe { bindings::complete(self.inner.get()) };
    }

    /// Waits for `timeout` jiffies at most; returns how many were left when it was completed. Sleeps.
    ///
    /// C: `wait_for_completion_timeout()`, `kernel/sched/completion.c`.
    pub(super) fn wait(&self, timeout: Jiffies) -> Option<Jiffies> {
        // SAFETY: `inner` is initialized.
        let left = unsafe { bindings::wait_for_completion_timeout(self.inner.get(), timeout) };

        (left != 0).then_some(left)
    }
}
