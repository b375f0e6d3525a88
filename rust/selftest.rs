// SPDX-License-Identifier: GPL-2.0

//! The checks that run on the device, and their report in the kernel's log.
//!
//! A check passes when something other than the code under test says so: the bytes came back through
//! the device, the IOMMU's page table has the address, the SMMU reported the fault.

mod coherent;
mod evidence;
mod isolation;
mod kmsg;
mod ktap;
mod limits;
mod pattern;
mod scratch;
mod streaming;
mod sync;
mod transfer;
mod witness;

use crate::testdev::edu::Edu;
use kernel::{
    device::{
        Bound,
        Device, //
    },
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
    edu: &'a Edu<'a>,
    witness: Witness<'a>,
}

/// The checks of one subject.
struct Subject {
    name: &'static CStr,
    /// How many results `run` reports.
    plan: usize,
    run: fn(&Context<'_>, &mut Suite<'_>),
}

const SUBJECTS: [Subject; 6] = [
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
        name: c"sync",
        plan: sync::PLAN,
        run: sync::run,
    },
    Subject {
        name: c"transfer",
        plan: transfer::PLAN,
        run: transfer::run,
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
];

/// Runs all checks on a device and prints KTAP. Sleeps.
pub(crate) fn run<'a>(dev: &'a Device<Bound>, edu: &'a Edu<'a>) {
    let ctx = Context {
        dev,
        edu,
        witness: Witness::of(dev),
    };

    let mut report = Report::begin(dev, SUBJECTS.len());
    for subject in SUBJECTS {
        report.suite(subject.name, subject.plan, |suite| {
            (subject.run)(&ctx, suite)
        });
    }
    report.end();
}
