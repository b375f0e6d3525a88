// SPDX-License-Identifier: GPL-2.0

//! The checks that run on the device, and their report in the kernel's log.
//!
//! A check passes when something other than the code under test says so: the bytes came back through
//! the device, the IOMMU's page table has the address, the SMMU reported the fault.

mod bounce;
mod buffer_pool;
mod claims;
mod coherent;
mod concurrency;
mod evidence;
mod forget;
mod iova;
mod isolation;
mod kmsg;
mod ktap;
mod limits;
mod moves;
mod numbers;
mod pages;
mod pattern;
mod peer;
mod pool;
mod resource;
mod scoped;
mod scratch;
mod sg;
mod streaming;
mod sync;
mod transfer;
mod turn;
mod witness;

use crate::{
    bindings as helpers,
    dma::limits as dma_limits,
    testdev::edu::Edu, //
};
use claims::Claims;
use evidence::Stop;
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
use witness::Witness;

/// What every check needs.
struct Context<'a> {
    dev: &'a Device<Bound>,
    pdev: &'a pci::Device<Bound>,
    /// The device's engine, if the driver knows one.
    edu: Option<&'a Edu<'a>>,
    witness: Witness<'a>,
    set_max_seg_size: &'a dyn Fn(u32),
    set_masks: &'a dyn Fn(DmaMask) -> Result,
    /// See [`Selection::default_masks`].
    default_masks: [u64; 2],
}

impl<'a> Context<'a> {
    /// The device's engine; a check that is about nothing else is skipped if there is none.
    fn edu(&self) -> Result<&'a Edu<'a>, Stop> {
        self.edu.ok_or(Stop::Skip(
            "the device has no DMA engine that this driver knows",
        ))
    }

    /// What says that data was moved, `witness`, if it was.
    fn moved(&self, witness: &'static str) -> &'static str {
        match self.edu {
            Some(_) => witness,
            None => "memory unchanged, as nothing was moved",
        }
    }

    /// Calls `f` while the device takes segments of at least `size` bytes.
    fn with_segments_of<R>(&self, size: usize, f: impl FnOnce() -> R) -> R {
        // CAST: From 32 bits to at least as many.
        self.with_max_seg_size(size.max(dma_limits::max_seg_size(self.dev) as usize), f)
    }

    /// Calls `f` while the device takes segments of `size` bytes, and no more.
    fn with_max_seg_size<R>(&self, size: usize, f: impl FnOnce() -> R) -> R {
        let before = dma_limits::max_seg_size(self.dev);

        // CAST: Sizes here are far below 4 GiB.
        (self.set_max_seg_size)(size as u32);
        let result = f();
        (self.set_max_seg_size)(before);
        result
    }

    /// Calls `f` while the device's masks have 48 bits, whatever it can drive: it is told of no
    /// address meanwhile.
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
    /// How many results `run` reports.
    plan: usize,
    run: fn(&Context<'_>, &mut Suite<'_>),
}

const SUBJECTS: &[Subject] = &[
    Subject {
        name: c"coherent",
        plan: coherent::PLAN,
        run: coherent::run,
    },
    Subject {
        name: c"streaming",
        plan: streaming::PLAN,
        run: streaming::run,
    },
    Subject {
        name: c"sg",
        plan: sg::PLAN,
        run: sg::run,
    },
    Subject {
        name: c"pages",
        plan: pages::PLAN,
        run: pages::run,
    },
    Subject {
        name: c"iova",
        plan: iova::PLAN,
        run: iova::run,
    },
    Subject {
        name: c"resource",
        plan: resource::PLAN,
        run: resource::run,
    },
    Subject {
        name: c"sync",
        plan: sync::PLAN,
        run: sync::run,
    },
    Subject {
        name: c"turn",
        plan: turn::PLAN,
        run: turn::run,
    },
    Subject {
        name: c"transfer",
        plan: transfer::PLAN,
        run: transfer::run,
    },
    Subject {
        name: c"pool",
        plan: pool::PLAN,
        run: pool::run,
    },
    Subject {
        name: c"buffer_pool",
        plan: buffer_pool::PLAN,
        run: buffer_pool::run,
    },
    Subject {
        name: c"scoped",
        plan: scoped::PLAN,
        run: scoped::run,
    },
    Subject {
        name: c"limits",
        plan: limits::PLAN,
        run: limits::run,
    },
    Subject {
        name: c"isolation",
        plan: isolation::PLAN,
        run: isolation::run,
    },
    Subject {
        name: c"numbers",
        plan: numbers::PLAN,
        run: numbers::run,
    },
    Subject {
        name: CONCURRENCY,
        plan: concurrency::PLAN,
        run: concurrency::run,
    },
    Subject {
        name: FORGET,
        plan: forget::PLAN,
        run: forget::run,
    },
];

/// The subject that can be had alone.
const CONCURRENCY: &CStr = c"concurrency";

/// The subject that leaks memory and mappings, on purpose.
const FORGET: &CStr = c"forget";

/// Which checks to run.
pub(crate) struct Selection {
    /// Those that leave nothing behind.
    pub(crate) checks: bool,
    /// Of those, that of several threads.
    pub(crate) concurrency: bool,
    /// Those that forget values of the library.
    pub(crate) forget: bool,
    /// Whether to print what they say of DMA addresses.
    pub(crate) claims: bool,
    /// The device's masks before the driver set them, that for streaming mappings first.
    pub(crate) default_masks: [u64; 2],
}

/// Runs checks on a device, which may have an engine, and prints KTAP. Sleeps.
pub(crate) fn run<'a>(
    pdev: &'a pci::Device<Core<'_>>,
    edu: Option<&'a Edu<'a>>,
    selection: Selection,
) {
    let dev = pdev.as_ref();
    let subjects = SUBJECTS.iter().filter(|subject| {
        if subject.name == FORGET {
            selection.forget
        } else if subject.name == CONCURRENCY {
            selection.checks || selection.concurrency
        } else {
            selection.checks
        }
    });
    let plan = subjects.clone().count();
    if plan == 0 {
        return;
    }
    let raw = core::ptr::from_ref::<Device<Core<'_>>>(dev)
        .cast_mut()
        .cast();
    // SAFETY: `device::Device` is `repr(transparent)` over `struct device`, and this one is valid.
    if unsafe { helpers::helper_iommu_group_devices(raw) } > 1 {
        dev_warn!(
            dev,
            "no checks: other devices are in the same IOMMU group, and have the same addresses\n"
        );
        return;
    }

    let ctx = Context {
        dev,
        pdev,
        edu,
        witness: Witness::of(dev, Claims::new(dev, edu, selection.claims)),
        set_max_seg_size: &|size| {
            // SAFETY: The device is being probed. Only the checks map and allocate for it, one after the
            // other, and none does so within this call.
            unsafe { pdev.dma_set_max_seg_size(size) }
        },
        set_masks: &|mask| {
            // SAFETY: As above.
            unsafe { pdev.dma_set_mask_and_coherent(mask) }
        },
        default_masks: selection.default_masks,
    };

    let mut report = Report::begin(dev, plan);
    for subject in subjects {
        report.suite(subject.name, subject.plan, |suite| {
            (subject.run)(&ctx, suite)
        });
    }
    report.end();
}
