// SPDX-License-Identifier: GPL-2.0

// DMA debugger: device driver has pending DMA allocations while released from device
// In C: keeps a ring after the driver was unbound
// Here: does not compile

use crate::dma::{
    CompletionRing,
    FlaggedEntry, //
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    prelude::*, //
};

struct Queue<C: FlaggedEntry> {
    completions: CompletionRing<'static, C>,
}

impl<C: FlaggedEntry> Queue<C> {
    fn new(completions: CompletionRing<'static, C>) -> Self {
        Self { completions }
    }
}

fn queue<C: FlaggedEntry>(dev: &Device<Bound>) -> Result<Queue<C>> {
    Ok(Queue::new(CompletionRing::new(dev, 64, GFP_KERNEL)?)) //~ ERROR E0521
}
