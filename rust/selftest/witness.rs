// SPDX-License-Identifier: GPL-2.0

//! The IOMMU's page table as a witness.

use super::{
    claims::Claims,
    evidence::Failure, //
};
use crate::dma::{
    domain::{
        Domain,
        Kind, //
    },
    limits, //
};
use kernel::{
    device::{
        Core,
        Device, //
    },
    dma::{
        DataDirection,
        DmaAddress, //
    },
    fmt,
    io::PhysAddr,
    page::PAGE_SIZE, //
};

/// Says where a DMA address leads.
pub(super) struct Witness<'a> {
    /// The domain, if it translates.
    domain: Option<Domain<'a>>,
    /// The highest address that the device can use.
    mask: DmaAddress,
    pub(super) claims: Claims<'a>,
}

impl<'a> Witness<'a> {
    /// The witness for `dev`, which makes claims of its own for others to look at.
    pub(super) fn of(dev: &'a Device<Core<'_>>, claims: Claims<'a>) -> Self {
        Self {
            claims,
            mask: limits::mask(dev),
            domain: Domain::of(dev).filter(|domain| domain.kind() != Kind::Identity),
        }
    }

    /// Whether addresses are translated at all.
    pub(super) fn translates(&self) -> bool {
        self.domain.is_some()
    }

    /// Whether what was unmapped is out of the device's reach at once.
    pub(super) fn is_strict(&self) -> bool {
        self.domain
            .as_ref()
            .is_some_and(|domain| domain.kind() == Kind::DmaStrict)
    }

    /// Whether `iova` leads nowhere.
    pub(super) fn is_free(&self, iova: DmaAddress) -> bool {
        match &self.domain {
            Some(domain) => lookup(domain, iova).is_none(),
            None => false,
        }
    }

    /// Returns which pages are mapped where addresses are given out: of the `count` below the
    /// highest that the device can use, and below the highest of 32 bits, and of those around each
    /// power of two and its distance from the end, as a range is aligned to its size. [`None`] if
    /// nobody translates.
    pub(super) fn mapped_pages(&self, count: usize) -> Option<Mapped> {
        const SIZE: DmaAddress = PAGE_SIZE as DmaAddress;
        /// More than this no table has.
        const BITS: u32 = 48;

        let domain = self.domain.as_ref()?;
        let end = self.mask.min((1 << BITS) - 1) + 1;
        let below = [end, end.min(1 << 32)].into_iter().flat_map(|top| {
            (1..=count as DmaAddress).map(move |page| top.saturating_sub(page * SIZE))
        });
        let around = (PAGE_SIZE.ilog2()..BITS)
            .flat_map(|bit| [1 << bit, (1 << BITS) - (1 << bit)])
            .flat_map(|at: DmaAddress| [at - SIZE, at, at + SIZE]);

        let mut mapped = Mapped {
            looked_at: 0,
            pages: 0,
            sum: 0,
        };
        for page in below.chain(around) {
            mapped.looked_at += 1;
            if let Some(phys) = lookup(domain, page) {
                mapped.pages += 1;
                mapped.sum = mapped.sum.wrapping_mul(31).wrapping_add(page ^ phys);
            }
        }
        Some(mapped)
    }

    /// Checks, page by page, that `len` bytes from `iova`, mapped in that direction, lead to the memory
    /// of which `phys` tells the physical address at an offset; returns what it saw.
    pub(super) fn mapped(
        &self,
        iova: DmaAddress,
        len: usize,
        direction: DataDirection,
        phys: &dyn Fn(usize) -> PhysAddr,
    ) -> Result<&'static str, Failure> {
        let Some(domain) = &self.domain else {
            let itself = |offset| iova.wrapping_add(offset as DmaAddress) == phys(offset);

            return if offsets(len).all(itself) {
                self.claims.mapped(iova, len, direction, phys);
                Ok("bus address is the physical address")
            } else {
                Err(Failure::Unexpected(
                    "the bus address is not the physical address",
                ))
            };
        };

        self.claims.mapped(iova, len, direction, phys);

        for offset in offsets(len) {
            let at = iova.wrapping_add(offset as DmaAddress);
            let expected = phys(offset);
            let found = lookup(domain, at);

            if found != Some(expected) {
                return Err(Failure::Translation {
                    iova: at,
                    expected,
                    found,
                });
            }
        }

        Ok("iova_to_phys")
    }

    /// Checks, page by page, that `len` bytes from `iova` lead to memory, but not to any of the `len`
    /// bytes at `phys`: the device was given a copy. Returns what it saw.
    pub(super) fn bounced(
        &self,
        iova: DmaAddress,
        len: usize,
        direction: DataDirection,
        phys: PhysAddr,
    ) -> Result<&'static str, Failure> {
        let memory = phys..phys + len as PhysAddr;

        let Some(domain) = &self.domain else {
            let itself = memory.start..memory.end;

            return if itself.contains(&iova) {
                Err(Failure::Unexpected(
                    "the device was given the memory itself",
                ))
            } else {
                self.claims.bounced(iova, len, direction, phys);
                Ok("bounce buffer")
            };
        };

        for offset in offsets(len) {
            let at = iova.wrapping_add(offset as DmaAddress);

            match lookup(domain, at) {
                Some(found) if !memory.contains(&found) => {}
                Some(_) => {
                    return Err(Failure::Unexpected(
                        "the device was given the memory itself",
                    ))
                }
                None => return Err(Failure::Unexpected("the DMA address leads nowhere")),
            }
        }

        self.claims.bounced(iova, len, direction, phys);
        Ok("iova_to_phys to a bounce buffer")
    }

    /// Checks, page by page, that `len` bytes from `iova` lead nowhere.
    pub(super) fn unmapped(&self, iova: DmaAddress, len: usize) -> Result<(), Failure> {
        self.claims.unmapped(iova, len);

        let Some(domain) = &self.domain else {
            return Ok(());
        };

        for offset in offsets(len) {
            let at = iova.wrapping_add(offset as DmaAddress);

            if let Some(found) = lookup(domain, at) {
                return Err(Failure::StillMapped { iova: at, found });
            }
        }

        Ok(())
    }
}

/// What is mapped of some addresses.
#[derive(PartialEq)]
pub(super) struct Mapped {
    looked_at: usize,
    pages: usize,
    /// Of where the pages lead, and from where.
    sum: u64,
}

impl fmt::Display for Mapped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} pages looked at, {} mapped as before",
            self.looked_at, self.pages
        )
    }
}

/// Asks the page table.
fn lookup(domain: &Domain<'_>, iova: DmaAddress) -> Option<PhysAddr> {
    // SAFETY: The device has its domain to itself, or `selftest::run()` makes no checks. Only they map and
    // unmap for it, one after the other, and they are what asks here; they do so for another device while
    // that is locked, so that its own checks are not running, and no operation of `control` is.
    unsafe { domain.iova_to_phys(iova) }
}

/// An offset within each page, and that of the last byte.
pub(in crate::selftest) fn offsets(len: usize) -> impl Iterator<Item = usize> {
    (0..len).step_by(PAGE_SIZE).chain([len - 1])
}
