// SPDX-License-Identifier: GPL-2.0

//! Checks of the library on a device, with a KTAP report in the kernel log.
//!
//! A check passes on evidence from outside the code under test: data that went through the device
//! and back, the IOMMU's page table, or a fault that the SMMU reported.

mod block;
mod buffer_pool;
mod coherent;
mod concurrency;
mod cpu_owned;
mod device_buffer;
mod direction_test;
mod evidence;
mod exposure;
mod forget;
mod in_flight;
mod iommu_check;
mod iova;
mod isolation;
mod kmsg;
mod ktap;
mod limits;
mod numbers;
mod other_device;
mod pages;
mod pattern;
mod place;
mod pool;
mod prelude;
mod resource;
mod sg;
mod stray;
mod streaming;
mod sync;
mod trace_marks;
mod transfer;
mod user;

use crate::{
    bindings as helpers,
    dma::limits as dma_limits,
    testdev::edu::Edu, //
};
use evidence::Stop;
use iommu_check::IommuCheck;
use kernel::{
    device::{
        Bound,
        Core,
        Device, //
    },
    dma::{
        Device as _,
        DmaMask, //
    },
    pci,
    prelude::*, //
};
use ktap::{
    Report,
    Suite, //
};
use trace_marks::TraceMarks;

/// The device under test, and the means to observe it.
struct Context<'a> {
    dev: &'a Device<Bound>,
    pdev: &'a pci::Device<Bound>,
    /// The DMA engine, if the driver supports it.
    edu: Option<&'a Edu<'a>>,
    /// See [`Selection`].
    edu_of: EduOf,
    iommu: IommuCheck<'a>,
    set_max_seg_size: &'a dyn Fn(u32),
    set_masks: &'a dyn Fn(DmaMask) -> Result,
    /// See [`Selection`].
    default_masks: [u64; 2],
    dma_bits: u8,
    untrusted: bool,
}

impl<'a> Context<'a> {
    /// Returns the DMA engine, or skips the check.
    fn edu(&self) -> Result<&'a Edu<'a>, Stop> {
        self.edu.ok_or(Stop::Skip(
            "the device has no DMA engine that this driver knows",
        ))
    }

    /// Returns `witness`, the evidence of a transfer, if the device has an engine.
    fn moved(&self, witness: &'static str) -> &'static str {
        match self.edu {
            Some(_) => witness,
            None => "memory unchanged, as nothing was moved",
        }
    }

    /// Calls `f` with the maximum segment size raised to at least `size` bytes.
    fn with_segments_of<R>(&self, size: usize, f: impl FnOnce() -> R) -> R {
        // CAST: From 32 bits to at least as many.
        self.with_max_seg_size(size.max(dma_limits::max_seg_size(self.dev) as usize), f)
    }

    /// Calls `f` with the maximum segment size set to `size` bytes.
    fn with_max_seg_size<R>(&self, size: usize, f: impl FnOnce() -> R) -> R {
        let before = dma_limits::max_seg_size(self.dev);

        // CAST: Sizes here are far below 4 GiB.
        (self.set_max_seg_size)(size as u32);
        let result = f();
        (self.set_max_seg_size)(before);
        result
    }

    /// Calls `f` with DMA masks of 48 bits. The engine keeps to the mask that it was created with.
    fn with_large_masks<R>(&self, f: impl FnOnce() -> Result<R, Stop>) -> Result<R, Stop> {
        let before = u64::BITS - dma_limits::mask(self.dev).leading_zeros();

        (self.set_masks)(DmaMask::new::<48>())?;
        let result = f();
        (self.set_masks)(DmaMask::try_new(before)?)?;
        result
    }
}

/// The checks of one subject.
struct Subject {
    name: &'static CStr,
    /// The number of results that `run` reports.
    plan: usize,
    run: fn(&Context<'_>, &mut Suite<'_>),
}

const fn subject(
    name: &'static CStr,
    plan: usize,
    run: fn(&Context<'_>, &mut Suite<'_>),
) -> Subject {
    Subject { name, plan, run }
}

const SUBJECTS: &[Subject] = &[
    subject(c"coherent", coherent::PLAN, coherent::run),
    subject(c"streaming", streaming::PLAN, streaming::run),
    subject(c"sg", sg::PLAN, sg::run),
    subject(c"pages", pages::PLAN, pages::run),
    subject(c"iova", iova::PLAN, iova::run),
    subject(c"user", user::PLAN, user::run),
    subject(c"resource", resource::PLAN, resource::run),
    subject(OTHER_DEVICE, other_device::PLAN, other_device::run),
    subject(c"sync", sync::PLAN, sync::run),
    subject(c"cpu_owned", cpu_owned::PLAN, cpu_owned::run),
    subject(c"transfer", transfer::PLAN, transfer::run),
    subject(c"in_flight", in_flight::PLAN, in_flight::run),
    subject(c"block", block::PLAN, block::run),
    subject(c"pool", pool::PLAN, pool::run),
    subject(c"buffer_pool", buffer_pool::PLAN, buffer_pool::run),
    subject(c"limits", limits::PLAN, limits::run),
    subject(c"isolation", isolation::PLAN, isolation::run),
    subject(c"exposure", exposure::PLAN, exposure::run),
    subject(c"numbers", numbers::PLAN, numbers::run),
    subject(c"concurrency", concurrency::PLAN, concurrency::run),
    subject(FORGET, forget::PLAN, forget::run),
];

const OTHER_DEVICE: &CStr = c"other_device";
const FORGET: &CStr = c"forget";

/// Returns the DMA engine of another device, which must be bound to this driver and locked.
pub type EduOf = for<'a> unsafe fn(&'a pci::Device<Core<'_>>) -> Option<&'a Edu<'a>>;

/// Selects the checks to run.
pub struct Selection {
    /// Whether to run all checks but those of `forget`.
    pub checks: bool,
    /// Whether to run the checks that leak memory and mappings on purpose.
    pub forget: bool,
    /// The subjects to run, a bit for each in the order of [`SUBJECTS`]; 0 for all.
    pub subjects: u64,
    /// Whether to print the trace marks.
    pub claims: bool,
    /// The DMA masks before the driver set them: streaming, then coherent.
    pub default_masks: [u64; 2],
    /// The number of address bits of the device.
    pub dma_bits: u8,
    /// Whether the device is marked as untrusted.
    pub untrusted: bool,
    /// Returns the DMA engine of another device.
    pub edu_of: EduOf,
}

/// Returns whether other devices are in the IOMMU group of `dev`, and use its addresses.
fn shares_group(dev: &Device<Bound>) -> bool {
    let dev = core::ptr::from_ref(dev).cast_mut().cast();

    // SAFETY: `device::Device` is `repr(transparent)` over `struct device`, and this one is valid.
    unsafe { helpers::helper_iommu_group_devices(dev) > 1 }
}

/// Runs checks on a device and prints their results as KTAP. Sleeps.
pub fn run<'a>(pdev: &'a pci::Device<Core<'_>>, edu: Option<&'a Edu<'a>>, selection: Selection) {
    let dev = pdev.as_ref();
    // Asked once: a plan does not change.
    let other_device = selection.checks && other_device::exists(dev);
    let chosen = SUBJECTS
        .iter()
        .enumerate()
        .filter(|(number, _)| selection.subjects == 0 || selection.subjects >> number & 1 != 0);
    let subjects = chosen.map(|(_, subject)| subject).filter(|subject| {
        if subject.name == FORGET {
            selection.forget
        } else if subject.name == OTHER_DEVICE {
            other_device
        } else {
            selection.checks
        }
    });
    let plan = subjects.clone().count();
    if plan == 0 {
        if selection.checks {
            dev_warn!(
                dev,
                "no checks: none of those selected is for this device\n"
            );
        }
        return;
    }
    if shares_group(dev) {
        dev_warn!(
            dev,
            "no checks: other devices share the IOMMU group and its addresses\n"
        );
        return;
    }

    let ctx = Context {
        dev,
        pdev,
        edu,
        edu_of: selection.edu_of,
        iommu: IommuCheck::of(dev, TraceMarks::new(dev, edu, selection.claims)),
        set_max_seg_size: &|size| {
            // SAFETY: The device is being probed. Only the checks map and allocate for it, one at a
            // time, and not during this call.
            unsafe { pdev.dma_set_max_seg_size(size) }
        },
        set_masks: &|mask| {
            // SAFETY: As above. The engine refuses addresses beyond the mask that was set before.
            unsafe { pdev.dma_set_mask_and_coherent(mask) }
        },
        default_masks: selection.default_masks,
        dma_bits: selection.dma_bits,
        untrusted: selection.untrusted,
    };

    let mut report = Report::begin(dev, plan);
    for subject in subjects {
        report.suite(subject.name, subject.plan, |suite| {
            (subject.run)(&ctx, suite)
        });
    }
    report.end();
}
