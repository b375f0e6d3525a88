// SPDX-License-Identifier: GPL-2.0

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

// The ring is in the driver's data, which is dropped before the binding ends.
struct Queue<'bound, C: FlaggedEntry> {
    completions: CompletionRing<'bound, C>,
}

fn queue<C: FlaggedEntry>(dev: &Device<Bound>) -> Result<Queue<'_, C>> {
    Ok(Queue {
        completions: CompletionRing::new(dev, 64, GFP_KERNEL)?,
    })
}
