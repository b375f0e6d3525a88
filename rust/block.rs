// SPDX-License-Identifier: GPL-2.0

//! Block devices of drivers that map requests for DMA: the parts of blk-mq that `kernel` lacks.
//!
//! Mainline's [`kernel::block::mq`] can end a request successfully, and no more. Here a [`Request`]
//! is owned: it has an operation, a sector, a tag and data, and ends once, with a [`Status`]. The
//! data is mapped by [`RequestMapping`], which owns the request, so that no request ends while a
//! device accesses its data.
//!
//! A driver describes its disks and interrupt handlers. The library registers, keeps and drops
//! them: what was registered in C is not in the driver's hands, so that forgetting a value cannot
//! leave the kernel with a pointer to freed memory. [`Driver`] is a PCI driver on these terms.
//!
//! | | |
//! | --- | --- |
//! | [`Operations`] | the driver's callbacks for a disk |
//! | [`TagSet`] | hardware queues, their tags and the memory of requests |
//! | [`RequestMapping`] | the data of a request, mapped for a device |
//! | [`QueueLimits`] | what the hardware can do in a request |
//! | [`HardwareQueue`] | requests as commands in flight of an [`Engine`](crate::dma::Engine) |
//! | [`Registrations`] | the disks of a driver |
//! | [`Driver`], [`Adapter`] | a PCI driver that has them, and interrupts |
//!
//! Needs `CONFIG_BLOCK`.
//!
//! C header: [`include/linux/blk-mq.h`](srctree/include/linux/blk-mq.h). Documentation of the C
//! API: [`Documentation/block/blk-mq.rst`](srctree/Documentation/block/blk-mq.rst).

mod disk;
mod driver;
mod interrupt;
mod mapping;
mod operations;
mod queue;
mod registrations;
mod request;
mod tag_set;

pub use self::{
    disk::{
        Disk,
        QueueLimits,
        Transfer, //
    },
    driver::{
        clear_master,
        Adapter,
        Driver, //
    },
    mapping::RequestMapping,
    operations::{
        Operations,
        Refused,
        Timeout, //
    },
    queue::HardwareQueue,
    registrations::{
        scope,
        Registrations, //
    },
    request::{
        Operation,
        Request,
        Status, //
    },
    tag_set::TagSet, //
};
