// SPDX-License-Identifier: GPL-2.0

//! A completion with a time limit.

use kernel::{
    bindings,
    prelude::*,
    time::{
        msecs_to_jiffies,
        Delta,
        Msecs, //
    },
    types::Opaque, //
};

/// A [`kernel::sync::Completion`] with a timeout.
///
/// C: `struct completion`, `include/linux/completion.h`.
#[pin_data]
pub(super) struct Completion {
    #[pin]
    inner: Opaque<bindings::completion>,
}

// SAFETY: A `struct completion` is not tied to a thread.
unsafe impl Send for Completion {}

// SAFETY: The functions of a `struct completion` take its lock.
unsafe impl Sync for Completion {}

impl Completion {
    /// Creates an initializer for a completion that is not yet complete.
    pub(super) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            inner <- Opaque::ffi_init(|slot| {
                // SAFETY: `slot` is memory for a `struct completion`, which is pinned.
                unsafe { bindings::init_completion(slot) }
            }),
        })
    }

    /// Wakes one waiter, now or when it arrives. May be called from an interrupt.
    pub(super) fn complete(&self) {
        // SAFETY: `inner` is initialized.
        unsafe { bindings::complete(self.inner.get()) };
    }

    /// Waits until it is completed, for `timeout` at most. Sleeps.
    ///
    /// C: `wait_for_completion_timeout()`, `kernel/sched/completion.c`.
    pub(super) fn wait(&self, timeout: Delta) {
        // CAST: Between 0 and the largest timeout.
        let timeout = timeout.as_millis_ceil().clamp(0, Msecs::MAX.into()) as Msecs;

        // SAFETY: `inner` is initialized.
        unsafe {
            bindings::wait_for_completion_timeout(self.inner.get(), msecs_to_jiffies(timeout))
        };
    }
}

#[kunit_tests(safe_dma_completion)]
mod tests {
    use super::*;
    use kernel::time::{
        Instant,
        Monotonic, //
    };

    const TIMEOUT: Delta = Delta::from_millis(20);
    /// Longer than any plausible delay of the timer.
    const LONG: Delta = Delta::from_secs(600);

    #[test]
    fn the_time_is_up() -> Result {
        let completion = KBox::pin_init(Completion::new(), GFP_KERNEL)?;
        let start = Instant::<Monotonic>::now();

        completion.wait(TIMEOUT);
        assert!(start.elapsed().as_nanos() >= TIMEOUT.as_nanos());
        completion.wait(Delta::ZERO - LONG);
        Ok(())
    }

    #[test]
    fn completed_before() -> Result {
        let completion = KBox::pin_init(Completion::new(), GFP_KERNEL)?;
        let start = Instant::<Monotonic>::now();

        completion.complete();
        completion.wait(LONG);
        assert!(start.elapsed().as_nanos() < LONG.as_nanos());
        Ok(())
    }
}
