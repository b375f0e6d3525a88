// SPDX-License-Identifier: GPL-2.0

//! The loop around what is counted, which is the same for Rust and for C.

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

/// How often an operation is done before it is counted: caches of the kernel fill, and what is made at
/// first use is made.
const WARM_UP: usize = 8;

/// What is done, and to how much.
#[derive(Clone, Copy)]
pub(super) struct Operation {
    name: &'static str,
    /// Bytes, of each piece.
    size: usize,
    /// Pieces; or, where that is what differs, something else that there are so many of.
    count: usize,
}

impl Operation {
    pub(super) const fn new(name: &'static str, size: usize, count: usize) -> Self {
        Self { name, size, count }
    }
}

/// Who does it.
#[derive(Clone, Copy)]
pub(super) enum By {
    /// The library.
    Library,
    /// C code, by hand.
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

/// A device, and what is needed to count.
pub(super) struct Bench<'a> {
    pdev: &'a pci::Device<Bound>,
    registers: by_hand::Registers<'a>,
    samples: RefCell<KVec<u64>>,
    /// What it takes to do nothing.
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
            samples: RefCell::new(KVec::from_elem(0, rounds.max(1), GFP_KERNEL)?),
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

    /// Does `op` again and again, and leaves what each of them took.
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

    /// Writes to QEMU's trace that a series begins, or is over.
    fn mark(&self) {
        self.marks.set(self.marks.get() + 1);
        self.registers.mark(self.marks.get());
    }

    fn median(&self) -> u64 {
        let samples = self.samples.borrow();

        samples[samples.len() / 2]
    }

    /// Prints what is in the samples, without what it takes to do nothing.
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

    /// Prints that the machine has no such thing.
    pub(super) fn impossible(&self, operation: Operation) {
        dev_info!(
            self.dev(),
            "bench: op={} size={} count={} is not possible\n",
            operation.name,
            operation.size,
            operation.count
        );
    }

    /// Counts `op`, and prints what it took; where the machine has no such thing, that.
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

    /// Counts an operation in two parts, without what the device takes between them.
    pub(super) fn in_two<S, T>(
        &self,
        operation: Operation,
        by: By,
        mut state: S,
        begin: impl Fn(S) -> Result<T>,
        between: impl Fn(&T) -> Result,
        end: impl Fn(T) -> Result<S>,
    ) -> Result {
        self.mark();
        for sample in self.samples.borrow_mut().iter_mut() {
            let start = by_hand::clock();
            let begun = begin(state)?;
            let taken = by_hand::clock() - start;

            between(&begun)?;

            let start = by_hand::clock();
            state = end(begun)?;
            // Once too much.
            *sample = taken + (by_hand::clock() - start).saturating_sub(self.nothing.get());
        }
        self.mark();
        by_hand::sort(&mut self.samples.borrow_mut());
        self.print(operation, by);
        Ok(())
    }
}
