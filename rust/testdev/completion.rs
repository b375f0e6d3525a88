// SPDX-License-Identifier: GPL-2.0

//! A completion with a time limit.

use kernel::{
    bindings,
    prelude::*,
    time::{
        msecs_to_jiffies,
        Delta,
        Instant,
        Jiffies,
        Monotonic,
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

    /// Waits until `condition` holds: checks it at once, at each completion, and after the timeout;
    /// returns its last result. Sleeps.
    ///
    /// C: `wait_event_timeout()`, `include/linux/wait.h`.
    pub(super) fn wait_until(&self, timeout: Msecs, mut condition: impl FnMut() -> bool) -> bool {
        let start = Instant::<Monotonic>::now();
        let timeout = Delta::from_millis(timeout.into());

        while !condition() {
            // The deadline is the same for all completions.
            let left = timeout - start.elapsed();

            // CAST: At most `timeout`, which was a `Msecs`.
            if left.is_negative() || !self.wait(msecs_to_jiffies(left.as_millis_ceil() as Msecs)) {
                return condition();
            }
        }
        true
    }

    /// Waits at most `timeout` jiffies; returns whether it was completed. Sleeps.
    ///
    /// C: `wait_for_completion_timeout()`, `kernel/sched/completion.c`.
    fn wait(&self, timeout: Jiffies) -> bool {
        // SAFETY: `inner` is initialized.
        unsafe { bindings::wait_for_completion_timeout(self.inner.get(), timeout) != 0 }
    }
}

#[kunit_tests(safe_dma_completion)]
mod tests {
    use super::*;

    const TIMEOUT: Msecs = 20;
    /// Longer than the timeout plus any plausible delay of its timer.
    const LONG: Delta = Delta::from_secs(5);

    #[test]
    fn what_holds_is_not_waited_for() -> Result {
        let completion = KBox::pin_init(Completion::new(), GFP_KERNEL)?;

        assert!(completion.wait_until(0, || true));
        Ok(())
    }

    #[test]
    fn the_time_is_up() -> Result {
        let completion = KBox::pin_init(Completion::new(), GFP_KERNEL)?;
        let start = Instant::<Monotonic>::now();
        let mut looks = 0;

        assert!(!completion.wait_until(TIMEOUT, || {
            looks += 1;
            false
        }));
        assert!(looks == 2);
        assert!(start.elapsed().as_millis() >= TIMEOUT.into());
        // The check after the timeout decides.
        looks = 0;
        assert!(completion.wait_until(TIMEOUT, || {
            looks += 1;
            looks == 2
        }));
        Ok(())
    }

    /// Completes at each check, like an interrupt storm.
    #[test]
    fn the_time_is_up_in_a_storm() -> Result {
        let completion = KBox::pin_init(Completion::new(), GFP_KERNEL)?;
        let start = Instant::<Monotonic>::now();
        let is_late = || start.elapsed().as_nanos() > LONG.as_nanos();

        assert!(!completion.wait_until(TIMEOUT, || {
            completion.complete();
            is_late()
        }));
        assert!(start.elapsed().as_millis() >= TIMEOUT.into());
        Ok(())
    }
}
