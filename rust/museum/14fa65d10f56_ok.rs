// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    FromDevice,
    Mapping, //
};
use kernel::prelude::*;

type Frame<'a> = Mapping<'a, KVec<u8>, FromDevice>;

fn refill<'a>(frames: &mut KVec<Frame<'a>>, other: KVec<Frame<'a>>) {
    // Unmaps the buffers that are replaced.
    *frames = other;
}
