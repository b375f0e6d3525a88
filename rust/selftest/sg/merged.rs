// SPDX-License-Identifier: GPL-2.0

//! Checks how the entries of a list were merged.
//!
//! dma-iommu maps them to one IOVA range, in as few ranges as the limits of the device allow.
//! Without translation, or if an entry may be bounced, each entry is a range.

use super::phys_at;
use crate::selftest::{
    iommu_check::offsets,
    place::is_each_alone,
    prelude::*, //
};
use kernel::fmt::{
    self,
    Display, //
};

/// The limits of a range.
struct Limits {
    /// The merge boundary less one, or 0 without merging.
    merge_boundary: usize,
    /// The maximum length in bytes.
    max_len: usize,
    /// The mask of the boundary that no range crosses.
    seg_boundary: u64,
}

/// The memory of a range: its first byte, its last, and its length.
#[derive(Clone, Copy)]
struct Memory {
    first: PhysAddr,
    last: PhysAddr,
    len: usize,
}

impl Limits {
    fn of(dev: &Device<Bound>) -> Self {
        Self {
            merge_boundary: limits::merge_boundary(dev),
            // CAST: From 32 bits to at least as many.
            max_len: limits::max_seg_size(dev) as usize,
            seg_boundary: limits::seg_boundary(dev),
        }
    }

    /// Returns the offset of `phys` in its IOMMU page.
    fn in_page(&self, phys: PhysAddr) -> usize {
        // CAST: Less than the size of a page.
        (phys & self.merge_boundary as PhysAddr) as usize
    }

    /// Returns the offset of the memory `next` behind memory that ends at `end`: in the next page.
    fn after(&self, end: usize, next: PhysAddr) -> usize {
        ((end + self.merge_boundary) & !self.merge_boundary) + self.in_page(next)
    }

    /// Returns whether two adjacent ranges could have been one.
    fn allow_one(&self, before: Memory, after: Memory) -> bool {
        self.in_page(before.last) == self.merge_boundary
            && self.in_page(after.first) == 0
            && before.len + after.len <= self.max_len
    }

    /// Returns whether a range of `len` bytes fits between two boundaries.
    fn allow_range(&self, len: usize) -> bool {
        // CAST: To as many bits.
        len as u64 - 1 <= self.seg_boundary
    }
}

/// A mapped list whose ranges were checked.
pub(in crate::selftest) struct Merged {
    /// The place of the first byte, with the size of the whole list.
    place: Place,
    /// The number of pieces of memory.
    pieces: usize,
    /// The address and length of each range.
    ranges: KVec<(DmaAddress, usize)>,
    is_one_range: bool,
    witness: &'static str,
}

/// Checks the addresses of a mapping, page by page, and how it was merged.
pub(in crate::selftest) fn check<S: ScatterBuffer, D: Direction>(
    ctx: &Context<'_>,
    mapping: &SgMapping<'_, S, D>,
) -> Result<Merged, Stop> {
    let limits = Limits::of(ctx.dev);
    let size = mapping.phys_vecs().map(|piece| piece.len()).sum();
    let first = mapping.segments().next().ok_or(EFAULT)?.number();
    let phys = |offset| phys_at(mapping.phys_vecs(), offset).ok_or(EFAULT);
    let merges = limits.merge_boundary != 0
        && !is_each_alone(
            ctx,
            D::DIRECTION,
            mapping.phys_vecs().map(|piece| piece.len()),
        );
    let mut before: Option<Memory> = None;
    let mut merged = Merged {
        place: Place::streaming::<D>(first, size, phys(0)?),
        pieces: mapping.phys_vecs().count(),
        ranges: KVec::new(),
        is_one_range: merges,
        witness: "",
    };

    // The end of the previous range: its offset in the memory, and in IOVAs from the first page.
    let (mut offset, mut end) = (0, 0);
    let start = limits.in_page(phys(0)?);

    for range in mapping.segments() {
        if range.is_empty() || range.len() > limits.max_len {
            return fail("a range is empty, or more than the device takes");
        }
        let dma = range.number();
        let memory = Memory {
            first: phys(offset)?,
            last: phys(offset + range.len() - 1)?,
            len: range.len(),
        };
        let at = limits.after(end, memory.first);

        if merges {
            merged.is_one_range &= dma == first.wrapping_add((at - start) as DmaAddress);
            if before.is_some_and(|it| limits.allow_one(it, memory)) && merged.is_one_range {
                return fail("two ranges could have been one");
            }
        }
        // Compare each page: merged pieces are never bounced, but their ends may look like one
        // piece.
        let is_one_piece = offsets(memory.len)
            .all(|at| phys(offset + at).is_ok_and(|phys| phys == memory.first + at as PhysAddr));
        merged.witness = if is_one_piece {
            Place::streaming::<D>(dma, range.len(), memory.first).mapped(ctx)?
        } else {
            // Beyond the end, 0 fails the comparison.
            let phys = |at| phys(offset + at).unwrap_or(0);

            ctx.iommu.mapped(dma, range.len(), D::DIRECTION, &phys)?
        };

        offset += range.len();
        end = at + range.len();
        before = Some(memory);
        merged.ranges.push((dma, range.len()), GFP_KERNEL)?;
    }

    if offset != size {
        return fail("the ranges have another size than the memory");
    }
    if ctx.iommu.translates() != (limits.merge_boundary != 0) {
        return fail("there is a merge boundary without an IOMMU, or none with it");
    }
    if merges && !merged.is_one_range && limits.allow_range(limits.after(end, 0)) {
        return fail("the ranges are not one range of IOVAs");
    }
    Ok(merged)
}

impl Merged {
    /// Checks that all ranges are unmapped.
    pub(in crate::selftest) fn unmapped(&self, ctx: &Context<'_>) -> Result<(), Failure> {
        for (dma, len) in &self.ranges {
            ctx.iommu.unmapped(*dma, *len)?;
        }
        Ok(())
    }

    /// Returns the evidence of a round trip.
    pub(in crate::selftest) fn evidence(
        self,
        ctx: &Context<'_>,
        operation: &'static str,
    ) -> ListEvidence {
        ListEvidence {
            evidence: self
                .place
                .evidence(operation, [ctx.moved("round trip"), self.witness]),
            merged: self,
        }
    }
}

/// The evidence of a list.
pub(in crate::selftest) struct ListEvidence {
    evidence: Evidence,
    merged: Merged,
}

impl Display for ListEvidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (pieces, ranges) = (self.merged.pieces, self.merged.ranges.len());

        write!(f, "pieces {pieces} ranges {ranges} ")?;
        self.evidence.fmt(f)?;
        if self.merged.is_one_range {
            f.write_str(", one IOVA range")?;
        }
        Ok(())
    }
}

#[kunit_tests(safe_dma_selftest_merged)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        merge_boundary: 0xfff,
        max_len: 0x4000,
        seg_boundary: 0xffff,
    };

    fn memory(first: PhysAddr, len: usize) -> Memory {
        Memory {
            first,
            last: first + len as PhysAddr - 1,
            len,
        }
    }

    #[test]
    fn whole_pages_are_one() {
        assert!(LIMITS.allow_one(memory(0x5000, 0x1000), memory(0x2000, 0x3000)));
        // The first piece may begin within a page, and the last may end within one.
        assert!(LIMITS.allow_one(memory(0x5ff0, 0x10), memory(0x2000, 1)));
    }

    #[test]
    fn parts_of_pages_are_not() {
        assert!(!LIMITS.allow_one(memory(0x5000, 0xfff), memory(0x2000, 0x1000)));
        assert!(!LIMITS.allow_one(memory(0x5000, 0x1000), memory(0x2001, 0x1000)));
    }

    #[test]
    fn not_more_than_the_device_takes() {
        assert!(LIMITS.allow_one(memory(0x5000, 0x1000), memory(0x1000, 0x3000)));
        assert!(!LIMITS.allow_one(memory(0x5000, 0x1000), memory(0x1000, 0x3001)));
    }

    #[test]
    fn next_page() {
        assert!(LIMITS.after(0, 0x5123) == 0x123);
        assert!(LIMITS.after(1, 0x5000) == 0x1000);
        assert!(LIMITS.after(0x1000, 0x5fff) == 0x1fff);
        assert!(LIMITS.after(0x1001, 0x5000) == 0x2000);
    }

    #[test]
    fn range_between_boundaries() {
        assert!(LIMITS.allow_range(0x10000));
        assert!(!LIMITS.allow_range(0x10001));
    }
}
