// SPDX-License-Identifier: GPL-2.0

//! A test of the NVMe driver: the same sources, but entries of its completion rings are wrong.
//!
//! In this crate `safe_dma` is the crate itself, so that the driver finds the ring below in place
//! of the library's. `kind=` is the number of a [`Kind`].

extern crate safe_dma as library;
extern crate self as safe_dma;

mod nvme;

mod dma {
    pub(crate) use super::CompletionRing;
    pub(crate) use library::dma::*;
}

use kernel::{
    alloc::Flags,
    device::{
        Bound,
        Device, //
    },
    prelude::*,
    sync::atomic::{
        Atomic,
        Relaxed, //
    }, //
};
use library::{
    block,
    dma::{
        Bidirectional,
        FlaggedEntry,
        Range,
        Untrusted, //
    },
    plain_struct, //
};

kernel::module_pci_driver! {
    type: block::Adapter<nvme::NvmeDriver>,
    name: "wrong_nvme",
    authors: ["The safe-dma developers"],
    description: "NVMe driver in Rust, whose completions are wrong",
    license: "GPL v2",
    params: {
        kind: u8 {
            default: 0,
            description: "What is wrong: 1 to 5, see wrong_nvme.rs (default: 0, nothing)",
        },
    },
}

/// The previous entry is repeated.
const REPEATED: u8 = 1;
/// One more entry has an identifier with a tag beyond the table.
const OUT_OF_RANGE: u8 = 2;
/// One more entry names another queue.
const OTHER_QUEUE: u8 = 3;
/// An entry has the new phase before the controller has written it. The driver does not see it when
/// it is written: its command is lost.
const EARLY: u8 = 4;
/// An entry has the old phase after the controller has written it. The driver waits for it, and
/// sees no later entry either.
const LATE: u8 = 5;

/// Kinds that lose no command: one entry in so many is wrong.
const EVERY: u32 = 4;
/// Kinds that lose a command: an entry is wrong after so many, in rings that are larger, which are
/// those of I/O queues.
const LOST: u32 = 64;
/// The number of commands that may still be lost: a request is retried a limited number of times.
static LOSSES: Atomic<i32> = Atomic::new(3);

/// The offsets of SQID, the identifier, and the word whose bit 0 is the phase; the size of all.
const QUEUE: usize = 10;
const ID: usize = 12;
const STATUS: usize = 14;
const SIZE: usize = 16;

/// The library's ring, with wrong entries among those of the controller.
struct CompletionRing<'bound, E: FlaggedEntry> {
    ring: library::dma::CompletionRing<'bound, E>,
    len: u32,
    kind: u8,
    /// The entry that is returned next, after a wrong one.
    next: Option<Untrusted<E>>,
    /// The entry that was returned last.
    last: Option<Untrusted<E>>,
    /// How many entries there were, beside wrong ones.
    entries: u32,
    wrong: u32,
}

impl<'bound, E: FlaggedEntry> CompletionRing<'bound, E> {
    fn new(dev: &'bound Device<Bound>, len: usize, flags: Flags) -> Result<Self> {
        Ok(Self {
            ring: library::dma::CompletionRing::new(dev, len, flags)?,
            len: len.try_into()?,
            kind: module_parameters::kind.value(),
            next: None,
            last: None,
            entries: 0,
            wrong: 0,
        })
    }

    fn range(&self) -> Range<'_, Bidirectional> {
        self.ring.range()
    }

    fn head(&self) -> u16 {
        self.ring.head()
    }

    fn pop(&mut self) -> Option<Untrusted<E>> {
        if self.next.is_some() {
            return self.next.take();
        }
        if self.kind >= EARLY && self.len > LOST && self.entries >= LOST && self.wrong == 0 {
            // The phase of new entries changes with each round.
            let new = (self.entries / self.len) % 2 == 0;
            self.flip_phase(new == (self.kind == LATE));
        }

        let entry = self.ring.pop()?;
        let last = self.last.replace(entry);
        self.entries += 1;
        let wrong = match (self.entries % EVERY, self.kind) {
            (0, REPEATED) => last,
            (0, OUT_OF_RANGE) => with_word(entry, ID, |_| 0xfff),
            (0, OTHER_QUEUE) => with_word(entry, QUEUE, |queue| queue + 1),
            _ => None,
        };
        if wrong.is_none() {
            return Some(entry);
        }
        self.wrong += 1;
        self.next = Some(entry);
        wrong
    }

    /// Flips the phase of the entry at the head, if it is `phase`.
    fn flip_phase(&mut self, phase: bool) {
        let offset = SIZE * usize::from(self.ring.head()) + STATUS;
        let word = self.ring.as_ptr().wrapping_byte_add(offset).cast::<u16>();
        // SAFETY: A word of an entry of the ring: the head is less than its length.
        let status = unsafe { word.read_volatile() };

        if (u16::from_le(status) & 1 != 0) == phase && LOSSES.fetch_sub(1, Relaxed) > 0 {
            // SAFETY: As above. There is no reference to the memory.
            unsafe { word.cast_mut().write_volatile(status ^ 1u16.to_le()) };
            self.wrong += 1;
        }
    }
}

impl<E: FlaggedEntry> Drop for CompletionRing<'_, E> {
    fn drop(&mut self) {
        pr_info!("{} entries, {} wrong\n", self.entries, self.wrong);
    }
}

/// Returns an entry whose word at `offset` is changed.
fn with_word<E: FlaggedEntry>(
    entry: Untrusted<E>,
    offset: usize,
    change: impl FnOnce(u16) -> u16,
) -> Option<Untrusted<E>> {
    let entry = entry.into_inner();
    let mut bytes: [u8; SIZE] = entry.as_bytes().try_into().ok()?;
    let word = bytes.get_mut(offset..offset + 2)?;
    let value = u16::from_le_bytes((&*word).try_into().ok()?);

    word.copy_from_slice(&change(value).to_le_bytes());
    E::from_bytes_copy(&bytes).map(Untrusted::new)
}
