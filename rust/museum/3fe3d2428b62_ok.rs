// SPDX-License-Identifier: GPL-2.0

use crate::dma::CoherentMemory;

fn set_ifcb(mut control: Option<CoherentMemory<'_, [u8]>>, failed: bool) {
    if failed {
        control = None;
    }
    drop(control);
}
