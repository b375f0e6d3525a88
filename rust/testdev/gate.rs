// SPDX-License-Identifier: GPL-2.0

//! The way to a bound device, for those who may come at any time: writers of files, and holders of open
//! ones.
//!
//! Who goes through the gate has the device for the time of a call, beside others who do. When the driver
//! is unbound the gate is closed: nobody gets in any more, who waits for a transfer is woken, and when all
//! have left, what they have mapped is undone.

use super::{
    names::{
        Owner,
        Table, //
    },
    operate,
    request::{
        Outcome,
        Refused,
        Request, //
    },
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

/// The names of open files, by their numbers.
type Openers<'bound> = KVec<(u64, Arc<Table<'bound>>)>;

/// What is behind the gate.
pub(crate) struct Live<'bound> {
    // Dropped in this order: all that is mapped, and then what it was mapped for.
    openers: Pin<KBox<Mutex<Openers<'bound>>>>,
    /// The names of those who write to `run`.
    pub(crate) run: Arc<Table<'bound>>,
    pub(crate) target: Target<'bound>,
}

impl<'bound> Live<'bound> {
    /// A device for which nothing is mapped.
    pub(crate) fn new(target: Target<'bound>) -> Result<Self> {
        Ok(Self {
            openers: KBox::pin_init(new_mutex!(KVec::new()), GFP_KERNEL)?,
            run: Arc::pin_init(Table::new(Owner::Run, target.account.clone()), GFP_KERNEL)?,
            target,
        })
    }

    /// Calls `f` with each table, in turn.
    pub(crate) fn for_each_table(&self, mut f: impl FnMut(&Table<'bound>) -> Result) -> Result {
        f(&self.run)?;
        for (_, table) in self.openers.lock().iter() {
            f(table)?;
        }
        Ok(())
    }

    fn opened(&self, number: u64) -> Option<Arc<Table<'bound>>> {
        let openers = self.openers.lock();

        openers
            .iter()
            .find(|(other, _)| *other == number)
            .map(|(_, table)| table.clone())
    }
}

struct State {
    /// None when the gate is closed.
    live: Option<Arc<Live<'static>>>,
    /// How many are inside.
    inside: usize,
    /// The number of the next file that is opened.
    next: u64,
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
                    next: 0,
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

    /// A table of names of one's own.
    pub(crate) fn open(gate: &Arc<Self>, owner: Owner) -> Result<Opener> {
        let number = {
            let mut state = gate.state.lock();

            state.next += 1;
            state.next
        };

        gate.enter(|live| {
            let table = Arc::pin_init(Table::new(owner, live.target.account.clone()), GFP_KERNEL)?;

            live.openers.lock().push((number, table), GFP_KERNEL)?;
            Ok::<_, Error>(())
        })??;
        Ok(Opener {
            gate: gate.clone(),
            number,
        })
    }
}

/// A gate that is closed when this is dropped, at the latest.
pub(super) struct Keeper(pub(super) Arc<Gate>);

impl Drop for Keeper {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// One who has names of his own, which are undone when this is dropped.
pub(crate) struct Opener {
    gate: Arc<Gate>,
    number: u64,
}

impl Opener {
    /// Does what is asked for. May sleep.
    pub(crate) fn run(&self, request: &Request) -> Result<Outcome, Refused> {
        self.gate
            .enter(|live| match live.opened(self.number) {
                Some(table) => operate::run(&live.target, &table, request),
                None => Err(GONE),
            })
            .unwrap_or(Err(GONE))
    }
}

const GONE: Refused = Refused::because(ENODEV, "the driver is not bound any more");

impl Drop for Opener {
    fn drop(&mut self) {
        // Closed, it has undone them.
        let _ = self.gate.enter(|live| {
            let table = {
                let mut openers = live.openers.lock();

                openers
                    .iter()
                    .position(|(number, _)| *number == self.number)
                    .and_then(|index| openers.remove(index).ok())
            };

            // Without the lock: a transfer may be in flight, and is aborted.
            super::quiet::shared(|| drop(table));
        });
    }
}
