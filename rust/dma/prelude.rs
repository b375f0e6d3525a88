// SPDX-License-Identifier: GPL-2.0

//! What most drivers use: `use crate::dma::prelude::*;`.

pub use super::{
    direction::{
        Bidirectional,
        FromDevice,
        ToDevice, //
    },
    span::{
        DeviceAddress,
        Span, //
    },
    streaming::Mapping,
    transfer::{
        Engine,
        Progress,
        Transfer, //
    },
    turn::CpuTurn, //
};
