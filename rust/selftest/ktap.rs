// SPDX-License-Identifier: GPL-2.0

//! KTAP output in the kernel log.
//!
//! Format: `Documentation/dev-tools/ktap.rst`. KUnit prints the same format, but its tests run
//! before a device is probed.

use super::evidence::Stop;
use kernel::{
    device::{
        Bound,
        Device, //
    },
    fmt,
    prelude::*, //
};

/// The number of results of each kind.
#[derive(Clone, Copy, Default)]
struct Counts {
    passed: usize,
    failed: usize,
    skipped: usize,
}

/// The report of one device: a plan and a subtest for each suite.
pub(super) struct Report<'a> {
    dev: &'a Device<Bound>,
    number: usize,
    counts: Counts,
}

impl<'a> Report<'a> {
    /// Starts a report of `plan` suites.
    pub(super) fn begin(dev: &'a Device<Bound>, plan: usize) -> Self {
        dev_info!(dev, "KTAP version 1\n");
        dev_info!(dev, "1..{}\n", plan);

        Self {
            dev,
            number: 0,
            counts: Counts::default(),
        }
    }

    /// Runs a suite of `plan` checks.
    pub(super) fn suite(&mut self, name: &CStr, plan: usize, run: impl FnOnce(&mut Suite<'_>)) {
        dev_info!(self.dev, "    KTAP version 1\n");
        dev_info!(self.dev, "    # Subtest: {}\n", name);
        dev_info!(self.dev, "    1..{}\n", plan);

        let mut suite = Suite {
            dev: self.dev,
            number: 0,
            counts: Counts::default(),
        };
        run(&mut suite);

        let Suite { number, counts, .. } = suite;
        self.number += 1;
        self.counts.passed += counts.passed;
        self.counts.failed += counts.failed;
        self.counts.skipped += counts.skipped;

        let verdict = if counts.failed == 0 && number == plan {
            "ok"
        } else {
            "not ok"
        };
        dev_info!(self.dev, "{} {} {}\n", verdict, self.number, name);
    }

    /// Ends the report with the totals of all suites.
    pub(super) fn end(self) {
        dev_info!(
            self.dev,
            "# Totals: pass:{} fail:{} skip:{} total:{}\n",
            self.counts.passed,
            self.counts.failed,
            self.counts.skipped,
            self.counts.passed + self.counts.failed + self.counts.skipped,
        );
    }
}

/// The results of one suite.
pub(super) struct Suite<'a> {
    dev: &'a Device<Bound>,
    number: usize,
    counts: Counts,
}

impl Suite<'_> {
    /// Prints the result of one check.
    pub(super) fn result(
        &mut self,
        name: fmt::Arguments<'_>,
        result: Result<impl fmt::Display, Stop>,
    ) {
        self.number += 1;

        match result {
            Ok(evidence) => self.pass(name, fmt!("{}", evidence)),
            Err(Stop::Refused(evidence)) => self.pass(name, fmt!("{}", evidence)),
            Err(Stop::Skip(reason)) => {
                self.counts.skipped += 1;
                dev_info!(
                    self.dev,
                    "    ok {} {} # SKIP {}\n",
                    self.number,
                    name,
                    reason
                );
            }
            Err(Stop::Fail(failure)) => {
                self.counts.failed += 1;
                dev_err!(self.dev, "    # {}\n", failure);
                dev_info!(self.dev, "    not ok {} {}\n", self.number, name);
            }
        }
    }

    fn pass(&mut self, name: fmt::Arguments<'_>, evidence: fmt::Arguments<'_>) {
        self.counts.passed += 1;
        dev_info!(self.dev, "    ok {} {} # {}\n", self.number, name, evidence);
    }

    /// Prints a diagnostic line for the next result.
    pub(super) fn note(&self, text: fmt::Arguments<'_>) {
        dev_info!(self.dev, "    # {}\n", text);
    }
}
