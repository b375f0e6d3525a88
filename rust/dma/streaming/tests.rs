// SPDX-License-Identifier: GPL-2.0

use kernel::prelude::*;

#[kunit_tests(safe_dma_streaming)]
mod streaming {
    use super::super::*;
    use crate::dma::Bidirectional;
    use kernel::faux;

    /// A device that can do no DMA is refused, where C warns.
    #[test]
    fn device_without_dma() -> Result {
        let device = faux::Registration::new(c"safe_dma_without", None)?;
        let faux: &faux::Device<Bound> = device.as_ref();
        let buffer = KBox::new([0x5au8; 64], GFP_KERNEL)?;
        let start = core::ptr::from_ref(&*buffer);

        let mapped = Mapping::map(faux.as_ref(), buffer, Bidirectional);
        let refused = mapped.err();
        assert!(refused.as_ref().is_some_and(|err| err.error == EIO));
        let buffer = refused.map(|err| err.value).ok_or(EINVAL)?;
        assert!(core::ptr::eq(&*buffer, start));
        assert_eq!(*buffer, [0x5a; 64]);
        Ok(())
    }
}
