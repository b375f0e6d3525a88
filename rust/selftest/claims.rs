// SPDX-License-Identifier: GPL-2.0

//! What the checks say of the device's addresses, for somebody outside of the guest to compare.
//!
//! A claim is a line in the kernel's log, with a number that is also written to a register of the device
//! that ignores it: in QEMU's own trace, the number stands before what the SMMU did next. The addresses
//! are those that the CPU has, and not those that the IOMMU's page table has. `scripts/safe_dma/witness/claims.py` reads
//! both.

use crate::{
    testdev::edu::Edu, //
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    dma::DataDirection,
    dma::DmaAddress,
    fmt,
    io::PhysAddr,
    page::PAGE_SIZE,
    prelude::*,
    sync::atomic::{
        Atomic,
        Relaxed, //
    }, //
};

/// The number of the last claim of all devices.
static LAST: Atomic<u32> = Atomic::new(0);

/// How many pieces of memory a line has room for.
const PIECES: usize = 16;

/// Makes claims, if the user wants them.
pub(super) struct Claims<'a> {
    dev: &'a Device<Bound>,
    /// If the user wants claims.
    edu: Option<&'a Edu<'a>>,
}

impl<'a> Claims<'a> {
    /// Those of a device that has no `edu` are not made: nobody could see when.
    pub(super) fn new(dev: &'a Device<Bound>, edu: Option<&'a Edu<'a>>, wanted: bool) -> Self {
        Self {
            dev,
            edu: edu.filter(|_| wanted),
        }
    }

    /// `len` bytes from `dma` lead to the memory of which `phys` tells the physical address at an offset,
    /// and the device may access them in that direction.
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

    /// `len` bytes from `dma` lead to a copy of those at `phys`.
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

    /// `len` bytes from `dma` are no longer the device's: the IOMMU was told, if it is a strict one.
    pub(super) fn unmapped(&self, dma: DmaAddress, len: usize) {
        self.claim(fmt!("unmap dma {:#x} size {:#x}", dma, len));
    }

    /// The next transfer is stopped at `dma`, by that event of the SMMU.
    pub(super) fn fault(&self, dma: DmaAddress, len: usize, event: &str) {
        self.claim(fmt!("fault dma {:#x} size {:#x} event {}", dma, len, event));
    }

    /// The next transfer may get at `len` bytes from `dma` that are not, or no longer, the device's: nobody
    /// keeps it from them. They are those at `phys`, or, if the device was given a copy, no others' than that.
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

    fn claim(&self, what: fmt::Arguments<'_>) {
        if let Some(edu) = self.edu {
            let number = LAST.fetch_add(1, Relaxed) + 1;

            dev_info!(self.dev, "    # claim {}: {}\n", number, what);
            edu.mark(number);
        }
    }
}

/// What the device may do, in terms of its accesses.
fn permission(direction: DataDirection) -> &'static str {
    match direction {
        DataDirection::Bidirectional => "rw",
        DataDirection::ToDevice => "r",
        DataDirection::FromDevice => "w",
        DataDirection::None => "none",
    }
}

/// Memory from `start` on, which lies in a row or does not.
struct Pieces<'a> {
    start: usize,
    len: usize,
    phys: &'a dyn Fn(usize) -> PhysAddr,
}

/// A part of it that does.
struct Piece {
    offset: usize,
    phys: PhysAddr,
    len: usize,
}

impl Pieces<'_> {
    fn iter(&self) -> impl Iterator<Item = Piece> + '_ {
        let mut next = self.start;

        core::iter::from_fn(move || {
            let offset = next;
            if offset >= self.len {
                return None;
            }

            let phys = (self.phys)(offset);
            // Pages are in a row or not: only where one begins can there be a gap.
            loop {
                // CAST: The offset within a page.
                let page_left = PAGE_SIZE - (self.phys)(next) as usize % PAGE_SIZE;

                next = self.len.min(next + page_left);
                if next == self.len || (self.phys)(next) != phys + (next - offset) as PhysAddr {
                    break;
                }
            }
            Some(Piece {
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
