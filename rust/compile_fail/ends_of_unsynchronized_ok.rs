// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    Completer,
    Engine,
    FromDevice,
    Mapping, //
};
use kernel::{
    prelude::*,
    sync::Mutex, //
};

type Frame = Mapping<'static, KVec<u8>, FromDevice>;

// The tail is in the state of the submitting side, which the engine gets as `&mut`.
fn share<E>(completer: &Mutex<Option<Completer<E, Frame, ()>>>) -> &(dyn Sync + '_)
where
    E: Engine<Submission: Send, Completion: Send> + Send + Sync,
{
    completer
}
