// SPDX-License-Identifier: GPL-2.0

//! The test device: a driver for QEMU's `edu` that moves data through the library.
//!
//! Hardware: `docs/specs/edu.rst` of QEMU.

mod account;
pub(crate) mod addresses;
mod completion;
pub(crate) mod control;
mod driver;
pub(crate) mod edu;
mod faults;
mod identify;
mod info;
mod mapping;
mod minor;
mod misc;
pub(crate) mod module;
mod operate;
mod pages;
mod quiesce;
mod registry;
pub(crate) mod regs;
mod request;
pub(crate) mod revocable;
mod stats;
mod target;
mod untrusted;
