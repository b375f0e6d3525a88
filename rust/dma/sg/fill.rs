// SPDX-License-Identifier: GPL-2.0

//! The entries of a scatter-gather table, made of physical ranges.

use crate::{
    bindings as helpers,
    dma::{
        cache_line,
        compat,
        Limits,
        PhysVec, //
    }, //
};
use kernel::{
    bindings,
    io::PhysAddr,
    page::PAGE_SIZE,
    prelude::*, //
};

/// The limits of an entry.
#[derive(Clone, Copy)]
pub(super) struct EntryLimits {
    /// The maximum length in bytes, not 0.
    pub(super) len: usize,
    /// An entry does not cross an address that has none of these bits.
    pub(super) boundary: u64,
}

impl EntryLimits {
    /// Returns the limits of the entries for a device.
    #[inline]
    pub(super) fn new(limits: &Limits<'_>) -> Self {
        let (len, boundary) = compat::seg_limits(limits.device());

        Self {
            // CAST: From 32 bits to at least as many.
            len: limits.max_mapping_size().min(len as usize),
            boundary,
        }
    }

    /// Returns whether a page is within the limits, wherever it is.
    #[inline]
    fn take_pages(&self) -> bool {
        // CAST: To as many bits.
        self.len >= PAGE_SIZE && self.boundary % PAGE_SIZE as u64 == PAGE_SIZE as u64 - 1
    }

    /// Returns how many bytes of `vec`, from its start, can be one entry.
    #[inline]
    fn max_len(&self, vec: &PhysVec) -> usize {
        let to_boundary = (self.boundary - (vec.phys & self.boundary)).saturating_add(1);

        // CAST: The result is at most `len`, which is a `usize`.
        (vec.len.min(self.len) as u64).min(to_boundary) as usize
    }

    /// Returns whether an entry of `len` bytes can be longer by the page at `end`, where it ends;
    /// pages are within the limits.
    #[inline]
    fn allow_page(&self, len: usize, end: PhysAddr) -> bool {
        PAGES_ARE_ARRAY && PAGE_SIZE <= self.len - len && end & self.boundary != 0
    }

    /// Returns whether an entry of `len` bytes can be longer by `next`, which begins at its end.
    fn allow_longer(&self, len: usize, next: &PhysVec) -> bool {
        PAGES_ARE_ARRAY
            && next.len <= self.len - len
            && next.phys & self.boundary != 0
            && self.max_len(next) == next.len
    }
}

/// Whether each `struct page` is behind that of the page before. C reaches the pages of an entry
/// from that of its first.
const PAGES_ARE_ARRAY: bool = cfg!(any(CONFIG_SPARSEMEM_VMEMMAP, CONFIG_FLATMEM));

/// Finds the `struct page` of an address.
///
/// C: `phys_to_page()`,
/// [`include/asm-generic/memory_model.h`](srctree/include/asm-generic/memory_model.h).
#[derive(Clone, Copy)]
struct PageMap {
    /// The address of the `struct page` of the physical address 0, if they are an array.
    #[cfg(any(CONFIG_SPARSEMEM_VMEMMAP, CONFIG_FLATMEM))]
    start: usize,
}

impl PageMap {
    #[inline]
    fn new() -> Self {
        Self {
            #[cfg(any(CONFIG_SPARSEMEM_VMEMMAP, CONFIG_FLATMEM))]
            start: c_page(0),
        }
    }

    /// Returns the address of the `struct page` of the page at `phys`.
    #[inline(always)]
    fn page(&self, phys: PhysAddr) -> usize {
        #[cfg(any(CONFIG_SPARSEMEM_VMEMMAP, CONFIG_FLATMEM))]
        {
            // CAST: The number of a page has as many bits as `unsigned long`.
            let number = (phys / PAGE_SIZE as PhysAddr) as usize;

            self.start
                .wrapping_add(number.wrapping_mul(size_of::<bindings::page>()))
        }
        #[cfg(not(any(CONFIG_SPARSEMEM_VMEMMAP, CONFIG_FLATMEM)))]
        c_page(phys)
    }
}

#[inline]
fn c_page(phys: PhysAddr) -> usize {
    // SAFETY: The function computes an address; where it reads tables of the kernel for that,
    // `phys` is memory.
    unsafe { helpers::helper_phys_to_page(phys) }.addr()
}

/// An address at which neither a page nor a range of [`cache_line::ALIGNED_SIZE`] bytes begins: no
/// other ranges are joined to an entry.
const NOWHERE: PhysAddr = PhysAddr::MAX;

/// The maximum number of entries: C counts them in an `int`.
pub(super) const MAX_ENTRIES: u32 = i32::MAX as u32;

/// Makes entries of physical ranges: joins adjacent pages, and cuts what is too long for an entry.
///
/// With `WRITE` it writes them to a table, else it only counts them.
///
/// # Invariants
///
/// With `WRITE`, `room` entries from `entry` on are free, and the last one that was filled is
/// before `entry`. Behind them are `chained` more, to which `sg_next()` leads.
#[derive(Clone, Copy)]
pub(super) struct Filler<const WRITE: bool> {
    entry: *mut bindings::scatterlist,
    room: u32,
    chained: u32,
    /// The length of the last entry, without `WRITE`.
    len: usize,
    /// Where a range begins that may be joined to the last entry; `NOWHERE` without one.
    end: PhysAddr,
    /// The length of all entries.
    size: usize,
}

impl Filler<false> {
    /// Counts entries, [`MAX_ENTRIES`] at most.
    pub(super) fn counting() -> Self {
        // INVARIANT: There are no requirements.
        Self::new(core::ptr::null_mut(), MAX_ENTRIES, 0)
    }
}

impl Filler<true> {
    /// Fills an array of entries.
    ///
    /// # Safety
    ///
    /// `entry` points to `capacity` entries, which need not be initialized.
    #[inline]
    pub(super) unsafe fn array(entry: *mut bindings::scatterlist, capacity: u32) -> Self {
        // INVARIANT: By the safety requirements.
        Self::new(entry, capacity, 0)
    }

    /// Fills a table from `sg_alloc_table()`.
    ///
    /// # Safety
    ///
    /// `entry` is the first of `capacity` entries of such a table.
    pub(super) unsafe fn chain(entry: *mut bindings::scatterlist, capacity: u32) -> Self {
        let room = in_first_chunk(capacity);

        // INVARIANT: By the safety requirements, and as `sg_alloc_table()` divides them.
        Self::new(entry, room, capacity - room)
    }
}

/// Returns how many of `count` entries are before a link to the others.
///
/// C: `__sg_alloc_table()`, [`lib/scatterlist.c`](srctree/lib/scatterlist.c).
fn in_first_chunk(count: u32) -> u32 {
    // CAST: A small number.
    const MAX_SINGLE_ALLOC: u32 = (PAGE_SIZE / size_of::<bindings::scatterlist>()) as u32;

    if count > MAX_SINGLE_ALLOC {
        MAX_SINGLE_ALLOC - 1
    } else {
        count
    }
}

impl<const WRITE: bool> Filler<WRITE> {
    #[inline]
    fn new(entry: *mut bindings::scatterlist, room: u32, chained: u32) -> Self {
        Self {
            entry,
            room,
            chained,
            len: 0,
            end: NOWHERE,
            size: 0,
        }
    }

    /// Returns the number of entries that are free.
    #[inline]
    pub(super) fn free(&self) -> u32 {
        self.room + self.chained
    }

    /// Returns the length of all entries, in bytes.
    #[inline]
    pub(super) fn size(&self) -> usize {
        self.size
    }

    /// Makes entries of `vecs`.
    ///
    /// # Errors
    ///
    /// [`EINVAL`] for a range that is empty or would make an entry that `refuse` refuses;
    /// [`ENOSPC`] if there is no entry left.
    #[inline(always)]
    pub(super) fn fill(
        &mut self,
        mut vecs: impl Iterator<Item = PhysVec>,
        limits: EntryLimits,
        refuse: impl Fn(&PhysVec) -> bool,
    ) -> Result {
        let map = PageMap::new();

        loop {
            let mut odd = None;

            if limits.take_pages() {
                odd = self.fill_pages(map, &mut vecs, limits);
                if odd.is_none() {
                    return Ok(());
                }
            }
            let Some(vec) = odd.or_else(|| vecs.next()) else {
                return Ok(());
            };
            let PhysVec {
                phys,
                len,
                may_share_cacheline,
            } = vec;
            // One by one, so that they are passed in registers.
            self.push(map, phys, len, may_share_cacheline, limits, &refuse)?;
        }
    }

    /// Makes entries of `vecs` until one is no whole page, or there is no room for it. Returns
    /// that one.
    ///
    /// Pages are frequent: they are not looked at more than needed, and lengths are added up at the
    /// end.
    #[inline(always)]
    fn fill_pages(
        &mut self,
        map: PageMap,
        vecs: &mut impl Iterator<Item = PhysVec>,
        limits: EntryLimits,
    ) -> Option<PhysVec> {
        let mut this = *self;
        let mut odd = None;

        for vec in vecs {
            if !vec.is_page() {
                odd = Some(vec);
                break;
            }
            if vec.phys == this.end {
                let len = this.last_len();

                if limits.allow_page(len, this.end) {
                    this.lengthen(len, PAGE_SIZE);
                    continue;
                }
            }
            if this.room == 0 {
                odd = Some(vec);
                break;
            }
            this.put(map, vec.phys, PAGE_SIZE);
            this.end = vec.phys.wrapping_add(PAGE_SIZE as PhysAddr);
        }

        // CAST: From 32 bits to at least as many.
        let pages = (self.room - this.room) as usize;
        this.size = this.size.wrapping_add(pages.wrapping_mul(PAGE_SIZE));
        *self = this;
        odd
    }

    /// Returns the length of the last entry. There is one.
    #[inline(always)]
    fn last_len(&self) -> usize {
        if WRITE {
            // SAFETY: By the invariants the last entry is before `entry`. CAST: From 32 bits.
            unsafe { (*self.entry.sub(1)).length as usize }
        } else {
            self.len
        }
    }

    /// Makes the last entry, of `len` bytes, longer by `more` bytes.
    #[inline(always)]
    fn lengthen(&mut self, len: usize, more: usize) {
        self.end = self.end.wrapping_add(more as PhysAddr);
        self.size = self.size.wrapping_add(more);
        if WRITE {
            // SAFETY: By the invariants the last entry is before `entry`. CAST: It is not longer
            // than `max_seg_size`, which has 32 bits.
            unsafe { (*self.entry.sub(1)).length = (len + more) as u32 };
        } else {
            self.len = len + more;
        }
    }

    /// Fills the next entry, for which there is room; its length is not added up.
    #[inline(always)]
    fn put(&mut self, map: PageMap, phys: PhysAddr, len: usize) {
        if WRITE {
            let entry = bindings::scatterlist {
                page_link: map.page(phys),
                // CAST: Less than the size of a page, and than `max_seg_size`, which has 32 bits.
                offset: (phys % PAGE_SIZE as PhysAddr) as u32,
                length: len as u32,
                ..Default::default()
            };

            // SAFETY: By the invariants there is room.
            unsafe {
                self.entry.write(entry);
                self.entry = self.entry.add(1);
            }
        }
        // INVARIANT: One fewer is free.
        self.room -= 1;
        if !WRITE {
            self.len = len;
        }
    }

    /// Makes entries of any range.
    #[cold]
    #[inline(never)]
    fn push(
        &mut self,
        map: PageMap,
        phys: PhysAddr,
        len: usize,
        may_share_cacheline: bool,
        limits: EntryLimits,
        refuse: &impl Fn(&PhysVec) -> bool,
    ) -> Result {
        let mut vec = PhysVec::new(phys, len, may_share_cacheline);
        if len == 0 {
            return Err(EINVAL);
        }

        // C decides by the length of an entry whether it may share cache lines with other memory.
        // So small ranges, of which there may be several in a page, are not joined.
        if vec.phys == self.end
            && vec.len >= cache_line::ALIGNED_SIZE
            && limits.allow_longer(self.last_len(), &vec)
        {
            self.lengthen(self.last_len(), vec.len);
        } else {
            let mut len = limits.max_len(&vec);

            if len != vec.len {
                // The length of a part says nothing about the alignment of the object, unless that
                // is large enough to share no cache line.
                vec.may_share_cacheline = vec.len < cache_line::ALIGNED_SIZE;
            }
            loop {
                if refuse(&PhysVec { len, ..vec }) {
                    return Err(EINVAL);
                }
                self.next_chunk()?;
                self.put(map, vec.phys, len);
                self.size = self.size.wrapping_add(len);

                self.end = if vec.phys % PAGE_SIZE as PhysAddr == 0 {
                    // CAST: From at most 64 bits.
                    vec.phys.wrapping_add(len as PhysAddr)
                } else {
                    NOWHERE
                };
                if len == vec.len {
                    break;
                }
                // CAST: As above.
                vec.phys += len as PhysAddr;
                vec.len -= len;
                len = limits.max_len(&vec);
            }
        }
        if self.end % PAGE_SIZE as PhysAddr != 0 {
            self.end = NOWHERE;
        }
        Ok(())
    }

    /// Goes on with the entries that are chained, if there is no room.
    fn next_chunk(&mut self) -> Result {
        if self.room == 0 {
            if self.chained == 0 {
                return Err(ENOSPC);
            }
            // INVARIANT: As `sg_alloc_table()` divides them.
            self.room = in_first_chunk(self.chained);
            self.chained -= self.room;
            if WRITE {
                // SAFETY: By the invariants the last entry is before `entry`, and there are more.
                self.entry = unsafe { bindings::sg_next(self.entry.sub(1)) };
            }
        }
        Ok(())
    }
}

impl Filler<true> {
    /// Marks the last entry. There is one.
    ///
    /// C: `sg_mark_end()`, [`include/linux/scatterlist.h`](srctree/include/linux/scatterlist.h).
    #[inline]
    pub(super) fn end(&mut self) {
        // SAFETY: By the invariants that is the last one. CAST: A small number.
        unsafe { (*self.entry.sub(1)).page_link |= bindings::SG_END as kernel::ffi::c_ulong };
    }
}

mod tests;
