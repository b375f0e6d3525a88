// SPDX-License-Identifier: GPL-2.0

// In C: puts pages of a frame that it sends into the receive ring again
// Here: does not compile

use crate::dma::{
    Bidirectional,
    Mapping,
    Pages,
    Transfer,
    Wait, //
};
use kernel::{
    prelude::*,
    time::Delta, //
};

type Page<'a> = Mapping<'a, Pages, Bidirectional>;

fn run_xdp<'a, E: Wait + Copy>(
    engine: E,
    page: Page<'a>,
    ring: &mut KVec<Page<'a>>,
    command: E::Command,
) -> Result {
    let sent = Transfer::to_device(engine, page, 0..64, command)?;
    ring.push(page, GFP_ATOMIC)?; //~ ERROR E0382
    sent.wait(Delta::from_secs(1))?;
    Ok(())
}
