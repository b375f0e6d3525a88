// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not check the content of the memory
// In C: lets the device write to a structure that contains kernel pointers
// Here: does not compile
// Message: memory that holds ... Request` cannot be mapped ... Bidirectional`
// Note: write only to types that are valid for all bytes (`FromBytes`)

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

#[repr(C)]
struct Request {
    name: &'static CStr,
    data: [u8; 64],
}

fn submit(dev: &Device<Bound>, request: KBox<Request>) -> Result {
    Mapping::map(dev, request, Bidirectional)?; //~ ERROR E0277
    Ok(())
}
