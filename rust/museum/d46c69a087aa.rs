// SPDX-License-Identifier: GPL-2.0

// In C: lets two processors unmap the list of a command at the same time after a reset
// Here: does not compile

use crate::dma::{
    FromDevice,
    SgMapping, //
};
use kernel::prelude::*;

struct Command<'a> {
    data: SgMapping<'a, VVec<u8>, FromDevice>,
}

fn abort_command(command: &Command<'_>) {
    drop(command.data.unmap()); //~ ERROR E0507
}
