// SPDX-License-Identifier: GPL-2.0

use kernel::prelude::*;

#[kunit_tests(safe_dma_sg)]
mod fill {
    use super::super::*;
    use kernel::error::to_result;

    const PAGE: u64 = PAGE_SIZE as u64;

    const fn vec(phys: u64, len: usize) -> PhysVec {
        PhysVec {
            phys,
            len,
            may_share_cacheline: false,
        }
    }

    const NO_LIMITS: EntryLimits = EntryLimits {
        len: u32::MAX as usize,
        boundary: u64::MAX,
    };

    /// Returns the entries of `vecs`, for a device with these limits.
    ///
    /// The addresses need not be memory: no entry is mapped.
    fn fill(
        vecs: &[PhysVec],
        limits: EntryLimits,
        refuse: impl Fn(&PhysVec) -> bool + Copy,
    ) -> Result<KVec<(u64, usize)>> {
        let vecs = || vecs.iter().copied();
        let mut counting = Filler::counting();
        counting.fill(vecs(), limits, refuse)?;
        let count = MAX_ENTRIES - counting.free();

        let mut entries = KVec::<bindings::scatterlist>::with_capacity(count as usize, GFP_KERNEL)?;
        // SAFETY: There is room for so many.
        let mut filler = unsafe { Filler::array(entries.as_mut_ptr(), count) };
        filler.fill(vecs(), limits, refuse)?;
        if filler.free() != 0 || filler.size() != counting.size() {
            return Err(EIO);
        }
        // SAFETY: All of them were filled.
        unsafe { entries.inc_len(count as usize) };

        let mut found = KVec::new();
        for entry in &mut entries {
            // SAFETY: The entry is filled; C computes with the address.
            let phys = unsafe { helpers::helper_sg_phys(entry) };

            found.push((phys, entry.length as usize), GFP_KERNEL)?;
        }
        Ok(found)
    }

    /// Returns whether the entries of `vecs` are `expected`, as address and length.
    fn makes(vecs: &[PhysVec], len: usize, boundary: u64, expected: &[(u64, usize)]) -> bool {
        // An entry has 32 bits for its length.
        let limits = EntryLimits {
            len: len.min(u32::MAX as usize),
            boundary,
        };

        fill(vecs, limits, |_| false).is_ok_and(|found| found[..] == *expected)
    }

    #[test]
    fn whole_pages_in_a_row_are_joined() {
        let row = [
            vec(PAGE, PAGE_SIZE),
            vec(2 * PAGE, PAGE_SIZE),
            vec(3 * PAGE, cache_line::ALIGNED_SIZE),
        ];

        assert!(makes(
            &row,
            usize::MAX,
            u64::MAX,
            &[(PAGE, 2 * PAGE_SIZE + cache_line::ALIGNED_SIZE)]
        ));
    }

    #[test]
    fn others_are_not_joined() {
        // A gap, the wrong order, the end of a page and the middle of one, less than has its cache
        // lines for itself, and nothing at all, behind a page and before one.
        let gap = [vec(PAGE, PAGE_SIZE), vec(3 * PAGE, PAGE_SIZE)];
        let back = [vec(2 * PAGE, PAGE_SIZE), vec(PAGE, PAGE_SIZE)];
        let end = [vec(2 * PAGE - 32, 32), vec(2 * PAGE, 32)];
        let middle = [vec(PAGE, 32), vec(PAGE + 32, 32)];
        let small = [
            vec(PAGE, PAGE_SIZE),
            vec(2 * PAGE, cache_line::ALIGNED_SIZE - 1),
        ];
        let empty = [vec(PAGE, PAGE_SIZE), vec(2 * PAGE, 0)];
        let lowest = [vec(PAGE, 64), vec(1, 300)];
        let before = [vec(PAGE, 0), vec(PAGE, PAGE_SIZE)];

        for vecs in [gap, back, end, middle, small, lowest] {
            let same = [(vecs[0].phys, vecs[0].len), (vecs[1].phys, vecs[1].len)];
            assert!(makes(&vecs, usize::MAX, u64::MAX, &same));
        }
        assert!(makes(&[vec(1, 300)], usize::MAX, u64::MAX, &[(1, 300)]));
        for vecs in [empty, before] {
            assert!(fill(&vecs, NO_LIMITS, |_| false).is_err_and(|error| error == EINVAL));
        }
    }

    #[test]
    fn long_ones_are_cut() {
        let long = [vec(PAGE, 2 * PAGE_SIZE), vec(3 * PAGE, PAGE_SIZE)];

        assert!(makes(
            &long,
            2 * PAGE_SIZE,
            u64::MAX,
            &[(PAGE, 2 * PAGE_SIZE), (3 * PAGE, PAGE_SIZE)]
        ));
        assert!(makes(
            &[vec(100, 1000)],
            400,
            u64::MAX,
            &[(100, 400), (500, 400), (900, 200)]
        ));
        assert!(makes(&[vec(7, 2)], 1, u64::MAX, &[(7, 1), (8, 1)]));
        assert!(makes(&[vec(100, 400)], 400, u64::MAX, &[(100, 400)]));
    }

    /// Whether the parts of a range of `len` bytes, cut at `limit`, are looked at as parts of
    /// objects.
    fn parts(len: usize, limit: usize) -> bool {
        let limits = EntryLimits {
            len: limit,
            boundary: u64::MAX,
        };

        fill(&[vec(PAGE, len)], limits, |entry| {
            !entry.may_share_cacheline
        })
        .is_ok()
    }

    #[test]
    fn parts_of_small_objects() {
        assert!(parts(96, 64));
        assert!(parts(cache_line::ALIGNED_SIZE - 1, 8));
        // Not cut, or aligned.
        assert!(!parts(96, 96));
        assert!(!parts(
            cache_line::ALIGNED_SIZE,
            cache_line::ALIGNED_SIZE - 1
        ));
    }

    #[test]
    fn none_crosses_a_boundary() {
        assert!(makes(
            &[vec(PAGE - 1, PAGE_SIZE + 2)],
            usize::MAX,
            PAGE - 1,
            &[(PAGE - 1, 1), (PAGE, PAGE_SIZE), (2 * PAGE, 1)]
        ));
        // Up to it is not across it.
        assert!(makes(
            &[vec(PAGE, PAGE_SIZE)],
            usize::MAX,
            PAGE - 1,
            &[(PAGE, PAGE_SIZE)]
        ));
        assert!(makes(&[vec(5, 2)], usize::MAX, 0, &[(5, 1), (6, 1)]));
    }

    #[test]
    fn top_of_the_address_space() {
        let top = u64::MAX - (PAGE - 1);

        assert!(makes(
            &[vec(top, PAGE_SIZE)],
            usize::MAX,
            u64::MAX,
            &[(top, PAGE_SIZE)]
        ));
        assert!(makes(
            &[vec(u64::MAX, 1)],
            usize::MAX,
            u64::MAX,
            &[(u64::MAX, 1)]
        ));
    }

    /// The entries of a table that C divides into chunks are filled one after the other.
    #[test]
    fn chained_entries() -> Result {
        for count in [1, 127, 128, 129, 255, 256, 600] {
            // Every other page, so that none is joined.
            let pages = (0..count).map(|number| vec((2 * number + 1) * PAGE, PAGE_SIZE));
            let limits = EntryLimits {
                len: PAGE_SIZE,
                boundary: u64::MAX,
            };
            let mut table = bindings::sg_table::default();
            // CAST: A small number.
            let entries = count as u32;

            // SAFETY: `table` is initialized here.
            to_result(unsafe {
                bindings::sg_alloc_table(&mut table, entries, bindings::GFP_KERNEL)
            })?;
            // SAFETY: The table has so many entries.
            let mut filler = unsafe { Filler::chain(table.sgl, entries) };
            let filled = filler.fill(pages, limits, |_| false);
            filler.end();

            let (mut entry, mut found) = (table.sgl, 0);
            while !entry.is_null() {
                // SAFETY: `sg_next()` leads from one entry to the next, up to the one that is
                // marked.
                let phys = unsafe { helpers::helper_sg_phys(entry) };

                assert_eq!(phys, (2 * found + 1) * PAGE);
                found += 1;
                // SAFETY: As above.
                entry = unsafe { bindings::sg_next(entry) };
            }
            // SAFETY: It was allocated above.
            unsafe { bindings::sg_free_table(&mut table) };
            assert!(filled.is_ok() && found == count && filler.free() == 0);
            // CAST: A small number.
            assert_eq!(filler.size(), count as usize * PAGE_SIZE);
        }
        Ok(())
    }
}
