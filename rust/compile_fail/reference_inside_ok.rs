// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    Bidirectional,
    Mapping, //
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    prelude::*, //
};

struct Request {
    name: &'static CStr,
    data: KBox<[u8; 64]>,
}

fn submit(dev: &Device<Bound>, request: Request) -> Result {
    dev_dbg!(dev, "request {}\n", request.name);
    Mapping::map(dev, request.data, Bidirectional)?;
    Ok(())
}
