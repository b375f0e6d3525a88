// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    FromDevice,
    PinDuration,
    SgMapping, //
    UserPages,
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    prelude::*,
    uaccess::UserPtr, //
};

fn receive(dev: &Device<Bound>, to: UserPtr, len: usize) -> Result {
    let pages = UserPages::pin(to, len, FromDevice, PinDuration::ShortTerm)?;

    let _mapping = SgMapping::map(dev, pages, FromDevice, GFP_KERNEL)?;
    Ok(())
}
