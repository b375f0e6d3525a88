// SPDX-License-Identifier: GPL-2.0

//! A bound device, as operations see it.

use super::{
    edu::Edu,
    stats::Stats, //
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    pci,
    sync::Arc, //
};

/// Who the operations are for.
pub(crate) struct Target<'bound> {
    pub(crate) dev: &'bound Device<Bound>,
    /// None if it is not on a PCI bus.
    pub(crate) pci: Option<&'bound pci::Device<Bound>>,
    /// None if it is not an `edu`: it can be mapped for, and moves nothing.
    pub(crate) engine: Option<Arc<Edu<'bound>>>,
    pub(crate) stats: Arc<Stats>,
}

impl<'bound> Target<'bound> {
    /// Whether the driver is being unbound.
    pub(crate) fn is_closed(&self) -> bool {
        self.engine.as_ref().is_some_and(|edu| edu.is_closed())
    }

    /// The device, if its registers are known.
    pub(crate) fn registers(&self) -> Option<&'bound pci::Device<Bound>> {
        self.pci.filter(|_| self.engine.is_some())
    }
}
