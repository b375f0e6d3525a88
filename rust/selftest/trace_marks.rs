// SPDX-License-Identifier: GPL-2.0

//! Marks in QEMU's trace, by which a host script compares claims about DMA addresses with the
//! trace.
//!
//! A mark is a claim in the kernel log, and its number in QEMU's trace: the number is written to a
//! register that the device ignores, before the SMMU accesses that the claim is about. The physical
//! addresses come from the CPU's page tables, not from the IOMMU's.
//! `scripts/safe_dma/witness/claims.py` compares the log with the trace.

use crate::testdev::edu::Edu;
use kernel::{
    device::{
        Bound,
        Device, //
    },
    dma::{
        DataDirection,
        DmaAddress, //
    },
    fmt,
    io::PhysAddr,
    page::PAGE_SIZE,
    prelude::*,
    sync::atomic::{
        Atomic,
        Relaxed, //
    }, //
};

/// The number of the last mark of any device.
static LAST: Atomic<u32> = Atomic::new(0);

/// The number of pieces of memory that fit into a line.
const PIECES: usize = 16;

/// Prints marks, if they are enabled.
pub(super) struct TraceMarks<'a> {
    dev: &'a Device<Bound>,
    /// [`None`] if they are disabled.
    edu: Option<&'a Edu<'a>>,
}

impl<'a> TraceMarks<'a> {
    /// Creates the marks; they are enabled only for a device with an engine, which has a register
    /// for the number.
    pub(super) fn new(dev: &'a Device<Bound>, edu: Option<&'a Edu<'a>>, enabled: bool) -> Self {
        Self {
            dev,
            edu: edu.filter(|_| enabled),
        }
    }

    pub(super) fn is_enabled(&self) -> bool {
        self.edu.is_some()
    }

    /// Claims that `len` bytes from `dma` lead to the memory with the physical addresses that
    /// `phys` returns for an offset, for accesses in that direction only.
    pub(super) fn mapped(
        &self,
        dma: DmaAddress,
        len: usize,
        direction: DataDirection,
        phys: &dyn Fn(usize) -> PhysAddr,
    ) {
        if self.edu.is_none() {
            return;
        }

        let mut start = 0;
        while start < len {
            let pieces = Pieces { start, len, phys };
            let end = pieces
                .iter()
                .take(PIECES)
                .last()
                .map_or(len, |piece| piece.offset + piece.len);

            self.claim(fmt!(
                "map dma {:#x} size {:#x} perm {} phys{}",
                dma.wrapping_add(start as DmaAddress),
                end - start,
                permission(direction),
                pieces,
            ));
            start = end;
        }
    }

    /// Claims that `len` bytes from `dma` lead to a copy of those at `phys`.
    pub(super) fn bounced(
        &self,
        dma: DmaAddress,
        len: usize,
        direction: DataDirection,
        phys: PhysAddr,
    ) {
        self.claim(fmt!(
            "map dma {:#x} size {:#x} perm {} copy of {:#x}+{:#x}",
            dma,
            len,
            permission(direction),
            phys,
            len,
        ));
    }

    /// Claims that `len` bytes from `dma` are unmapped, and in a strict domain invalidated.
    pub(super) fn unmapped(&self, dma: DmaAddress, len: usize) {
        self.claim(fmt!("unmap dma {:#x} size {:#x}", dma, len));
    }

    /// Claims that the next transfer faults at `dma`, with that event of the SMMU.
    pub(super) fn fault(&self, dma: DmaAddress, len: usize, event: &str) {
        self.claim(fmt!("fault dma {:#x} size {:#x} event {}", dma, len, event));
    }

    /// Claims that the next transfer may reach `len` bytes from `dma` that are not mapped for the
    /// device: at `phys`, or anywhere else if the memory was `copied`.
    pub(super) fn open(&self, dma: DmaAddress, len: usize, phys: PhysAddr, copied: bool) {
        self.claim(fmt!(
            "open dma {:#x} size {:#x} perm rw {} {:#x}+{:#x}",
            dma,
            len,
            if copied { "copy of" } else { "phys" },
            phys,
            len,
        ));
    }

    fn claim(&self, claim: fmt::Arguments<'_>) {
        if let Some(edu) = self.edu {
            let number = LAST.fetch_add(1, Relaxed) + 1;

            dev_info!(self.dev, "    # claim {}: {}\n", number, claim);
            edu.mark(number);
        }
    }
}

/// Returns the accesses that a direction permits.
fn permission(direction: DataDirection) -> &'static str {
    match direction {
        DataDirection::Bidirectional => "rw",
        DataDirection::ToDevice => "r",
        DataDirection::FromDevice => "w",
        DataDirection::None => "none",
    }
}

/// An iterator over the physically contiguous pieces of memory from `start` on.
struct Pieces<'a> {
    start: usize,
    len: usize,
    phys: &'a dyn Fn(usize) -> PhysAddr,
}

/// A contiguous piece.
struct PhysVec {
    offset: usize,
    phys: PhysAddr,
    len: usize,
}

impl Pieces<'_> {
    fn iter(&self) -> impl Iterator<Item = PhysVec> + '_ {
        let mut next = self.start;

        core::iter::from_fn(move || {
            let offset = next;
            if offset >= self.len {
                return None;
            }

            let phys = (self.phys)(offset);
            // Gaps are only between pages.
            loop {
                // CAST: The offset within a page.
                let page_left = PAGE_SIZE - (self.phys)(next) as usize % PAGE_SIZE;

                next = self.len.min(next + page_left);
                if next == self.len || (self.phys)(next) != phys + (next - offset) as PhysAddr {
                    break;
                }
            }
            Some(PhysVec {
                offset,
                phys,
                len: next - offset,
            })
        })
    }
}

impl fmt::Display for Pieces<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.iter()
            .take(PIECES)
            .try_for_each(|piece| write!(f, " {:#x}+{:#x}", piece.phys, piece.len))
    }
}
