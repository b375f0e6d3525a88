// SPDX-License-Identifier: GPL-2.0

//! Hardware queues whose requests are commands in flight.

use super::{
    mapping::RequestMapping,
    operations::Refused,
    request::{
        Request,
        Status, //
    },
};
use crate::dma::{
    CommandId,
    Completer,
    Engine,
    Submitter, //
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    new_spinlock,
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        barrier::{
            smp_mb,
            Full, //
        },
        SpinLock, //
    },
};

type Sender<'bound, E> = Submitter<E, RequestMapping<'bound>, ()>;
type Receiver<'bound, E> = Completer<E, RequestMapping<'bound>, ()>;

/// A hardware queue: both ends of [`in_flight()`](crate::dma::in_flight()), each with a lock.
///
/// The tag of a request is that of its command. There are no ends until [`HardwareQueue::start`]
/// and after [`HardwareQueue::stop`]: requests are refused then.
#[pin_data]
pub struct HardwareQueue<'bound, E: Engine> {
    /// Or the status with which requests are refused.
    #[pin]
    submitter: SpinLock<Result<Sender<'bound, E>, Status>>,
    #[pin]
    completer: SpinLock<Option<Receiver<'bound, E>>>,
    /// Whether [`HardwareQueue::reap`] found the completer in use.
    missed: Atomic<bool>,
}

impl<'bound, E: Engine> HardwareQueue<'bound, E> {
    /// Creates a queue that refuses requests with [`Status::RESOURCE`].
    pub fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            submitter <- new_spinlock!(Err(Status::RESOURCE)),
            completer <- new_spinlock!(None),
            missed: Atomic::new(false),
        })
    }

    /// Begins to take requests. Does not sleep.
    ///
    /// The ends of an earlier start are dropped, see [`Submitter`].
    pub fn start(&self, submitter: Sender<'bound, E>, completer: Receiver<'bound, E>) {
        let earlier = self.completer.lock().replace(completer);
        let earlier = (
            earlier,
            core::mem::replace(&mut *self.submitter.lock(), Ok(submitter)),
        );
        drop(earlier);
    }

    /// Maps the data of a request, and submits it as `command`. Does not sleep.
    ///
    /// The device is notified if it is the `last` of several.
    ///
    /// # Errors
    ///
    /// Those of [`RequestMapping::map`]; [`Status::RESOURCE`] if the engine lacks memory;
    /// [`Status::IOERR`] if it refuses the command for another reason; the status of
    /// [`HardwareQueue::stop`].
    #[inline]
    pub fn submit(
        &self,
        dev: &'bound Device<Bound>,
        request: Request,
        command: E::Command,
        last: bool,
    ) -> Result<(), Refused> {
        let mapping = RequestMapping::map(dev, request)?;
        let refuse = |status, mapping: RequestMapping<'bound>| {
            let request = mapping.unmap();
            Err(Refused { status, request })
        };
        let mut submitter = self.submitter.lock();
        let submitter = match &mut *submitter {
            Ok(submitter) => submitter,
            Err(status) => return refuse(*status, mapping),
        };

        let tag = mapping.request().tag();
        let pushed = submitter.push(tag, mapping, (), command);
        // Also what was pushed before.
        if last || pushed.is_err() {
            submitter.commit();
        }
        pushed.or_else(|refused| match refused.error {
            ENOMEM => refuse(Status::RESOURCE, refused.value.0),
            _ => refuse(Status::IOERR, refused.value.0),
        })
    }

    /// Notifies the device of what was submitted. Does not sleep.
    #[inline]
    pub fn commit(&self) {
        if let Ok(submitter) = &mut *self.submitter.lock() {
            submitter.commit();
        }
    }

    /// Returns the identifier of the command with a tag, if it is in flight. Does not sleep.
    pub fn in_flight(&self, tag: u16) -> Option<CommandId> {
        self.submitter.lock().as_ref().ok()?.command_id(tag)
    }

    /// Passes the requests whose commands have completed to `each`, and returns whether there was a
    /// completion. Does not sleep.
    ///
    /// For the interrupt handler: does nothing if the completer is in use. Completions of no
    /// command in flight are logged once.
    #[inline]
    pub fn reap(&self, mut each: impl FnMut(Request, E::Status)) -> bool {
        let completer = self.completer.try_lock().or_else(|| {
            self.missed.store(true, Relaxed);
            // Pairs with that of `poll()`: the lock is free here, or the flag is seen there.
            smp_mb(Full);
            self.completer.try_lock()
        });
        let Some(mut completer) = completer else {
            return false;
        };
        let Some(completer) = &mut *completer else {
            return false;
        };
        let mut any = false;

        while let Some(completed) = completer.reap() {
            any = true;
            match completed {
                Ok(completed) => each(completed.memory.unmap(), completed.status),
                Err(bad) => kernel::do_once_lite! {
                    dev_warn!(
                        completer.engine().device(),
                        "completion of command {:#x}, which is not in flight: {:?}\n",
                        bad.id,
                        bad.reason
                    )
                },
            }
        }
        any
    }

    /// Does the same outside of the interrupt handler, as an interrupt may have been lost. Does not
    /// sleep.
    pub fn poll(&self, mut each: impl FnMut(Request, E::Status)) {
        loop {
            self.missed.store(false, Relaxed);
            self.reap(&mut each);
            // Pairs with that of `reap()`, after the lock was released.
            smp_mb(Full);
            if !self.missed.load(Relaxed) {
                return;
            }
        }
    }

    /// Stops the device, and passes the requests that were in flight to `each`. May sleep.
    ///
    /// Requests are refused with `status` until [`HardwareQueue::start`].
    ///
    /// # Errors
    ///
    /// That of [`Engine::stop`]. What was in flight is leaked.
    pub fn stop(&self, status: Status, mut each: impl FnMut(Request)) -> Result {
        let submitter = core::mem::replace(&mut *self.submitter.lock(), Err(status));
        let completer = self.completer.lock().take();

        match (submitter, completer) {
            (Ok(mut submitter), Some(mut completer)) => {
                submitter.stop(&mut completer, |mapping, ()| each(mapping.unmap()))
            }
            _ => Ok(()),
        }
    }
}
