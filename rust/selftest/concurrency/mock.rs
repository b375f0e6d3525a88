// SPDX-License-Identifier: GPL-2.0

//! An engine in memory: each command ends as soon as it is issued.

use super::super::prelude::*;
use crate::dma::{
    AnySegments,
    CommandId,
    Engine,
    Opened,
    Untrusted, //
};
use kernel::sync::atomic::{
    Acquire,
    Atomic,
    Relaxed,
    Release, //
};

/// A slot without an identifier.
const EMPTY: u32 = u32::MAX;

/// The identifiers of commands that have ended, in a ring without locks.
pub(super) struct Fifo(KVec<Atomic<u32>>);

impl Fifo {
    /// Creates a ring for `depth` commands in flight.
    pub(super) fn new(depth: usize) -> Result<Self> {
        let mut slots = KVec::with_capacity(depth, GFP_KERNEL)?;

        for _ in 0..depth {
            slots.push(Atomic::new(EMPTY), GFP_KERNEL)?;
        }
        Ok(Self(slots))
    }

    /// Returns the slot at `index`, which wraps around.
    fn slot(&self, index: usize) -> Option<&Atomic<u32>> {
        self.0.get(index % self.0.len())
    }
}

/// The engine.
pub(super) struct Mock<'a> {
    dev: &'a Device<Bound>,
    fifo: &'a Fifo,
}

impl<'a> Mock<'a> {
    pub(super) fn new(dev: &'a Device<Bound>, fifo: &'a Fifo) -> Self {
        Self { dev, fifo }
    }
}

// SAFETY: No device is given an address. An identifier is returned after its command was issued,
// which a slot orders by release and acquire.
unsafe impl Engine for Mock<'_> {
    type Command = ();
    type Entry = CommandId;
    type Status = ();
    /// The number of commands that were issued.
    type Submission = usize;
    /// The number of ends that were returned.
    type Completion = usize;

    const TAG_BITS: u32 = 12;

    fn device(&self) -> &Device<Bound> {
        self.dev
    }

    unsafe fn open(&mut self) -> Result<(usize, usize)> {
        Ok((0, 0))
    }

    unsafe fn prepare(
        &self,
        _: &mut Opened<usize>,
        id: CommandId,
        _: AnySegments<'_>,
        (): (),
    ) -> Result<CommandId> {
        Ok(id)
    }

    unsafe fn issue(&self, issued: &mut Opened<usize>, id: CommandId) {
        // The slot is empty, as no more commands are in flight than there are slots.
        if let Some(slot) = self.fifo.slot(**issued) {
            slot.store(id.as_u16().into(), Release);
        }
        **issued += 1;
    }

    fn next_completion(&self, returned: &mut Opened<usize>) -> Option<(Untrusted<u16>, ())> {
        let slot = self.fifo.slot(**returned)?;
        // `EMPTY` has more than 16 bits.
        let id = u16::try_from(slot.load(Acquire)).ok()?;

        slot.store(EMPTY, Relaxed);
        **returned += 1;
        Some((Untrusted::new(id), ()))
    }

    fn stop(&self, _: &mut Opened<usize>, _: &mut Opened<usize>) -> Result {
        Err(EOPNOTSUPP)
    }
}
