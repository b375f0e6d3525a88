// SPDX-License-Identifier: GPL-2.0

//! Coherent memory: allocated, mapped by user space, and mapped for a second device.
//!
//! Attributes and flags select where it comes from; see
//! [`CoherentMemory::zeroed_slice_with_attrs`].

mod memory;
mod mmap;
mod shared;

pub use self::{
    memory::CoherentMemory,
    mmap::MmapMemory, //
};
