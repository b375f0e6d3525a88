// SPDX-License-Identifier: GPL-2.0

//! A device that the kernel does not trust.
//!
//! dma-iommu gives such a device no page that has anything else in it: what is no whole page is bounced. The
//! kernel marks a device on x86 only, behind a port that leads out of the machine
//! (`arch_pci_dev_is_removable()`); neither a device tree nor ACPI can do it on arm64, so the driver does it
//! here, to its own device. That comes after the device was given its domain: in an identity domain, where
//! the kernel would not have left it, the mark changes nothing.

use crate::bindings as helpers;
use kernel::{
    bindings,
    device::{
        Bound,
        Core, //
    },
    pci, //
};

/// A device that is marked as untrusted until this is dropped.
///
/// # Invariants
///
/// The mark of `pdev` may be changed by whoever has the value, once.
pub struct Untrusted<'bound> {
    pdev: &'bound pci::Device<Bound>,
    before: bool,
}

impl<'bound> Untrusted<'bound> {
    /// Marks the device.
    ///
    /// # Safety
    ///
    /// Nothing was mapped for the device yet. The value is dropped when its driver is unbound, or was not
    /// bound after all, after all that is mapped.
    pub unsafe fn mark(pdev: &'bound pci::Device<Core<'_>>) -> Self {
        // SAFETY: The device is valid. It is locked in a callback of its driver, under which the driver and
        // the PCI core change most bits beside this one. C writes the others without that lock, as this does:
        // `broken_parity_status` and `rom_attr_enabled` for root in sysfs, `ats_enabled` and `pri_enabled` by
        // IOMMU drivers when a domain is attached.
        let before = unsafe {
            let before = helpers::helper_pci_dev_is_untrusted(raw(pdev));
            helpers::helper_pci_dev_set_untrusted(raw(pdev), true);
            before
        };

        // INVARIANT: By the caller's promise the value is dropped under the same lock.
        Self { pdev, before }
    }
}

impl Drop for Untrusted<'_> {
    fn drop(&mut self) {
        // SAFETY: The device is valid. The mark may be changed, by the invariant.
        unsafe { helpers::helper_pci_dev_set_untrusted(raw(self.pdev), self.before) };
    }
}

/// The `struct pci_dev` behind `pdev`.
fn raw(pdev: &pci::Device<Bound>) -> *mut bindings::pci_dev {
    // `pci::Device` is `repr(transparent)` over `Opaque<bindings::pci_dev>`.
    core::ptr::from_ref(pdev).cast_mut().cast()
}
