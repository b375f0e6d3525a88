// SPDX-License-Identifier: GPL-2.0

//! The names that most measurements use.

pub(super) use super::{
    by_hand::{
        self,
        memory,
        Memory, //
    },
    series::{
        Bench,
        By,
        Operation, //
    }, //
};
pub(super) use crate::dma::{
    Bidirectional,
    Direction,
    Mapping,
    Pages,
    ToDevice, //
};
pub(super) use kernel::{
    device::{
        Bound,
        Device, //
    },
    page::PAGE_SIZE,
    prelude::*, //
};
