// SPDX-License-Identifier: GPL-2.0

use kernel::prelude::*;

#[kunit_tests(safe_dma_untrusted)]
mod untrusted {
    use super::super::*;

    #[test]
    fn at_most() {
        assert_eq!(Untrusted::new(0u16).at_most(0), Ok(0));
        assert_eq!(Untrusted::new(7u16).at_most(7), Ok(7));
        assert_eq!(Untrusted::new(8u16).at_most(7), Err(EINVAL));
        assert_eq!(Untrusted::new(u64::MAX).at_most(u64::MAX), Ok(u64::MAX));
        assert_eq!(Untrusted::new(u64::MAX).at_most(0), Err(EINVAL));
    }

    #[test]
    fn index() {
        assert_eq!(Untrusted::new(65535u16).index(65536), Ok(65535));
        assert_eq!(Untrusted::new(65535u16).index(65535), Err(EINVAL));
        assert_eq!(Untrusted::new(0u8).index(0), Err(EINVAL));
        // More than 32 bits are not cut.
        assert_eq!(Untrusted::new(1u64 << 32 | 1).index(2), Err(EINVAL));
        assert_eq!(Untrusted::new(u64::MAX).index(usize::MAX), Err(EINVAL));
    }

    #[test]
    fn parts() {
        let value = Untrusted::new((3u8, 4u16));

        assert_eq!(value.project(|value| value.1).at_most(4), Ok(4));
        assert_eq!(value.project(|value| value.0).into_inner(), 3);
        assert_eq!(value.validate(|(a, b)| Ok(u16::from(*a) + b)), Ok(7));
        assert_eq!(
            value.validate::<()>(|(a, _)| if *a == 3 { Err(EIO) } else { Ok(()) }),
            Err(EIO)
        );
        assert_eq!(size_of_val(&value), 4);
    }
}
