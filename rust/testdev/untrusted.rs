// SPDX-License-Identifier: GPL-2.0

//! Devices that are untrusted, as `untrusted.ko` marks them.

use crate::bindings as helpers;
use kernel::{
    device::Bound,
    pci, //
};

/// Returns whether the device is marked as untrusted.
pub fn is_untrusted(pdev: &pci::Device<Bound>) -> bool {
    // `pci::Device` is `repr(transparent)` over `Opaque<bindings::pci_dev>`.
    let raw = core::ptr::from_ref(pdev).cast_mut().cast();

    // SAFETY: The device is valid. `untrusted.ko` changes the mark only without a driver or when it
    // is unloaded, and then a stale value is as good.
    unsafe { helpers::helper_pci_dev_is_untrusted(raw) }
}
