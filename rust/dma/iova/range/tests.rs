// SPDX-License-Identifier: GPL-2.0

use kernel::prelude::*;

#[kunit_tests(safe_dma_iova_range)]
mod range {
    use super::super::*;

    const BOUNDARY: u64 = 0xfff;

    #[test]
    fn first_is_where_its_address_is() {
        assert!(is_granule_aligned(0x4000_0000, 0xfff0_0000, 0, BOUNDARY));
        assert!(is_granule_aligned(0x4000_0123, 0xfff0_0123, 0, BOUNDARY));
        assert!(!is_granule_aligned(0x4000_0123, 0xfff0_0000, 0, BOUNDARY));
        assert!(!is_granule_aligned(0x4000_0000, 0xfff0_0800, 0, BOUNDARY));
    }

    #[test]
    fn others_begin_with_a_granule() {
        assert!(is_granule_aligned(
            0x4000_0000,
            0xfff0_0000,
            0x1000,
            BOUNDARY
        ));
        assert!(is_granule_aligned(
            0x4000_0000,
            0xfff0_0c00,
            0x400,
            BOUNDARY
        ));
        // What is linked ends within a granule.
        assert!(!is_granule_aligned(
            0x4000_0000,
            0xfff0_0000,
            0x800,
            BOUNDARY
        ));
        // So it does, and the next goes on there: C warns of that.
        assert!(!is_granule_aligned(
            0x4000_0800,
            0xfff0_0000,
            0x800,
            BOUNDARY
        ));
        assert!(!is_granule_aligned(
            0x4000_0001,
            0xfff0_0000,
            0x1000,
            BOUNDARY
        ));
    }

    #[test]
    fn granules_of_any_size() {
        assert!(!is_granule_aligned(0x4000_1000, 0xfff0_0000, 0, 0xffff));
        assert!(!is_granule_aligned(
            0x4000_0000,
            0xfff0_0000,
            0x1000,
            0xffff
        ));
        assert!(is_granule_aligned(
            0x4000_0000,
            0xfff0_0000,
            0x1_0000,
            0xffff
        ));
    }
}
