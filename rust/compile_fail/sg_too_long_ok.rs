// SPDX-License-Identifier: GPL-2.0

use kernel::{
    device::{
        Bound,
        Device, //
    },
    dma::DataDirection,
    prelude::*,
    scatterlist::{
        Owned,
        SGTable, //
    }, //
};

// The limits of the device count when the table is made.
fn table<'a>(
    dev: &'a Device<Bound>,
    data: VVec<u8>,
) -> impl PinInit<SGTable<Owned<VVec<u8>>>, Error> + 'a {
    SGTable::new(dev, data, DataDirection::ToDevice, GFP_KERNEL)
}
