// SPDX-License-Identifier: GPL-2.0

// In C: keeps pages mapped after their device is unbound, and unmaps them later
// Here: does not compile

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
    page: Mapping<'static, Pages, FromDevice>,
}

fn build(dev: &Device<Bound>, page: Pages) -> Result<Skb> {
    Ok(hold(Mapping::map(dev, page, FromDevice)?)) //~ ERROR E0521
}

fn hold(page: Mapping<'static, Pages, FromDevice>) -> Skb {
    Skb { page }
}
