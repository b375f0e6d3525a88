// SPDX-License-Identifier: GPL-2.0

//! Streaming DMA: buffers that are owned by the CPU or by the device, never by both.
//!
//! Mainline has coherent memory ([`kernel::dma::Coherent`]), which the CPU and the device see at
//! the same time. A *streaming* mapping ([`streaming::Mapping`]) hands an ordinary buffer to the
//! device for a while and takes it back:
//!
//! ```text
//!             Mapping::map              Transfer::read / write
//!   buffer ----------------> Mapping -------------------------> Transfer
//!    CPU   <---------------- device  <------------------------- device, in flight
//!                unmap                    wait / abort
//!
//!                            Mapping -- sync_for_cpu --> CpuAccess: CPU, until it is dropped
//!                            Mapping <-- into_cpu, into_device --> CpuTurn: CPU
//! ```
//!
//! Each arrow consumes the value at its tail and returns it with the error when it fails, so that
//! a buffer has one owner at any time and is never lost.
//!
//! | module | what it has |
//! | --- | --- |
//! | [`direction`] | who reads and who writes, as types |
//! | [`buffer`] | memory that may be mapped as one piece |
//! | [`span`] | what the device is told: an address that carries its length |
//! | [`streaming`] | the mapping, and the CPU's turns while it stays mapped |
//! | [`sg`] | the same for memory in pieces |
//! | [`pages`] | memory that the device owns from birth |
//! | [`iova`] | memory in pieces at one address, behind an IOMMU |
//! | [`resource`] | the registers of another device |
//! | [`turn`] | the CPU's turn, owned instead of borrowed |
//! | [`buffer_pool`] | buffers that stay mapped, and only change hands |
//! | [`scoped`] | a mapping for the time of a closure |
//! | [`transfer`] | the device at work: an engine, and a transfer in flight |
//! | [`coherent`] | mainline's [`kernel::dma::Coherent`] as memory for a transfer, for user space, and for a second device |
//! | [`pool`] | small objects in coherent memory, several in a page |
//! | [`domain`] | the IOMMU domain that translates for a device |
//! | [`limits`] | what the device can address |
//! | [`prelude`] | the names that most drivers use |
//! | [`misuse`] | what can be done wrong with the DMA API, and what becomes of it here |
//! | [`mainline_bugs`] | bugs of mainline, and what the library does instead |
//! | [`paths`] | the way of each operation through the kernel, by layer |
//! | [`promises`] | what `unsafe` is left, and why |
//!
//! C header: `include/linux/dma-mapping.h`. Documentation of the C API:
//! `Documentation/core-api/dma-api.rst` and `dma-api-howto.rst`.

pub mod buffer;
pub mod buffer_pool;
mod cache_line;
pub mod coherent;
pub mod direction;
pub mod domain;
pub mod iova;
pub mod limits;
#[doc = include_str!("dma/mainline_bugs.md")]
pub mod mainline_bugs {}
pub mod misuse;
pub mod pages;
pub mod paths;
pub mod pool;
pub mod prelude;
pub mod promises;
mod raw;
pub mod resource;
pub mod scoped;
mod sealed;
pub mod sg;
pub mod span;
pub mod streaming;
pub mod transfer;
pub mod turn;
