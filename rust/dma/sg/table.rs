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
use kernel::{
    alloc::Flags,
    bindings,
    device::{
        Bound,
        Device, //
    },
    dma::DmaAddress,
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
    #[inline(always)]
    fn of(dev: &Device<Bound>) -> Self {
        let len = limits::max_mapping_size(dev).min(limits::max_seg_size(dev) as usize);

        Self {
            len,
            boundary: limits::seg_boundary(dev),
        }
    }

    /// How much of `piece`, from its start, can be one entry.
    #[inline(always)]
    fn fits(&self, piece: &Piece) -> usize {
        let to_boundary = (self.boundary - (piece.phys & self.boundary)).saturating_add(1);

        // CAST: The result is at most `len`, which is a `usize`.
        (piece.len.min(self.len) as u64).min(to_boundary) as usize
    }
}

/// Whether `next` goes on where `piece` ends, a page's end.
///
/// Not in the middle of a page, nor if `next` is small: the kernel tells by the size of an entry whether it may
/// share its cache lines with something else, and there may be small buffers side by side, or one behind pages.
#[inline(always)]
fn joins(piece: &Piece, next: &Piece) -> bool {
    piece.phys % PAGE_SIZE as u64 == 0
        && piece.len % PAGE_SIZE == 0
        && piece.phys.checked_add(piece.len as u64) == Some(next.phys)
        && next.len >= cache_line::LARGE
        // So that it is seen.
        && piece.len != 0
}

/// Cuts off what is too much for an entry, and lets `take` take that; what is left is one.
#[cold]
#[inline(never)]
fn cut<S>(
    mut entry: Piece,
    limits: EntryLimits,
    mut state: S,
    take: impl Fn(S, Piece) -> Result<S>,
) -> Result<(S, Piece)> {
    loop {
        let len = limits.fits(&entry);
        if len == entry.len {
            return Ok((state, entry));
        }

        // What is cut is no object, whose size would say how it is aligned; unless it is so large that it has
        // its cache lines for itself.
        entry.may_be_part = entry.len < cache_line::LARGE;
        state = take(state, Piece { len, ..entry })?;
        // CAST: From at most 64 bits.
        entry.phys += len as u64;
        entry.len -= len;
    }
}

/// Lets `take` take each entry, from `state` on: pieces, joined where they are whole pages in a row and cut
/// where they are too much for an entry.
///
/// Not an iterator, which would have to remember where it is between two entries.
#[inline(always)]
fn fold_entries<S>(
    pieces: impl Iterator<Item = Piece>,
    limits: EntryLimits,
    mut state: S,
    take: impl Fn(S, Piece) -> Result<S> + Copy,
) -> Result<S> {
    let joins = |entry: &Piece, next: &Piece| entry.len < limits.len && joins(entry, next);
    let mut pieces = pieces;
    let Some(mut entry) = pieces.next() else {
        return Ok(state);
    };

    for next in pieces {
        if joins(&entry, &next) {
            entry.len += next.len;
            continue;
        }
        if limits.fits(&entry) != entry.len {
            (state, entry) = cut(entry, limits, state, take)?;
            if joins(&entry, &next) {
                entry.len += next.len;
                continue;
            }
        }
        state = take(state, entry)?;
        entry = next;
    }

    if limits.fits(&entry) != entry.len {
        (state, entry) = cut(entry, limits, state, take)?;
    }
    take(state, entry)
}

/// Up to how many pieces the entries are not counted before there is a table: that is 16 KiB of it, of which
/// some are left empty if pieces are joined.
const UNCOUNTED: usize = 512;

/// A table of entries.
///
/// C: `struct sg_table`, `include/linux/scatterlist.h`.
///
/// # Invariants
///
/// - The table was allocated by `sg_alloc_table()`, for `allocated` entries.
/// - The first `orig_nents` of them are set, and the last of those ends the list.
pub(super) struct Table {
    table: bindings::sg_table,
    allocated: u32,
}

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
        if limits.len == 0 {
            return Err(EINVAL);
        }

        // Unless pieces have to be cut, there is an entry for each of them at most.
        if let Some(most) = pieces().size_hint().1.filter(|most| *most <= UNCOUNTED) {
            // CAST: A small number.
            match Self::filled::<D>(dev, pieces(), limits, most as u32, flags) {
                // What is counted may be less, too.
                Err(error) if error == ENOSPC || error == ENOMEM => {}
                done => return done,
            }
        }

        let count = fold_entries(pieces(), limits, 0u32, |count, _| {
            count.checked_add(1).ok_or(EINVAL)
        })?;
        Self::filled::<D>(dev, pieces(), limits, count, flags)
    }

    /// Makes a table of `pieces` that has room for `most` entries; [`ENOSPC`] if they are more.
    #[inline]
    fn filled<D: Direction>(
        dev: &Device<Bound>,
        pieces: impl Iterator<Item = Piece>,
        limits: EntryLimits,
        most: u32,
        flags: Flags,
    ) -> Result<Self> {
        let mut table = bindings::sg_table {
            sgl: core::ptr::null_mut(),
            nents: 0,
            orig_nents: 0,
        };
        // SAFETY: `table` is initialized here, whatever it holds. C returns an error for zero entries.
        raw::to_result(unsafe {
            bindings::sg_alloc_table(&mut table, most, raw::gfp(raw::reclaim_flags(flags)))
        })?;

        let first = table.sgl;
        // INVARIANT: None of so many entries is set yet, and nobody looks at the list before they are.
        table.orig_nents = 0;
        table.nents = 0;
        let mut this = Self {
            table,
            allocated: most,
        };

        let start = (first, first, 0);
        let (_, last, count) = fold_entries(pieces, limits, start, |(entry, _, count), piece| {
            if piece.len == 0 || piece.is_shared::<D>(dev) {
                return Err(EINVAL);
            }
            if count == most {
                return Err(ENOSPC);
            }

            // SAFETY: This is an entry, as fewer than there are have been set. CAST: At most `max_seg_size`, which
            // has 32 bits.
            let next = unsafe { helpers::helper_sg_set_phys(entry, piece.phys, piece.len as u32) };
            Ok((next, entry, count + 1))
        })?;
        if count == 0 {
            return Err(EINVAL);
        }
        if count < most {
            // SAFETY: This entry was set last.
            unsafe { helpers::helper_sg_mark_end(last) };
        }

        // INVARIANT: So many were set above, and the last one is marked, here or by C.
        this.table.orig_nents = count;
        Ok(this)
    }

    /// How many entries there are.
    pub(super) fn entries(&self) -> usize {
        // CAST: From 32 bits to at least as many.
        self.table.orig_nents as usize
    }

    /// What a mapping made of the entries: address and length of each span. Not before it is mapped.
    pub(super) fn spans(&self) -> impl Iterator<Item = (DmaAddress, usize)> + '_ {
        let mut entry = self.table.sgl;

        (0..self.table.nents).map(move |_| {
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
        core::ptr::from_ref(&self.table).cast_mut()
    }

    /// The C table, to be mapped: that writes to it how many entries are left.
    #[inline(always)]
    pub(super) fn as_raw_mut(&mut self) -> *mut bindings::sg_table {
        &mut self.table
    }
}

impl Drop for Table {
    #[inline]
    fn drop(&mut self) {
        // As C knows it.
        self.table.orig_nents = self.allocated;
        // SAFETY: By the invariants the table was allocated by `sg_alloc_table()`, with so many entries. The end
        // of the list in the midst of it is of no interest to C, which goes by their number.
        unsafe { bindings::sg_free_table(&mut self.table) };
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
        let limits = EntryLimits { len, boundary };
        let count = fold_entries(pieces.iter().copied(), limits, 0, |count, entry| {
            if expected.get(count) == Some(&(entry.phys, entry.len)) {
                Ok(count + 1)
            } else {
                Err(EINVAL)
            }
        });

        count == Ok(expected.len())
    }

    #[test]
    fn whole_pages_in_a_row_are_joined() {
        let row = [
            piece(PAGE, PAGE_SIZE),
            piece(2 * PAGE, PAGE_SIZE),
            piece(3 * PAGE, cache_line::LARGE),
        ];

        assert!(makes(
            &row,
            usize::MAX,
            u64::MAX,
            &[(PAGE, 2 * PAGE_SIZE + cache_line::LARGE)]
        ));
    }

    #[test]
    fn others_are_not_joined() {
        // A gap, the wrong order, the end of a page and the middle of one, less than has its cache lines for
        // itself, and nothing at all, behind a page and before one.
        let gap = [piece(PAGE, PAGE_SIZE), piece(3 * PAGE, PAGE_SIZE)];
        let back = [piece(2 * PAGE, PAGE_SIZE), piece(PAGE, PAGE_SIZE)];
        let end = [piece(2 * PAGE - 32, 32), piece(2 * PAGE, 32)];
        let middle = [piece(PAGE, 32), piece(PAGE + 32, 32)];
        let small = [
            piece(PAGE, PAGE_SIZE),
            piece(2 * PAGE, cache_line::LARGE - 1),
        ];
        let empty = [piece(PAGE, PAGE_SIZE), piece(2 * PAGE, 0)];
        let before = [piece(PAGE, 0), piece(PAGE, PAGE_SIZE)];

        for pieces in [gap, back, end, middle, small, empty, before] {
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
        let limits = EntryLimits {
            len: limit,
            boundary: u64::MAX,
        };

        let pieces = core::iter::once(piece(PAGE, len));
        let all = fold_entries(pieces, limits, (), |(), entry| {
            if entry.may_be_part {
                Ok(())
            } else {
                Err(EINVAL)
            }
        });
        all.is_ok()
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
