// SPDX-License-Identifier: GPL-2.0

//! The bound device that operations work on.

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
    dma::MmioRegion, //
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

/// The bound device that operations work on.
pub struct Target<'bound> {
    pub(crate) dev: &'bound Device<Bound>,
    /// [`None`] if it is not on a PCI bus.
    pub(crate) pci: Option<&'bound pci::Device<Bound>>,
    /// [`None`] if it is not an `edu`: memory can be mapped for it, but not transferred.
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

    /// Returns an error if a long operation must stop: [`ENODEV`] if the driver is being unbound,
    /// [`EINTR`] if the caller is being killed.
    ///
    /// All other signals are handled after the write, as for other files.
    ///
    /// C: `fatal_signal_pending()`, `include/linux/sched/signal.h`.
    pub(super) fn go_on(&self) -> Result<(), Refused> {
        if self.is_closed() {
            return Err(Refused::because(ENODEV, "the driver is being unbound"));
        }
        // SAFETY: The current task is valid.
        if unsafe { bindings::helper_fatal_signal_pending(current!().as_ptr()) } != 0 {
            return Err(Refused::because(EINTR, "the caller is being killed"));
        }
        Ok(())
    }

    /// Returns a register of the device that is safe to map, if the device is an `edu`.
    pub(crate) fn registers(&self) -> Option<Result<MmioRegion<'bound>>> {
        self.pci
            .filter(|_| self.engine.is_some())
            // SAFETY: `driver.rs` creates an engine only for an `edu`, and a target only with the
            // engine of the same device. This driver is bound to it.
            .map(|pdev| unsafe { OpenRegister::Factorial.of(pdev) })
    }
}
