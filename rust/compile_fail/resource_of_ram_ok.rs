// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    direction::Bidirectional,
    resource::{
        Registers,
        ResourceMapping, //
    }, //
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    pci,
    prelude::*, //
};

fn map(dev: &Device<Bound>, other: &pci::Device<Bound>) -> Result {
    let registers = Registers::of_bar(other, 0, 0..4)?;

    ResourceMapping::map(dev, registers, Bidirectional)?.unmap();
    Ok(())
}
