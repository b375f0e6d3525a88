// SPDX-License-Identifier: GPL-2.0

//! What became of the entries of a list: one range of the IOMMU's addresses, in as few spans as the
//! device's limits allow; or, where nobody translates or an entry may be bounced, a span for each.

use super::phys_at;
use crate::{
    dma::{
        direction::Direction,
        limits,
        sg::{
            Scattered,
            SgMapping, //
        },
    },
    selftest::{
        bounce::{
            is_each_alone,
            placed, //
        },
        evidence::{
            Evidence,
            Failure, //
        },
        witness::offsets,
        Context, //
    }, //
    testdev::addresses::Number,
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    dma::DmaAddress,
    fmt::{
        self,
        Display, //
    },
    io::PhysAddr,
    prelude::*, //
};

/// What decides how much of a list is one span.
struct Limits {
    /// Less one; 0 if nobody merges.
    merge_boundary: usize,
    /// Of a span, in bytes.
    max_len: usize,
    /// Not crossed by a span.
    seg_boundary: u64,
}

/// The memory behind a span: its first byte, its last, and how many there are.
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

    /// How far from the start of the IOMMU's page `phys` is.
    fn in_page(&self, phys: PhysAddr) -> usize {
        // CAST: Less than the size of a page.
        (phys & self.merge_boundary as PhysAddr) as usize
    }

    /// Where the memory `next` comes, if that before it ends at `end`: on the next of the IOMMU's pages.
    fn after(&self, end: usize, next: PhysAddr) -> usize {
        ((end + self.merge_boundary) & !self.merge_boundary) + self.in_page(next)
    }

    /// Whether two spans in a row, the one with `before` and that with `after`, could have been one.
    fn allow_one(&self, before: Memory, after: Memory) -> bool {
        self.in_page(before.last) == self.merge_boundary
            && self.in_page(after.first) == 0
            && before.len + after.len <= self.max_len
    }

    /// Whether a range of `len` bytes can lie between two boundaries, so that none is within it.
    fn allow_range(&self, len: usize) -> bool {
        // CAST: To as many bits.
        len as u64 - 1 <= self.seg_boundary
    }
}

/// What was seen of a list.
pub(in crate::selftest) struct Seen {
    /// How many were mapped, and how many of them the device has.
    entries: usize,
    spans: usize,
    is_one_range: bool,
    /// Who says where the spans lead to.
    pub(in crate::selftest) witness: &'static str,
}

/// Looks at all of a mapping, page by page, and how it was merged.
pub(in crate::selftest) fn look_at<S: Scattered, D: Direction>(
    ctx: &Context<'_>,
    mapping: &SgMapping<'_, S, D>,
) -> Result<Seen, Failure> {
    let limits = Limits::of(ctx.dev);
    let first = mapping.spans().next().ok_or(Failure::Error(EFAULT))?;
    let phys = |offset| phys_at(mapping.pieces(), offset).ok_or(Failure::Error(EFAULT));
    let merges = limits.merge_boundary != 0
        && !is_each_alone::<D>(ctx, mapping.pieces().map(|piece| piece.len()));
    let mut before: Option<Memory> = None;
    let mut seen = Seen {
        entries: mapping.entries(),
        spans: 0,
        is_one_range: merges,
        witness: "",
    };

    // Behind the span before, in the memory, and in the IOMMU's addresses, counted from the start of their
    // first page.
    let (mut offset, mut end) = (0, 0);
    let start = limits.in_page(phys(0)?);

    for span in mapping.spans() {
        if span.is_empty() || span.len() > limits.max_len {
            return Err(Failure::Unexpected(
                "a span is empty, or more than the device takes",
            ));
        }
        let memory = Memory {
            first: phys(offset)?,
            last: phys(offset + span.len() - 1)?,
            len: span.len(),
        };
        let at = limits.after(end, memory.first);

        if merges {
            seen.is_one_range &=
                span.number() == first.number().wrapping_add((at - start) as DmaAddress);
            if before.is_some_and(|before| limits.allow_one(before, memory)) && seen.is_one_range {
                return Err(Failure::Unexpected("what could be one span is two"));
            }
        }
        // What was put together of several pieces is no copy. Its first and its last page may be
        // where they would be if it were one.
        let is_one_piece = offsets(memory.len)
            .all(|at| phys(offset + at).is_ok_and(|phys| phys == memory.first + at as PhysAddr));
        seen.witness = if is_one_piece {
            placed::<D>(ctx, span.number(), span.len(), memory.first)?
        } else {
            ctx.witness
                .mapped(span.number(), span.len(), D::DIRECTION, &|at| {
                    // 0 would be reported as a wrong translation.
                    phys(offset + at).unwrap_or(0)
                })?
        };

        offset += span.len();
        end = at + span.len();
        before = Some(memory);
        seen.spans += 1;
    }

    if offset != mapping.pieces().map(|piece| piece.len()).sum::<usize>() {
        return Err(Failure::Unexpected(
            "the spans have another size than the memory",
        ));
    }
    if ctx.witness.translates() != (limits.merge_boundary != 0) {
        return Err(Failure::Unexpected(
            "there is a merge boundary without an IOMMU, or none with it",
        ));
    }
    if !merges && seen.spans != seen.entries {
        return Err(Failure::Unexpected(
            "each entry is mapped alone, and yet they merge",
        ));
    }
    if merges && !seen.is_one_range && limits.allow_range(limits.after(end, 0)) {
        return Err(Failure::Unexpected("the spans are not one range of IOVAs"));
    }
    Ok(seen)
}

/// Where the spans of a mapping are, for when it is no more.
pub(in crate::selftest) fn spans<S: Scattered, D: Direction>(
    mapping: &SgMapping<'_, S, D>,
) -> Result<KVec<(DmaAddress, usize)>> {
    let mut spans = KVec::with_capacity(mapping.spans().count(), GFP_KERNEL)?;

    for span in mapping.spans() {
        spans.push((span.number(), span.len()), GFP_KERNEL)?;
    }
    Ok(spans)
}

/// The evidence of a list, with what was seen of its entries.
pub(in crate::selftest) struct ListEvidence {
    pub(in crate::selftest) evidence: Evidence,
    pub(in crate::selftest) seen: Seen,
}

impl Display for ListEvidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Seen { entries, spans, .. } = self.seen;

        write!(f, "entries {entries} spans {spans} ")?;
        self.evidence.fmt(f)?;
        if self.seen.is_one_range {
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
        // The first may begin, and the last end, within a page.
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
