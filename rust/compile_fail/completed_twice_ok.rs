// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    Completer,
    Engine,
    FromDevice,
    Mapping, //
};
use kernel::prelude::*;

type Frame<'a> = Mapping<'a, KVec<u8>, FromDevice>;

fn complete<E: Engine>(completer: &mut Completer<E, Frame<'_>, ()>) {
    // What is reported twice is an error, and comes without memory.
    while let Some(reaped) = completer.reap() {
        match reaped {
            Ok(completed) => drop(completed.memory.unmap()),
            Err(bad) => pr_err!("completion of no command: {:#x}\n", bad.id),
        }
    }
}
