// SPDX-License-Identifier: GPL-2.0

//! The registers of `edu`, in BAR 0.
//!
//! Address registers have 64 bits. A [`kernel::pci::Bar`] guarantees an alignment of only 32 bits
//! at compile time, so they are accessed by functions that check the alignment at run time, such as
//! `try_write_reg()`.

use kernel::io::register;

register! {
    /// Identification: 0x010000ed for revision 1.0.
    pub(super) ID(u32) @ 0x00 {
        31:24 major;
        23:16 minor;
        7:0 magic;
    }

    /// The same register for writes, which the device ignores and QEMU's trace records.
    pub(super) MARK(u32) @ 0x00 {
        31:0 number;
    }

    /// Liveness check: reads as the inverse of what was written.
    pub(super) LIVENESS(u32) @ 0x04 {
        31:0 value;
    }

    /// Takes a number; reads as its factorial modulo 2^32 once that is computed.
    pub(super) FACTORIAL(u32) @ 0x08 {
        31:0 value;
    }

    /// `computing` is set until the factorial is computed.
    pub(super) STATUS(u32) @ 0x20 {
        0:0 computing => bool;
    }

    /// Interrupts that were raised and not acknowledged.
    pub(super) IRQ_STATUS(u32) @ 0x24 {
        8:8 dma => bool;
    }

    /// Raises the interrupts whose bits are set.
    pub(super) IRQ_RAISE(u32) @ 0x60 {
        31:0 bits;
    }

    /// Acknowledges the interrupts whose bits are set.
    pub(super) IRQ_ACK(u32) @ 0x64 {
        31:0 bits;
    }

    /// Source address of a DMA transfer.
    pub(super) DMA_SRC(u64) @ 0x80 {
        63:0 addr;
    }

    /// Destination address of a DMA transfer.
    pub(super) DMA_DST(u64) @ 0x88 {
        63:0 addr;
    }

    /// Number of bytes of a DMA transfer.
    pub(super) DMA_COUNT(u32) @ 0x90 {
        31:0 bytes;
    }

    /// Starts a DMA transfer; `run` is set until it ends.
    pub(super) DMA_COMMAND(u32) @ 0x98 {
        0:0 run => bool;
        1:1 to_memory => bool;
        2:2 interrupt => bool;
    }
}

/// The end of the registers in the BAR.
pub const END: usize = 0xa0;

/// The address of the device's buffer in the device's address space.
pub(super) const BUFFER: u64 = 0x40000;

/// The range of [`FACTORIAL`], for DMA of another device.
pub const FACTORIAL_RANGE: core::ops::Range<usize> = 0x08..0x0c;
/// The range of [`STATUS`], for DMA of another device.
pub const STATUS_RANGE: core::ops::Range<usize> = 0x20..0x24;
/// The bit of [`STATUS`] that is set during a computation.
pub const COMPUTING: u32 = 1;

/// The bit of [`IRQ_STATUS`] for a factorial.
pub const FACTORIAL_INTERRUPT: u32 = 1;
/// The bit of [`IRQ_STATUS`] for a transfer.
pub const DMA_INTERRUPT: u32 = 1 << 8;
