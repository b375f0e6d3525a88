// SPDX-License-Identifier: GPL-2.0

//! Streaming DMA: buffers that are owned by the CPU or by the device, never by both.
//!
//! Mainline has coherent memory ([`kernel::dma::Coherent`]), which the CPU and the device access
//! at the same time. A *streaming* mapping ([`streaming::Mapping`]) hands an ordinary buffer to the
//! device for a while and takes it back:
//!
//! ```text
//!             Mapping::map              Transfer::to_device / from_device
//!   buffer ----------------> Mapping -------------------------> Transfer
//!    CPU   <---------------- device  <------------------------- device, in flight
//!                unmap                    wait / abort
//!
//!                            Mapping -- sync_for_cpu --> CpuAccess: CPU, until it is dropped
//!                            Mapping <-- into_cpu, into_device --> CpuOwned: CPU
//! ```
//!
//! Each arrow consumes the value at its tail and returns it with the error when it fails, so that
//! a buffer has one owner at any time and is never lost.
//!
//! | memory | mapping | when |
//! | --- | --- | --- |
//! | a [`Buffer`], such as a [`KVec`](kernel::alloc::KVec) or [`Pages`] | [`Mapping`] | one buffer for a transfer |
//! | a [`ScatterBuffer`], such as a [`VVec`](kernel::alloc::VVec) | [`SgMapping`] | scattered memory |
//! | the same | [`IovaMapping`] | scattered memory at one DMA address, behind an IOMMU |
//! | allocated for the device | [`DevicePages`], [`NoncontiguousPages`] | buffers that live as long as the driver |
//! | allocated and mapped once | [`BufferPool`] | many short transfers |
//! | data of a block request | `block::RequestMapping` | block drivers, where the kernel has `CONFIG_BLOCK` |
//! | pages of a process: [`UserPages`] | [`SgMapping`], [`IovaMapping`] | without a copy to user space |
//! | coherent | [`CoherentMemory`], [`Pool`] | descriptors, which the CPU and the device access at the same time |
//! | registers of another device | [`ResourceMapping`] | transfers between devices |
//!
//! [`Engine`] describes the hardware. [`in_flight()`] keeps the memory of many commands until they
//! end, and [`Transfer`] that of one. [`SubmissionRing`], [`CompletionRing`] and [`DescriptorRing`]
//! are rings in coherent memory; what a device writes there is [`Untrusted`].
//! [`plain_struct!`](crate::plain_struct) declares their entries. [`CpuOwned`] is mapped memory
//! that the CPU owns. A [`Range`] is the DMA address of mapped memory, with its length. [`Limits`]
//! are those of a device and its IOMMU, asked once. [`WholePages`] is memory that shares no page
//! with other memory.
//!
//! C header: [`include/linux/dma-mapping.h`](srctree/include/linux/dma-mapping.h). Documentation of
//! the C API: [`Documentation/core-api/dma-api.rst`](srctree/Documentation/core-api/dma-api.rst)
//! and `dma-api-howto.rst`.

mod alloc;
mod buffer;
mod buffer_pool;
mod cache_line;
mod coherent;
pub(crate) mod compat;
mod contiguous;
mod cpu_owned;
mod direction;
mod engine;
mod error;
mod in_flight;
mod iova;
pub mod limits;
mod owner;
mod pages;
mod phys_vec;
mod plain;
mod pool;
mod range;
mod resource;
mod ring;
mod scatter_buffer;
mod scatterlist;
mod sealed;
pub(crate) mod segments;
mod sg;
mod streaming;
mod transfer;
mod untrusted;
mod user;

pub use self::{
    buffer::{
        Buffer,
        PageBox,
        Pages,
        PagesPart,
        WholePages, //
    },
    buffer_pool::{
        BufferPool,
        CpuBuffer,
        DeviceBuffer, //
    },
    coherent::{
        CoherentMemory,
        MmapMemory, //
    },
    cpu_owned::{
        CpuAccess,
        CpuOwned,
        SyncForCpu, //
    },
    direction::{
        Bidirectional,
        DeviceReads,
        DeviceWrites,
        Direction,
        FromDevice,
        Permits,
        ToDevice, //
    },
    engine::{
        CommandId,
        Engine,
        Opened,
        Wait, //
    },
    error::ErrorWith,
    in_flight::{
        in_flight,
        Completed,
        Completer,
        Submitter,
        UnknownCompletion,
        UnknownId, //
    },
    iova::{
        IovaBuilder,
        IovaMapping, //
    },
    limits::Limits,
    pages::{
        DevicePages,
        NoncontiguousPages,
        VmappedPages, //
    },
    phys_vec::PhysVec,
    pool::{
        Pool,
        PoolObject, //
    },
    range::{
        Address,
        Range, //
    },
    resource::{
        MmioRegion,
        ResourceMapping, //
    },
    ring::{
        CompletionRing,
        DescriptorRing,
        EntryFlag,
        FlaggedEntry,
        SubmissionRing, //
    },
    scatter_buffer::ScatterBuffer,
    segments::{
        AnySegments,
        Memory,
        Segments, //
    },
    sg::SgMapping,
    streaming::Mapping,
    transfer::{
        Transfer,
        WaitError, //
    },
    untrusted::{
        Unsigned,
        Untrusted, //
    },
    user::{
        PinDuration,
        UserByte,
        UserPages, //
    }, //
};
