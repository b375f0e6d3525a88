// SPDX-License-Identifier: GPL-2.0

//! The way to a bound device, for those who may come at any time: writers of files, and holders of open
//! ones.
//!
//! Who goes through the gate has the device for the time of a call, beside others who do. When the driver
//! is unbound the gate is closed: nobody gets in any more, who waits for a transfer is woken, and when all
//! have left, what they have mapped is undone.

use super::{
    names::Table,
    pages::SharedPages,
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

/// A device while it is bound.
pub(crate) struct Live<'bound> {
    // Dropped in this order: what is mapped goes before the target that it is mapped for.
    pub(crate) table: Pin<KBox<Table<'bound>>>,
    pub(crate) pages: Pin<KBox<SharedPages<'bound>>>,
    pub(crate) target: Target<'bound>,
}

impl<'bound> Live<'bound> {
    /// Creates the state of a device without mappings. The pages for programs are physically contiguous
    /// if `contiguous` is set.
    pub(crate) fn new(target: Target<'bound>, contiguous: bool) -> Result<Self> {
        Ok(Self {
            table: KBox::pin_init(Table::new(target.account.clone()), GFP_KERNEL)?,
            pages: KBox::pin_init(SharedPages::new(target.dev, contiguous)?, GFP_KERNEL)?,
            target,
        })
    }
}

struct State {
    /// None when the gate is closed.
    live: Option<Arc<Live<'static>>>,
    /// How many calls are inside.
    inside: usize,
}

/// The gate of a device.
///
/// # Invariants
///
/// What is in `live` lives for the time for which the driver is bound, and nobody has it when that ends.
#[pin_data]
pub(crate) struct Gate {
    #[pin]
    state: Mutex<State>,
    #[pin]
    left: CondVar,
}

impl Gate {
    /// Opens the way to a device.
    ///
    /// # Safety
    ///
    /// [`Gate::close`] is called before the end of `'bound`.
    pub(super) unsafe fn new<'bound>(live: Live<'bound>) -> Result<Arc<Self>> {
        let live = Arc::new(live, GFP_KERNEL)?;
        // SAFETY: Only the lifetime is changed. Nobody reaches the value but `enter()`, whose callers know
        // nothing of the lifetime, and nobody has it after `close()`, which comes before its end by the
        // caller's promise.
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

    /// Calls `f` with what is behind the gate; [`ENODEV`] if it is closed. May sleep if `f` does.
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

    /// Closes the gate, waits until all have left, and undoes all that is mapped. Sleeps.
    pub(super) fn close(&self) {
        let mut state = self.state.lock();
        let Some(live) = state.live.take() else {
            return;
        };

        live.target.close();
        while state.inside > 0 {
            self.left.wait(&mut state);
        }
        drop(state);
        // The last reference: each that was inside has dropped its own.
        drop(live);
    }
}

/// A gate that is closed when this is dropped, at the latest.
pub(super) struct Keeper(pub(super) Arc<Gate>);

impl Drop for Keeper {
    fn drop(&mut self) {
        self.0.close();
    }
}
