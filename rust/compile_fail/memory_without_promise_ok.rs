// SPDX-License-Identifier: GPL-2.0

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

struct Frame<'a>(Mapping<'a, KVec<u8>, ToDevice>);

// SAFETY: This value owns the mapping, which keeps these promises.
unsafe impl Memory for Frame<'_> {
    type Direction = ToDevice;

    fn device(&self) -> &Device<Bound> {
        self.0.device()
    }

    fn segments(&self) -> AnySegments<'_> {
        self.0.segments()
    }
}
