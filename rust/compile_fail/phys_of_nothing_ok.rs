// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    ErrorWith,
    Mapping,
    ToDevice, //
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    prelude::*, //
};

// A mapping calls it on memory that it owns.
fn map(dev: &Device<Bound>, value: KBox<u64>) -> Result<KBox<u64>, ErrorWith<KBox<u64>>> {
    Ok(Mapping::map(dev, value, ToDevice)?.unmap())
}
