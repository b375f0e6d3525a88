// SPDX-License-Identifier: GPL-2.0

//! The bound device of the operations.

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

/// The device of the operations.
pub struct Target<'bound> {
    pub(crate) dev: &'bound Device<Bound>,
    /// None if it is not on a PCI bus.
    pub(crate) pci: Option<&'bound pci::Device<Bound>>,
    /// None if it is not an `edu`: memory can be mapped for it, but not transferred.
    pub(crate) engine: Option<Arc<Edu<'bound>>>,
    pub(crate) stats: Arc<Stats>,
    pub(super) account: Arc<Account>,
    closed: Atomic<bool>,
}

impl<'bound> Target<'bound> {
    /// Creates the target for a device.
    pub fn new(
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

    /// Ends all waits for transfers, and prevents new transfers and waits.
    pub(super) fn close(&self) {
        self.closed.store(true, Release);
        if let Some(edu) = &self.engine {
            edu.close();
        }
    }

    /// Returns whether the driver is being unbound.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Acquire)
    }

    /// Returns whether a long operation may continue: [`ENODEV`] if the driver is being unbound,
    /// and [`EINTR`] if the caller is being killed.
    ///
    /// As for writes to other files, any other signal waits for the end of the write.
    ///
    /// C: `fatal_signal_pending()`, `include/linux/sched/signal.h`.
    pub(super) fn go_on(&self) -> Result<(), Refused> {
        if self.is_closed() {
            return Err(Refused::because(ENODEV, "the driver is being unbound"));
        }
        // SAFETY: The task is the one that is running.
        if unsafe { bindings::helper_fatal_signal_pending(current!().as_ptr()) } != 0 {
            return Err(Refused::because(EINTR, "the caller is being killed"));
        }
        Ok(())
    }

    /// Returns registers of the device that are safe to map, if it is an `edu`.
    pub(crate) fn registers(&self) -> Option<Result<MmioRegion<'bound>>> {
        self.pci
            .filter(|_| self.engine.is_some())
            // SAFETY: `driver.rs` makes an engine of an `edu` alone, and of the device that the
            // target is; this driver is bound to it.
            .map(|pdev| unsafe { OpenRegister::Factorial.of(pdev) })
    }
}
