// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    DevicePages,
    ToDevice, //
};
use kernel::{
    prelude::*,
    workqueue, //
};

// Only a copy of the content may outlive the binding.
fn free_later(mut pages: DevicePages<'_, u8, ToDevice>) -> Result {
    let mut copy = KVec::new();
    copy.extend_from_slice(&pages.sync_for_cpu(), GFP_KERNEL)?;

    workqueue::system().try_spawn(GFP_KERNEL, move || drop(copy))?;
    Ok(())
}
