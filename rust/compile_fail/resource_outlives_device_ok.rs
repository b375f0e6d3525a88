// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    direction::FromDevice,
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

fn doorbell<'a>(
    dev: &'a Device<Bound>,
    other: &'a pci::Device<Bound>,
) -> Result<ResourceMapping<'a, FromDevice>> {
    let registers = Registers::of_bar(other, 0, 0..4)?;

    ResourceMapping::map(dev, registers, FromDevice)
}
