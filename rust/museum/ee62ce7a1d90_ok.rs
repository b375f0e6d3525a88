// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    FromDevice,
    Mapping,
    Pages, //
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    prelude::*, //
};

struct Skb {
    page: Pages,
}

fn build(dev: &Device<Bound>, page: Pages) -> Result<Skb> {
    let page = Mapping::map(dev, page, FromDevice)?;
    Ok(Skb { page: page.unmap() })
}
