// SPDX-License-Identifier: GPL-2.0

//! A bound device, as operations see it.

use super::{
    account::Account,
    edu::{
        Edu,
        OpenRegister, //
    },
    request::Refused,
    stats::Stats, //
};
use crate::{
    bindings,
    dma::resource::MmioRegion, //
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    pci,
    prelude::*,
    sync::{
        atomic::{
            Acquire,
            Atomic,
            Release, //
        },
        Arc, //
    }, //
};

/// Who the operations are for.
pub(crate) struct Target<'bound> {
    pub(crate) dev: &'bound Device<Bound>,
    /// None if it is not on a PCI bus.
    pub(crate) pci: Option<&'bound pci::Device<Bound>>,
    /// None if it is not an `edu`: it can be mapped for, and moves nothing.
    pub(crate) engine: Option<Arc<Edu<'bound>>>,
    pub(crate) stats: Arc<Stats>,
    pub(super) account: Arc<Account>,
    closed: Atomic<bool>,
}

impl<'bound> Target<'bound> {
    /// What there is to do for a device, before anything was done.
    pub(crate) fn new(
        dev: &'bound Device<Bound>,
        pci: Option<&'bound pci::Device<Bound>>,
        engine: Option<Arc<Edu<'bound>>>,
    ) -> Result<Self> {
        Ok(Self {
            dev,
            pci,
            engine,
            stats: Stats::new()?,
            account: Account::new()?,
            closed: Atomic::new(false),
        })
    }

    /// Wakes all who wait for a transfer, and lets nobody wait or begin again.
    pub(super) fn close(&self) {
        self.closed.store(true, Release);
        if let Some(edu) = &self.engine {
            edu.close();
        }
    }

    /// Whether the driver is being unbound.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Acquire)
    }

    /// Whether a long operation may go on with its next part: [`ENODEV`] if the driver is being
    /// unbound, and [`EINTR`] if the caller is being killed.
    ///
    /// As for other files that are written to, any other signal waits for the end of the write.
    ///
    /// C: `fatal_signal_pending()`, `include/linux/sched/signal.h`.
    pub(super) fn go_on(&self) -> Result<(), Refused> {
        if self.is_closed() {
            return Err(Refused::because(ENODEV, "the driver is being unbound"));
        }
        // SAFETY: The task is the one that is running.
        if unsafe { bindings::helper_fatal_signal_pending(current!().as_ptr()) } != 0 {
            return Err(Refused::because(EINTR, "who asked for it is being killed"));
        }
        Ok(())
    }

    /// Returns registers of the device that are no danger, if it has any that are known.
    pub(crate) fn registers(&self) -> Option<Result<MmioRegion<'bound>>> {
        self.pci
            .filter(|_| self.engine.is_some())
            // SAFETY: `driver.rs` makes an engine of an `edu` alone, and of the device that the
            // target is; this driver is bound to it.
            .map(|pdev| unsafe { OpenRegister::Factorial.of(pdev) })
    }
}
