// SPDX-License-Identifier: GPL-2.0

//! Revocable access to a bound device, for file operations, which may run at any time.
//!
//! Calls enter concurrently, and each may use the device until it leaves. Unbinding the driver
//! revokes the access: new calls fail, waits for a transfer end, and once all calls have left, all
//! mappings are removed.

use super::{
    pages::SharedPages,
    registry::Registry,
    target::Target, //
};
use kernel::{
    new_condvar,
    new_mutex,
    prelude::*,
    sync::{
        Arc,
        CondVar,
        Mutex, //
    }, //
};

/// The state of a bound device.
pub struct Live<'bound> {
    // Dropped in this order: the mappings before their device.
    pub(crate) registry: Pin<KBox<Registry<'bound>>>,
    pub(crate) pages: Pin<KBox<SharedPages<'bound>>>,
    pub(crate) target: Target<'bound>,
}

impl<'bound> Live<'bound> {
    /// Creates the state of a device without mappings. The pages for programs are physically
    /// contiguous if `contiguous` is set.
    pub fn new(target: Target<'bound>, contiguous: bool) -> Result<Self> {
        Ok(Self {
            registry: KBox::pin_init(Registry::new(target.account.clone()), GFP_KERNEL)?,
            pages: KBox::pin_init(SharedPages::new(target.dev, contiguous)?, GFP_KERNEL)?,
            target,
        })
    }
}

struct State {
    /// None once the access is revoked.
    live: Option<Arc<Live<'static>>>,
    /// The number of calls that have entered and not left.
    inside: usize,
}

/// Access to a device, until it is revoked.
///
/// # Invariants
///
/// `live` is valid while the driver is bound. No reference to it exists after that.
#[pin_data]
pub struct Revocable {
    #[pin]
    state: Mutex<State>,
    #[pin]
    left: CondVar,
}

impl Revocable {
    /// Creates access to a device.
    ///
    /// # Safety
    ///
    /// [`Revocable::close`] is called before the end of `'bound`.
    pub unsafe fn new<'bound>(live: Live<'bound>) -> Result<Arc<Self>> {
        let live = Arc::new(live, GFP_KERNEL)?;
        // SAFETY: Only the lifetime is changed. Only `enter()` hands out the value, to closures
        // that are generic over the lifetime, and not after `close()`, which the caller promises to
        // call before the end of `'bound`.
        let live = unsafe { core::mem::transmute::<Arc<Live<'bound>>, Arc<Live<'static>>>(live) };

        Arc::pin_init(
            pin_init!(Self {
                state <- new_mutex!(State {
                    live: Some(live),
                    inside: 0,
                }),
                left <- new_condvar!(),
            }),
            GFP_KERNEL,
        )
    }

    /// Calls `f` with the device; returns [`ENODEV`] once the access is revoked. Sleeps if `f`
    /// does.
    pub(crate) fn enter<R>(&self, f: impl for<'a> FnOnce(&Live<'a>) -> R) -> Result<R> {
        let live = {
            let mut state = self.state.lock();
            let live = state.live.clone().ok_or(ENODEV)?;

            state.inside += 1;
            live
        };
        let result = f(&live);

        drop(live);
        let mut state = self.state.lock();
        state.inside -= 1;
        if state.inside == 0 {
            self.left.notify_all();
        }
        Ok(result)
    }

    /// Revokes the access, waits until all calls have left, and removes all mappings. Sleeps.
    pub fn close(&self) {
        let mut state = self.state.lock();
        let Some(live) = state.live.take() else {
            return;
        };

        live.target.close();
        while state.inside > 0 {
            self.left.wait(&mut state);
        }
        drop(state);
        // The last reference: each call has dropped its own before it left.
        drop(live);
    }
}

/// Revokes the access on drop.
pub struct CloseOnDrop(pub Arc<Revocable>);

impl Drop for CloseOnDrop {
    fn drop(&mut self) {
        self.0.close();
    }
}
