// SPDX-License-Identifier: GPL-2.0

//! The test device: a driver for QEMU's `edu` that transfers data with the library.
//!
//! Hardware: `docs/specs/edu.rst` of QEMU.

mod account;
pub mod control;
mod faults;
pub mod identify;
mod info;
mod mapping;
mod minor;
pub mod misc;
mod operate;
mod pages;
mod registry;
mod request;
pub mod revocable;
mod stats;
pub mod target;
pub mod untrusted;

use safe_dma_edu::testdev::{
    addresses,
    domain,
    edu,
    quiesce,
    regs, //
};
