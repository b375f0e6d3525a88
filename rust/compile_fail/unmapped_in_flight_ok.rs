// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    direction::FromDevice,
    streaming::Mapping,
    transfer::{
        Engine,
        Transfer, //
    }, //
};
use kernel::prelude::*;

type Buffer<'a> = Mapping<'a, KVec<u8>, FromDevice>;

fn steal<E: Engine>(request: Transfer<E, Buffer<'_>>) -> Result<u8> {
    Ok(request.abort()?.sync_for_cpu()[0])
}
