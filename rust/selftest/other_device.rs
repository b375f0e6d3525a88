// SPDX-License-Identifier: GPL-2.0

//! Memory and registers of another device of the same driver.

mod memory;
mod register;

use super::{
    in_flight,
    iommu_check::IommuCheck,
    prelude::*,
    shares_group,
    trace_marks::TraceMarks, //
};
use crate::{
    bindings as helpers,
    testdev::quiesce::quiesce, //
};
use core::ptr::NonNull;
use kernel::{
    bindings,
    device::Core, //
};

/// The PCI IDs of `edu`.
const VENDOR: u32 = 0x1234;
const DEVICE: u32 = 0x11e8;

pub(super) const PLAN: usize = memory::PLAN + 2;

pub(super) fn run(ctx: &Context<'_>, suite: &mut Suite<'_>) {
    memory::run(ctx, suite);
    let result = with(ctx, |other| register::check(ctx, other));
    suite.result(fmt!("another device's register"), result);
    let result = with(ctx, |other| commands(ctx, other));
    suite.result(fmt!("commands in flight on both devices"), result);
}

/// Has commands in flight on both devices at once.
fn commands(ctx: &Context<'_>, other: &pci::Device<Core<'_>>) -> Result<&'static str, Stop> {
    // SAFETY: `find()` has locked the device, which is bound to the driver of this one.
    let edu = unsafe { (ctx.edu_of)(other) };
    let edu = edu.ok_or(Stop::Skip("the other device has no DMA engine"))?;
    let marks = TraceMarks::new(other.as_ref(), Some(edu), ctx.iommu.marks.is_enabled());
    let there = Context {
        dev: other.as_ref(),
        pdev: other,
        edu: Some(edu),
        iommu: IommuCheck::of(other.as_ref(), marks),
        ..*ctx
    };

    in_flight::on_both(ctx, &there)
}

/// A counted reference to a device.
struct Found(NonNull<bindings::pci_dev>);

impl Found {
    /// Returns the first device, or the one after `previous`.
    fn after(previous: Option<Self>) -> Option<Self> {
        let from = previous.map_or(core::ptr::null_mut(), |found| {
            // The C function drops the reference.
            let pdev = found.0.as_ptr();
            core::mem::forget(found);
            pdev
        });

        // SAFETY: `from` is null, or a device with a reference for the function to drop.
        NonNull::new(unsafe { bindings::pci_get_device(VENDOR, DEVICE, from) }).map(Self)
    }

    fn device(&self) -> *mut bindings::device {
        // SAFETY: The device is valid, because this value owns a reference to it.
        unsafe { &raw mut (*self.0.as_ptr()).dev }
    }
}

impl Drop for Found {
    fn drop(&mut self) {
        // SAFETY: This value owns the reference.
        unsafe { bindings::pci_dev_put(self.0.as_ptr()) };
    }
}

/// A locked device, which is neither bound nor unbound meanwhile.
struct Locked<'a>(&'a Found);

impl<'a> Locked<'a> {
    /// Locks the device if that is possible without waiting: the other device may be in its probe
    /// and try to lock this one.
    fn try_lock(found: &'a Found) -> Option<Self> {
        // SAFETY: The device is valid.
        unsafe { helpers::helper_device_trylock(found.device()) }.then_some(Self(found))
    }
}

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        // SAFETY: The device is valid, and was locked by this thread.
        unsafe { helpers::helper_device_unlock(self.0.device()) };
    }
}

/// Calls `f` with another device that is bound to the driver of `dev` and has an IOMMU group of its
/// own; returns `None` if there is none.
fn find<T>(dev: &Device<Bound>, f: impl FnOnce(&pci::Device<Core<'_>>) -> T) -> Option<T> {
    let own: *mut bindings::device = core::ptr::from_ref(dev).cast_mut().cast();
    let mut next = Found::after(None);

    while let Some(found) = next {
        if found.device() != own {
            if let Some(_locked) = Locked::try_lock(&found) {
                // SAFETY: Both devices are valid, and their drivers do not change: this device is
                // being probed, and the other is locked.
                if unsafe { (*found.device()).driver == (*own).driver } {
                    // SAFETY: `pci::Device` is `repr(transparent)` over `struct pci_dev`, and the
                    // device is valid. It is locked, as in a callback of its driver, so it stays
                    // bound as long as `_locked` lives.
                    let other: &pci::Device<Core<'_>> = unsafe { found.0.cast().as_ref() };

                    if !shares_group(other.as_ref()) {
                        return Some(f(other));
                    }
                }
            }
        }
        next = Found::after(Some(found));
    }
    None
}

/// Returns whether another device is bound to the driver of `dev`.
///
/// The first device that is probed has none.
pub(super) fn exists(dev: &Device<Bound>) -> bool {
    find(dev, |_| ()).is_some()
}

/// Calls `f` with another device that is bound to the same driver, whose operations neither map nor
/// unmap meanwhile.
fn with<T>(
    ctx: &Context<'_>,
    f: impl FnOnce(&pci::Device<Core<'_>>) -> Result<T, Stop>,
) -> Result<T, Stop> {
    find(ctx.dev, |other| quiesce(|| f(other))).unwrap_or(Err(Stop::Skip(
        "the other device is locked, or was unbound",
    )))
}
