// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    Address,
    FromDevice,
    Mapping,
    Pages, //
};

struct RxBuffer {
    page_dma: Address,
}

fn alloc_page(page: &Mapping<'_, Pages, FromDevice>) -> RxBuffer {
    RxBuffer {
        page_dma: page.range().address(),
    }
}
