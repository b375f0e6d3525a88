// SPDX-License-Identifier: GPL-2.0

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
    ring.push(sent.wait(Delta::from_secs(1))?, GFP_ATOMIC)?;
    Ok(())
}
