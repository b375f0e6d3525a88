// SPDX-License-Identifier: GPL-2.0

//! Marks a device as untrusted.
//!
//! For an untrusted device dma-iommu maps only whole pages that hold nothing but the buffer, and
//! bounces partial pages. The kernel marks devices only on x86, behind an external-facing port
//! (`arch_pci_dev_is_removable()`). On arm64 neither the device tree nor ACPI can request the mark,
//! so this driver sets it on its own device. It does so after the kernel has chosen the device's
//! domain: in an identity domain, which an untrusted device would not get, the mark has no effect.

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
/// The value is dropped with the lock of `pdev` held, before its driver is unbound.
pub struct Untrusted<'bound> {
    pdev: &'bound pci::Device<Bound>,
    before: bool,
}

impl<'bound> Untrusted<'bound> {
    /// Marks the device.
    ///
    /// # Safety
    ///
    /// Nothing is mapped for the device yet. The value is dropped in a callback of the driver or
    /// when the driver core drops its data, after all mappings.
    pub unsafe fn mark(pdev: &'bound pci::Device<Core<'_>>) -> Self {
        // SAFETY: The device is valid. It is locked during a callback of its driver, and the driver
        // and the PCI core change most other bits of this bit field under that lock. C changes the
        // others without the lock, too: `broken_parity_status` and `rom_attr_enabled` for root in
        // sysfs, `ats_enabled` and `pri_enabled` when an IOMMU driver attaches a domain.
        let before = unsafe {
            let before = helpers::helper_pci_dev_is_untrusted(raw(pdev));
            helpers::helper_pci_dev_set_untrusted(raw(pdev), true);
            before
        };

        // INVARIANT: By the caller's promise, the value is dropped under the same lock.
        Self { pdev, before }
    }
}

impl Drop for Untrusted<'_> {
    fn drop(&mut self) {
        // SAFETY: The device is valid, and it is locked by the invariant.
        unsafe { helpers::helper_pci_dev_set_untrusted(raw(self.pdev), self.before) };
    }
}

/// Returns the `struct pci_dev` of `pdev`.
fn raw(pdev: &pci::Device<Bound>) -> *mut bindings::pci_dev {
    // `pci::Device` is `repr(transparent)` over `Opaque<bindings::pci_dev>`.
    core::ptr::from_ref(pdev).cast_mut().cast()
}
