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
pub(crate) mod gate;
mod held;
mod identify;
mod info;
mod misc;
pub(crate) mod module;
mod names;
mod number;
mod operate;
mod pages;
mod quiet;
pub(crate) mod regs;
mod request;
mod stats;
mod target;
mod untrusted;
