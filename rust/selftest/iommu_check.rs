// SPDX-License-Identifier: GPL-2.0

//! Checks of DMA addresses against the IOMMU's page table.

use super::{
    evidence::{
        fail,
        Failure,
        Stop, //
    },
    trace_marks::TraceMarks, //
};
use crate::{
    dma::limits,
    testdev::domain::{
        Domain,
        DomainType, //
    }, //
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

/// The page table of the device, if its addresses are translated.
pub(super) struct IommuCheck<'a> {
    /// The domain, if it translates.
    domain: Option<Domain<'a>>,
    /// The highest address that the device can use.
    mask: DmaAddress,
    pub(super) marks: TraceMarks<'a>,
}

impl<'a> IommuCheck<'a> {
    /// Returns the check for `dev`, which also prints trace marks.
    pub(super) fn of(dev: &'a Device<Core<'_>>, marks: TraceMarks<'a>) -> Self {
        Self {
            marks,
            mask: limits::mask(dev),
            domain: Domain::of(dev).filter(|domain| domain.domain_type() != DomainType::Identity),
        }
    }

    /// Returns whether DMA addresses are translated.
    pub(super) fn translates(&self) -> bool {
        self.domain.is_some()
    }

    /// Skips a check that needs the events of an SMMUv3, if another IOMMU translates.
    pub(super) fn logs_events(&self) -> Result<(), Stop> {
        match self.domain.as_ref().map(Domain::iommu_name) {
            Some(name) if !name.is_some_and(|name| name.to_bytes().starts_with(b"smmu3.")) => {
                Err(Stop::Skip("only the events of an SMMUv3 are known"))
            }
            _ => Ok(()),
        }
    }

    /// Returns whether the TLB is invalidated at each unmap.
    pub(super) fn is_strict(&self) -> bool {
        self.domain
            .as_ref()
            .is_some_and(|domain| domain.domain_type() == DomainType::DmaStrict)
    }

    /// Returns whether `iova` is not mapped.
    pub(super) fn is_free(&self, iova: DmaAddress) -> bool {
        match &self.domain {
            Some(domain) => lookup(domain, iova).is_none(),
            None => false,
        }
    }

    /// Returns a digest of the mapped pages where the IOVA allocator places ranges, or [`None`]
    /// without translation.
    ///
    /// Looks up `count` pages below the highest address of the device and below 4 GiB. Ranges are
    /// aligned to their size, so it also looks up the pages around each power of two, counted from
    /// both ends of the address space.
    pub(super) fn mapped_pages(&self, count: usize) -> Option<Mapped> {
        const SIZE: DmaAddress = PAGE_SIZE as DmaAddress;
        /// The maximum number of address bits of a page table.
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

    /// Checks, page by page, that `len` bytes from `iova` lead to the memory with the physical
    /// addresses that `phys` returns for an offset; returns the evidence.
    pub(super) fn mapped(
        &self,
        iova: DmaAddress,
        len: usize,
        direction: DataDirection,
        phys: &dyn Fn(usize) -> PhysAddr,
    ) -> Result<&'static str, Failure> {
        self.marks.mapped(iova, len, direction, phys);

        for offset in offsets(len) {
            let at = iova.wrapping_add(offset as DmaAddress);
            let expected = phys(offset);

            match &self.domain {
                Some(domain) => {
                    let found = lookup(domain, at);

                    if found != Some(expected) {
                        return Err(Failure::Translation {
                            iova: at,
                            expected,
                            found,
                        });
                    }
                }
                None if at != expected => {
                    return fail("the bus address is not the physical address")
                }
                None => {}
            }
        }

        Ok(match self.domain {
            Some(_) => "iova_to_phys",
            None => "bus address is the physical address",
        })
    }

    /// Checks, page by page, that `len` bytes from `iova` lead to a bounce buffer and not to the
    /// `len` bytes at `phys`; returns the evidence.
    pub(super) fn bounced(
        &self,
        iova: DmaAddress,
        len: usize,
        direction: DataDirection,
        phys: PhysAddr,
    ) -> Result<&'static str, Failure> {
        let memory = phys..phys + len as PhysAddr;

        self.marks.bounced(iova, len, direction, phys);
        for offset in offsets(len) {
            let at = iova.wrapping_add(offset as DmaAddress);

            match self.domain.as_ref().map_or(Some(at), |it| lookup(it, at)) {
                Some(found) if !memory.contains(&found) => {}
                Some(_) => return fail("the device was given the memory itself"),
                None => return fail("the DMA address leads nowhere"),
            }
        }

        Ok(match self.domain {
            Some(_) => "iova_to_phys to a bounce buffer",
            None => "bounce buffer",
        })
    }

    /// Checks, page by page, that `len` bytes from `iova` are not mapped.
    pub(super) fn unmapped(&self, iova: DmaAddress, len: usize) -> Result<(), Failure> {
        self.marks.unmapped(iova, len);

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

/// A digest of the mapped pages among those that were looked up.
#[derive(PartialEq)]
pub(super) struct Mapped {
    looked_at: usize,
    pages: usize,
    /// A hash of the translations.
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

/// Returns the physical address to which the page table translates `iova`.
fn lookup(domain: &Domain<'_>, iova: DmaAddress) -> Option<PhysAddr> {
    // SAFETY: No other device uses the domain, or `selftest::run()` runs no checks. Only the checks
    // map and unmap for the device, in the thread that calls this. They map for another device only
    // within `other_device::with()`: it is locked, so that its own checks do not run, and
    // `quiesce()` excludes the operations of `control`.
    unsafe { domain.iova_to_phys(iova) }
}

/// Returns the offset of each page, and of the last byte.
pub(in crate::selftest) fn offsets(len: usize) -> impl Iterator<Item = usize> {
    (0..len).step_by(PAGE_SIZE).chain([len - 1])
}
