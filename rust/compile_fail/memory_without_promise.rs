// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see device accesses
// In C: starts a transfer of memory that may be unmapped before it completes
// Here: does not compile

use crate::dma::{
    AnySegments,
    Mapping,
    Memory,
    ToDevice, //
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    prelude::*, //
};

struct Fragment<'a>(&'a Mapping<'a, KVec<u8>, ToDevice>);

impl Memory for Fragment<'_> {
    //~^ ERROR E0200
    type Direction = ToDevice;

    fn device(&self) -> &Device<Bound> {
        self.0.device()
    }

    fn segments(&self) -> AnySegments<'_> {
        self.0.segments()
    }
}
