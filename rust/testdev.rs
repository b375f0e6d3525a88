// SPDX-License-Identifier: GPL-2.0

//! The test device: a driver for QEMU's `edu` that moves data through the library.
//!
//! Hardware: `docs/specs/edu.rst` of QEMU.

mod completion;
pub(crate) mod control;
mod driver;
pub(crate) mod edu;
mod identify;
mod misc;
pub(crate) mod module;
mod number;
pub(crate) mod regs;
mod untrusted;
