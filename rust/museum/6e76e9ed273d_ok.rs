// SPDX-License-Identifier: GPL-2.0

use crate::dma::Untrusted;
use kernel::prelude::*;

fn receive(frame: &[u8], length: Untrusted<usize>) -> Result<&[u8]> {
    frame.get(..length.at_most(frame.len())?).ok_or(EINVAL)
}
