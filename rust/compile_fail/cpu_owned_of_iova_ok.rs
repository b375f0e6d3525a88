// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    FromDevice,
    IovaMapping, //
};
use kernel::prelude::*;

fn peek(mapping: IovaMapping<'_, VVec<u8>, FromDevice>) {
    drop(mapping.unmap());
}
