// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    Completer,
    Engine,
    FromDevice,
    Mapping, //
};
use kernel::prelude::*;

type Frame<'a> = Mapping<'a, KVec<u8>, FromDevice>;

// A completion has the number of its command, and the memory is looked up by it.
fn is_frame<E: Engine>(completer: &mut Completer<E, Frame<'_>, ()>) -> Option<KVec<u8>> {
    Some(completer.reap()?.ok()?.memory.unmap())
}
