// SPDX-License-Identifier: GPL-2.0

use crate::dma::Untrusted;
use kernel::prelude::*;

fn packet(buffer: &[u8], reported: Untrusted<usize>) -> Result<&[u8]> {
    let len = reported.at_most(buffer.len())?;

    buffer.get(..len).ok_or(EINVAL)
}
