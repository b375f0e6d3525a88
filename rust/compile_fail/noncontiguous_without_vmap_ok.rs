// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    FromDevice,
    NoncontiguousPages, //
};
use kernel::prelude::*;

fn first(pages: NoncontiguousPages<'_, u8, FromDevice>) -> Result<u8> {
    Ok(pages.vmap()?.sync_for_cpu()[0])
}
