// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    FromDevice,
    SgMapping, //
};
use kernel::prelude::*;

struct Command<'a> {
    data: SgMapping<'a, VVec<u8>, FromDevice>,
}

fn abort_command(command: Command<'_>) {
    drop(command.data.unmap());
}
