// SPDX-License-Identifier: GPL-2.0

//! The measuring loop, which is the same for Rust and C.

use super::by_hand;
use core::cell::{
    Cell,
    RefCell, //
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    fmt,
    pci,
    prelude::*, //
};

/// The number of uncounted repetitions, which fill the caches of the kernel.
const WARM_UP: usize = 8;

/// An operation and its size.
#[derive(Clone, Copy)]
pub(super) struct Operation {
    name: &'static str,
    /// The size of each piece in bytes.
    size: usize,
    /// The number of pieces, or another number by which operations differ.
    count: usize,
}

impl Operation {
    pub(super) const fn new(name: &'static str, size: usize, count: usize) -> Self {
        Self { name, size, count }
    }
}

/// The implementation.
#[derive(Clone, Copy)]
pub(super) enum By {
    /// The library.
    Library,
    /// The same operation in C.
    Hand,
}

impl fmt::Display for By {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Library => "library",
            Self::Hand => "hand",
        })
    }
}

/// A device, and the state of the measurement.
pub(super) struct Bench<'a> {
    pdev: &'a pci::Device<Bound>,
    registers: by_hand::Registers<'a>,
    samples: RefCell<KVVec<u64>>,
    /// The instruction count of an empty operation.
    nothing: Cell<u64>,
    marks: Cell<u32>,
}

#[inline(never)]
fn nothing(state: ()) -> Result {
    core::hint::black_box(state);
    Ok(())
}

impl<'a> Bench<'a> {
    pub(super) fn new(pdev: &'a pci::Device<Bound>, rounds: usize) -> Result<Self> {
        let bench = Self {
            pdev,
            registers: by_hand::Registers::new(pdev)?,
            samples: RefCell::new(KVVec::from_elem(0, rounds.max(1), GFP_KERNEL)?),
            nothing: Cell::new(0),
            marks: Cell::new(0),
        };

        bench.count((), nothing)?;
        bench.nothing.set(bench.median());
        dev_info!(
            pdev,
            "bench: nothing={} rounds={}\n",
            bench.median(),
            rounds
        );
        Ok(bench)
    }

    pub(super) fn dev(&self) -> &'a Device<Bound> {
        self.pdev.as_ref()
    }

    pub(super) fn pdev(&self) -> &'a pci::Device<Bound> {
        self.pdev
    }

    pub(super) fn registers(&self) -> &by_hand::Registers<'a> {
        &self.registers
    }

    /// Repeats `op`, and stores the sorted samples.
    fn count<S>(&self, mut state: S, op: impl Fn(S) -> Result<S>) -> Result<S> {
        for _ in 0..WARM_UP {
            state = op(state)?;
        }
        self.mark();
        for sample in self.samples.borrow_mut().iter_mut() {
            let start = by_hand::clock();
            state = op(state)?;
            *sample = by_hand::clock() - start;
        }
        self.mark();
        by_hand::sort(&mut self.samples.borrow_mut());
        Ok(state)
    }

    /// Marks the beginning or the end of a series in QEMU's trace.
    fn mark(&self) {
        self.marks.set(self.marks.get() + 1);
        self.registers.mark(self.marks.get());
    }

    fn median(&self) -> u64 {
        let samples = self.samples.borrow();

        samples[samples.len() / 2]
    }

    /// Prints the samples, less the count of an empty operation.
    fn print(&self, operation: Operation, by: By) {
        let samples = self.samples.borrow();
        let without = |taken: u64| taken.saturating_sub(self.nothing.get());

        dev_info!(
            self.dev(),
            "bench: op={} size={} count={} by={} min={} median={} max={} mark={}\n",
            operation.name,
            operation.size,
            operation.count,
            by,
            without(samples[0]),
            without(samples[samples.len() / 2]),
            without(samples[samples.len() - 1]),
            self.marks.get() - 1
        );
    }

    /// Prints that the machine does not support an operation.
    pub(super) fn impossible(&self, operation: Operation) {
        dev_info!(
            self.dev(),
            "bench: op={} size={} count={} is not possible\n",
            operation.name,
            operation.size,
            operation.count
        );
    }

    /// Counts `op`, and prints the samples, or that the machine does not support it.
    pub(super) fn series<S>(
        &self,
        operation: Operation,
        by: By,
        state: S,
        op: impl Fn(S) -> Result<S>,
    ) -> Result {
        match self.count(state, op) {
            Ok(_) => {
                self.print(operation, by);
                Ok(())
            }
            Err(EOPNOTSUPP) => {
                self.impossible(operation);
                Ok(())
            }
            Err(error) => {
                dev_err!(
                    self.dev(),
                    "bench: op={} size={} count={} by={}: {:?}\n",
                    operation.name,
                    operation.size,
                    operation.count,
                    by,
                    error
                );
                Err(error)
            }
        }
    }

    /// Counts an operation in two parts, without the time between them.
    #[allow(
        clippy::question_mark,
        reason = "`?` copies the state twice, by `memcpy()`"
    )]
    pub(super) fn in_two<S, T>(
        &self,
        operation: Operation,
        by: By,
        mut state: S,
        mut begin: impl FnMut(S) -> Result<T>,
        between: impl Fn(&T) -> Result,
        mut end: impl FnMut(T) -> Result<S>,
    ) -> Result {
        self.mark();
        for sample in self.samples.borrow_mut().iter_mut() {
            let start = by_hand::clock();
            let begun = begin(state)?;
            let taken = by_hand::clock() - start;

            between(&begun)?;

            let start = by_hand::clock();
            state = match end(begun) {
                Ok(state) => state,
                Err(error) => return Err(error),
            };
            // Subtract the empty operation here once, and in `print()` once more.
            *sample = taken + (by_hand::clock() - start).saturating_sub(self.nothing.get());
        }
        self.mark();
        by_hand::sort(&mut self.samples.borrow_mut());
        self.print(operation, by);
        Ok(())
    }
}
