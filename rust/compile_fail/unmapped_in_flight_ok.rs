// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    FromDevice,
    Mapping,
    Transfer,
    Wait, //
};
use kernel::prelude::*;

type Buffer<'a> = Mapping<'a, KVec<u8>, FromDevice>;

fn steal<E: Wait + Copy>(request: Transfer<E, Buffer<'_>>) -> Result<u8> {
    Ok(request.abort()?.sync_for_cpu()[0])
}
