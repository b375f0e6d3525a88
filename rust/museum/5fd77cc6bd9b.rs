// SPDX-License-Identifier: GPL-2.0

// In C: keeps two DMA addresses for a page, sets one, and uses the other
// Here: does not compile

use crate::dma::{
    Address,
    FromDevice,
    Mapping,
    Pages, //
};

struct RxBuffer {
    dma: Address,
    page_dma: Address,
}

fn alloc_page(page: &Mapping<'_, Pages, FromDevice>) -> RxBuffer {
    RxBuffer {
        //~^ ERROR E0063
        page_dma: page.range().address(),
    }
}
