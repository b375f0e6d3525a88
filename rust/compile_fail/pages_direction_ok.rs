// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    direction::ToDevice,
    pages::NoncontiguousPages,
    transfer::{
        Engine,
        Transfer, //
    }, //
};
use kernel::prelude::*;

fn send<E: Engine>(engine: E, pages: NoncontiguousPages<'_, u8, ToDevice>, job: E::Job) -> Result {
    let transfer = Transfer::read(engine, pages, 0..64, job)?;

    transfer.wait(100)?;
    Ok(())
}
