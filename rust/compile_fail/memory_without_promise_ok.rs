// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    direction::ToDevice,
    span::Span,
    streaming::Mapping,
    transfer::DeviceMemory, //
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
unsafe impl DeviceMemory for Frame<'_> {
    type Direction = ToDevice;

    fn device(&self) -> &Device<Bound> {
        self.0.device()
    }

    fn span(&self) -> Span<'_, ToDevice> {
        self.0.span()
    }
}
