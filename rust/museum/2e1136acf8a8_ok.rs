// SPDX-License-Identifier: GPL-2.0

use crate::dma::Pool;
use kernel::{
    device::{
        Bound,
        Device, //
    },
    prelude::*,
    ptr::Alignment,
    sync::Arc, //
};

fn probe<'a>(dev: &'a Device<Bound>, failed: bool) -> Result<Arc<Pool<'a, u64>>> {
    let descriptors = Pool::new(dev, c"descriptors", Alignment::of::<u64>(), None)?;
    if failed {
        // Destroys the pool.
        return Err(EIO);
    }
    Ok(descriptors)
}
