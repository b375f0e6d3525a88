// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    DevicePages,
    FromDevice, //
};
use kernel::{
    alloc::AllocError,
    prelude::*, //
};

// Only a copy of the content can be a vector.
fn pass_on(mut pages: DevicePages<'_, u8, FromDevice>) -> Result<KVec<u8>, AllocError> {
    let mut copy = KVec::new();

    copy.extend_from_slice(&pages.sync_for_cpu(), GFP_KERNEL)?;
    Ok(copy)
}
