// SPDX-License-Identifier: GPL-2.0

//! The scatter-gather table itself: pieces of memory as entries that a device can take.

use super::pieces::Piece;
use crate::{
    bindings as helpers,
    dma::{
        cache_line,
        direction::Direction,
        limits,
        raw, //
    },
};
use core::iter::Peekable;
use kernel::{
    alloc::Flags,
    bindings,
    device::{
        Bound,
        Device, //
    },
    dma::DmaAddress,
    error::to_result,
    page::PAGE_SIZE,
    prelude::*, //
};

/// What a device takes as one entry.
#[derive(Clone, Copy)]
struct EntryLimits {
    /// The most bytes.
    len: usize,
    /// An entry does not go across an address that has none of these bits.
    boundary: u64,
}

impl EntryLimits {
    fn of(dev: &Device<Bound>) -> Self {
        let len = limits::max_mapping_size(dev).min(limits::max_seg_size(dev) as usize);

        Self {
            len,
            boundary: limits::seg_boundary(dev),
        }
    }

    /// How much of `piece`, from its start, can be one entry.
    fn fits(&self, piece: &Piece) -> usize {
        let to_boundary = (self.boundary - (piece.phys & self.boundary)).saturating_add(1);

        // CAST: The result is at most `len`, which is a `usize`.
        (piece.len.min(self.len) as u64).min(to_boundary) as usize
    }
}

/// Pieces, joined where they are whole pages in a row and cut where they are too much for an entry.
struct Entries<I: Iterator<Item = Piece>> {
    pieces: Peekable<I>,
    /// What was cut off the last entry.
    rest: Option<Piece>,
    limits: EntryLimits,
}

/// Whether `next` goes on where `piece` ends, a page's end.
///
/// Not in the middle of a page: there may be two small buffers side by side, of which the kernel must
/// be able to tell that they share their cache lines.
fn joins(piece: &Piece, next: &Piece) -> bool {
    piece.phys % PAGE_SIZE as u64 == 0
        && piece.len % PAGE_SIZE == 0
        && piece.phys.checked_add(piece.len as u64) == Some(next.phys)
}

impl<I: Iterator<Item = Piece>> Iterator for Entries<I> {
    type Item = Piece;

    fn next(&mut self) -> Option<Piece> {
        let mut entry = self.rest.take().or_else(|| self.pieces.next())?;

        while entry.len < self.limits.len {
            match self.pieces.next_if(|next| joins(&entry, next)) {
                Some(next) => entry.len += next.len,
                None => break,
            }
        }

        let len = self.limits.fits(&entry);
        if len < entry.len {
            // What is cut is no object, whose size would say how it is aligned; unless it is so large that it
            // has its cache lines for itself.
            entry.may_be_part = entry.len < cache_line::LARGE;
            self.rest = Some(Piece {
                phys: entry.phys + len as u64,
                len: entry.len - len,
                ..entry
            });
            entry.len = len;
        }

        Some(entry)
    }
}

/// A table of entries.
///
/// C: `struct sg_table`, `include/linux/scatterlist.h`.
///
/// # Invariants
///
/// The table was allocated by `sg_alloc_table()`, and each of its entries is set.
pub(super) struct Table(bindings::sg_table);

impl Table {
    /// Makes a table of `pieces`, within the limits of `dev`.
    ///
    /// C: `sg_alloc_table()`, `lib/scatterlist.c`.
    ///
    /// # Errors
    ///
    /// [`EINVAL`] if a piece is empty or there is none, or if the device, that is to use them in the direction
    /// `D`, would write to a cache line that somebody else writes to; [`ENOMEM`] if there is no memory for the
    /// table.
    pub(super) fn new<D: Direction, I: Iterator<Item = Piece>>(
        dev: &Device<Bound>,
        pieces: impl Fn() -> I,
        flags: Flags,
    ) -> Result<Self> {
        let limits = EntryLimits::of(dev);
        let entries = || Entries {
            pieces: pieces().peekable(),
            rest: None,
            limits,
        };

        if limits.len == 0 || pieces().any(|piece| piece.len == 0) {
            return Err(EINVAL);
        }
        if entries().any(|entry| entry.is_shared::<D>(dev)) {
            return Err(EINVAL);
        }
        let count = u32::try_from(entries().count())?;

        let mut table = bindings::sg_table::default();
        // SAFETY: `table` is initialized here, whatever it holds. Zero entries are refused.
        to_result(unsafe { bindings::sg_alloc_table(&mut table, count, raw::page_gfp(flags)) })?;

        let mut entry = table.sgl;
        for Piece { phys, len, .. } in entries() {
            // SAFETY: There are as many entries in the table as the iterator has, both times.
            unsafe {
                // CAST: At most `max_seg_size`, which has 32 bits.
                helpers::helper_sg_set_phys(entry, phys, len as u32);
                entry = bindings::sg_next(entry);
            }
        }

        // INVARIANT: All entries were set above.
        Ok(Self(table))
    }

    /// How many entries there are.
    pub(super) fn entries(&self) -> usize {
        // CAST: From 32 bits to at least as many.
        self.0.orig_nents as usize
    }

    /// What a mapping made of the entries: address and length of each span. Not before it is mapped.
    pub(super) fn spans(&self) -> impl Iterator<Item = (DmaAddress, usize)> + '_ {
        let mut entry = self.0.sgl;

        (0..self.0.nents).map(move |_| {
            // SAFETY: The first `nents` entries are valid, and were given these values when the table
            // was mapped.
            let span = unsafe { (bindings::sg_dma_address(entry), bindings::sg_dma_len(entry)) };

            // SAFETY: `entry` is one of them.
            entry = unsafe { bindings::sg_next(entry) };

            // CAST: From 32 bits to at least as many.
            (span.0, span.1 as usize)
        })
    }

    /// The C table, to be read. Of its entries, which are behind a pointer, all may be written to.
    #[inline(always)]
    pub(super) fn as_raw(&self) -> *mut bindings::sg_table {
        core::ptr::from_ref(&self.0).cast_mut()
    }

    /// The C table, to be mapped: that writes to it how many entries are left.
    #[inline(always)]
    pub(super) fn as_raw_mut(&mut self) -> *mut bindings::sg_table {
        &mut self.0
    }
}

impl Drop for Table {
    fn drop(&mut self) {
        // SAFETY: By the invariants the table was allocated by `sg_alloc_table()`.
        unsafe { bindings::sg_free_table(&mut self.0) };
    }
}

#[kunit_tests(safe_dma_sg)]
mod tests {
    use super::*;

    const PAGE: u64 = PAGE_SIZE as u64;

    const fn piece(phys: u64, len: usize) -> Piece {
        Piece {
            phys,
            len,
            may_be_part: false,
        }
    }

    /// Whether the table of `pieces` has `expected`, as address and length, for a device with these limits.
    fn makes(pieces: &[Piece], len: usize, boundary: u64, expected: &[(u64, usize)]) -> bool {
        let entries = Entries {
            pieces: pieces.iter().copied().peekable(),
            rest: None,
            limits: EntryLimits { len, boundary },
        };

        entries
            .map(|entry| (entry.phys, entry.len))
            .eq(expected.iter().copied())
    }

    #[test]
    fn whole_pages_in_a_row_are_joined() {
        let row = [
            piece(PAGE, PAGE_SIZE),
            piece(2 * PAGE, PAGE_SIZE),
            piece(3 * PAGE, 100),
        ];

        assert!(makes(
            &row,
            usize::MAX,
            u64::MAX,
            &[(PAGE, 2 * PAGE_SIZE + 100)]
        ));
    }

    #[test]
    fn others_are_not_joined() {
        // A gap, the wrong order, the end of a page and the middle of one.
        let gap = [piece(PAGE, PAGE_SIZE), piece(3 * PAGE, PAGE_SIZE)];
        let back = [piece(2 * PAGE, PAGE_SIZE), piece(PAGE, PAGE_SIZE)];
        let end = [piece(2 * PAGE - 32, 32), piece(2 * PAGE, 32)];
        let middle = [piece(PAGE, 32), piece(PAGE + 32, 32)];

        for pieces in [gap, back, end, middle] {
            let same = [
                (pieces[0].phys, pieces[0].len),
                (pieces[1].phys, pieces[1].len),
            ];
            assert!(makes(&pieces, usize::MAX, u64::MAX, &same));
        }
    }

    #[test]
    fn long_ones_are_cut() {
        let long = [piece(PAGE, 2 * PAGE_SIZE), piece(3 * PAGE, PAGE_SIZE)];

        assert!(makes(
            &long,
            2 * PAGE_SIZE,
            u64::MAX,
            &[(PAGE, 2 * PAGE_SIZE), (3 * PAGE, PAGE_SIZE)]
        ));
        assert!(makes(
            &[piece(100, 1000)],
            400,
            u64::MAX,
            &[(100, 400), (500, 400), (900, 200)]
        ));
        assert!(makes(&[piece(7, 2)], 1, u64::MAX, &[(7, 1), (8, 1)]));
        assert!(makes(&[piece(100, 400)], 400, u64::MAX, &[(100, 400)]));
    }

    /// Whether the parts of a piece of `len` bytes, cut at `limit`, are looked at as parts of objects.
    fn parts(len: usize, limit: usize) -> bool {
        let mut entries = Entries {
            pieces: core::iter::once(piece(PAGE, len)).peekable(),
            rest: None,
            limits: EntryLimits {
                len: limit,
                boundary: u64::MAX,
            },
        };

        entries.all(|entry| entry.may_be_part)
    }

    #[test]
    fn parts_of_small_objects() {
        assert!(parts(96, 64));
        assert!(parts(cache_line::LARGE - 1, 8));
        // Not cut, or aligned.
        assert!(!parts(96, 96));
        assert!(!parts(cache_line::LARGE, cache_line::LARGE - 1));
    }

    #[test]
    fn none_crosses_a_boundary() {
        assert!(makes(
            &[piece(PAGE - 1, PAGE_SIZE + 2)],
            usize::MAX,
            PAGE - 1,
            &[(PAGE - 1, 1), (PAGE, PAGE_SIZE), (2 * PAGE, 1)]
        ));
        // Up to it is not across it.
        assert!(makes(
            &[piece(PAGE, PAGE_SIZE)],
            usize::MAX,
            PAGE - 1,
            &[(PAGE, PAGE_SIZE)]
        ));
        assert!(makes(&[piece(5, 2)], usize::MAX, 0, &[(5, 1), (6, 1)]));
    }

    #[test]
    fn top_of_the_address_space() {
        let top = u64::MAX - (PAGE - 1);

        assert!(makes(
            &[piece(top, PAGE_SIZE)],
            usize::MAX,
            u64::MAX,
            &[(top, PAGE_SIZE)]
        ));
        assert!(makes(
            &[piece(u64::MAX, 1)],
            usize::MAX,
            u64::MAX,
            &[(u64::MAX, 1)]
        ));
    }
}
