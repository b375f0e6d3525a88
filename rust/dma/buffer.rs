// SPDX-License-Identifier: GPL-2.0

//! Memory that may be mapped as one piece.

use super::raw;
use crate::bindings as helpers;
use core::{
    ops::{
        Deref,
        DerefMut,
        Range, //
    },
    ptr::NonNull, //
};
use kernel::{
    alloc::{
        allocator::Kmalloc,
        AllocError,
        Flags, //
    },
    bindings,
    io::PhysAddr,
    page::PAGE_SIZE,
    prelude::*,
    ptr::KnownSize, //
};

/// Memory that may be mapped as one piece, and that gives itself up while it is.
///
/// Implemented for [`KBox`], [`KVec`], [`Pages`] and [`PagesPart`]: the memory of each is in the kernel's linear
/// map and physically contiguous. There is no implementation for a reference, an array on the
/// stack, a `static`, [`VBox`] or [`VVec`]; those cannot be mapped, or not as one piece.
///
/// Of a [`KVec`] its elements are mapped, and not its spare capacity. A small one with spare capacity,
/// or one that was shortened, can be refused if the device writes to it and is not cache-coherent: use
/// [`Pages`] for such a device, or a vector that was allocated with the length that is mapped.
///
/// # Safety
///
/// - [`Buffer::target`] points to a valid [`Buffer::Target`], aligned for it, through which it may
///   be read and written for as long as the memory is given up. Its bytes are physically
///   contiguous, in the kernel's linear map, and neither on a stack nor in the kernel's image.
///   Their address and number are the same at every call; [`KnownSize`] tells the true number.
///   Whether they are initialized is for [`Permits`](super::direction::Permits) to ask, before they
///   are mapped.
/// - [`Buffer::phys`] is the physical address of the first of them, if there is one.
/// - They stay allocated, and stay where they are, from [`Buffer::into_raw`] to
///   [`Buffer::from_raw`], for ever if that is never called, and nothing else reads or writes them in
///   between.
/// - [`Buffer::target`] and [`Buffer::phys`] may be called from any thread, and from several at a
///   time.
/// - They are the beginning of a piece of memory from `kmalloc()`, or anywhere in one from the page
///   allocator, and nothing reads or writes the rest of that piece in between, either.
/// - If [`Buffer::MAY_BE_PART`] is `false`, the memory was allocated with just that size, so that there
///   is no rest, or it is in whole pages.
/// - [`Buffer::Raw`] holds raw pointers only, so that no reference to the memory is left.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be mapped for streaming DMA",
    label = "not memory that can be mapped as one piece",
    note = "`KBox<T>`, `KVec<T>` and `dma::buffer::Pages` can; memory on the stack, static memory \
            and vmalloc memory (`VBox`, `VVec`) cannot"
)]
pub unsafe trait Buffer: Sized {
    /// What the CPU sees in the buffer when it has it.
    type Target: ?Sized + KnownSize;

    /// The buffer without a reference to its memory.
    type Raw: Copy;

    /// Whether the bytes may be only a part of a piece of memory from `kmalloc()`.
    ///
    /// The kernel concludes from the size that is mapped how such memory is aligned, and is wrong if
    /// more was allocated. Where this is `true` the address is looked at too, at the price of a
    /// comparison. See [`EINVAL`] in [`MapError`](super::streaming::MapError).
    const MAY_BE_PART: bool = true;

    /// Gives the memory up; the counterpart of [`Buffer::from_raw`].
    fn into_raw(self) -> Self::Raw;

    /// Takes the memory back.
    ///
    /// # Safety
    ///
    /// - `raw` is what [`Buffer::into_raw`] returned, and has not been taken back before.
    /// - The memory is valid for [`Buffer::Target`], and no device accesses it any more.
    unsafe fn from_raw(raw: Self::Raw) -> Self;

    /// Returns the memory that is mapped.
    ///
    /// # Safety
    ///
    /// `raw` is what [`Buffer::into_raw`] returned, and has not been taken back.
    unsafe fn target(raw: Self::Raw) -> NonNull<Self::Target>;

    /// Returns the physical address of the memory, which is what is mapped; of an empty buffer it
    /// is anything.
    ///
    /// A buffer that has it at hand returns that, and saves looking it up.
    ///
    /// C: `virt_to_phys()`, `include/linux/mm.h`.
    ///
    /// # Safety
    ///
    /// `raw` is what [`Buffer::into_raw`] returned, and has not been taken back. The number is
    /// given to no device, except by mapping it.
    #[inline(always)]
    unsafe fn phys(raw: Self::Raw) -> PhysAddr {
        // SAFETY: By the caller's promise.
        let target = unsafe { Self::target(raw) }.as_ptr();

        // The pointer dangles, and C warns of what is not in the linear map (`CONFIG_DEBUG_VIRTUAL`).
        if Self::Target::size(target) == 0 {
            return 0;
        }
        // SAFETY: By the contract of this trait the memory is in the linear map, and there is some.
        unsafe { helpers::helper_virt_to_phys(target.cast_const().cast()) }
    }
}

// SAFETY: `KBox` is memory from `kmalloc()`: physically contiguous, in the linear map, and not
// moved until it is freed. It holds a valid `T`, aligned. The box is consumed, and only a raw
// pointer kept. The size of a `T` is a multiple of its alignment and is what was asked for.
unsafe impl<T> Buffer for KBox<T> {
    type Target = T;
    type Raw = NonNull<T>;

    const MAY_BE_PART: bool = false;

    #[inline(always)]
    fn into_raw(self) -> NonNull<T> {
        // SAFETY: A box is never null.
        unsafe { NonNull::new_unchecked(KBox::into_raw(self)) }
    }

    #[inline(always)]
    unsafe fn from_raw(raw: NonNull<T>) -> Self {
        // SAFETY: By the caller's promise, `raw` came from `KBox::into_raw()` and holds a valid `T`.
        unsafe { KBox::from_raw(raw.as_ptr()) }
    }

    #[inline(always)]
    unsafe fn target(raw: NonNull<T>) -> NonNull<T> {
        raw
    }
}

/// A [`KVec`] while a device has its memory.
pub struct RawVec<T> {
    ptr: NonNull<T>,
    len: usize,
    capacity: usize,
}

impl<T> Clone for RawVec<T> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for RawVec<T> {}

// SAFETY: `KVec` is memory from `kmalloc()`: physically contiguous, in the linear map, and not
// moved while the vector is not in anybody's hands. Its first `len` elements, which are what is
// mapped, are valid and aligned. The vector is consumed, and only its raw parts kept, so that its
// spare capacity is out of reach as well.
unsafe impl<T> Buffer for KVec<T> {
    type Target = [T];
    type Raw = RawVec<T>;

    #[inline(always)]
    fn into_raw(self) -> RawVec<T> {
        let (ptr, len, capacity) = self.into_raw_parts();

        RawVec {
            // SAFETY: The pointer of a vector is never null; it dangles when nothing is allocated.
            ptr: unsafe { NonNull::new_unchecked(ptr) },
            len,
            capacity,
        }
    }

    #[inline(always)]
    unsafe fn from_raw(raw: RawVec<T>) -> Self {
        // SAFETY: By the caller's promise, these are the parts of one vector, whose elements are
        // valid.
        unsafe { Vec::<T, Kmalloc>::from_raw_parts(raw.ptr.as_ptr(), raw.len, raw.capacity) }
    }

    #[inline(always)]
    unsafe fn target(raw: RawVec<T>) -> NonNull<[T]> {
        NonNull::slice_from_raw_parts(raw.ptr, raw.len)
    }
}

/// Physically contiguous pages, allocated and freed as one.
///
/// C: `alloc_pages()` and `free_pages()`, `mm/page_alloc.c`.
///
/// # Invariants
///
/// At `addr` in the kernel's linear map, and at `phys` in physical memory, begin `size` bytes that this value
/// owns, all of them initialized. They are a power of two of pages, allocated as one.
pub struct Pages {
    addr: NonNull<u8>,
    phys: PhysAddr,
    size: usize,
}

// SAFETY: The pages belong to this value alone, and may be freed and accessed from any thread.
unsafe impl Send for Pages {}

// SAFETY: A shared reference gives shared access to bytes and no more.
unsafe impl Sync for Pages {}

impl Pages {
    /// Allocates `1 << order` contiguous pages, filled with zeroes.
    ///
    /// Of `flags`, those of [`GFP_KERNEL`], [`GFP_KERNEL_ACCOUNT`], [`GFP_ATOMIC`], [`GFP_NOWAIT`] and
    /// [`__GFP_NOWARN`] count. May sleep, unless they say otherwise.
    ///
    /// Fails with [`AllocError`] if there is no such piece of memory.
    pub fn zeroed(order: u32, flags: Flags) -> Result<Self, AllocError> {
        Self::zeroed_in_zone(order, flags, 0)
    }

    /// As [`Pages::zeroed()`], in the lowest 4 GiB of the physical addresses.
    ///
    /// A device with a mask of 32 bits reaches them without an IOMMU and without a bounce buffer. Asks for
    /// `GFP_DMA32`; a kernel that has no such zone has no memory beyond, or takes it from anywhere.
    pub fn zeroed_dma32(order: u32, flags: Flags) -> Result<Self, AllocError> {
        Self::zeroed_in_zone(order, flags, helpers::HELPER_GFP_DMA32)
    }

    /// Allocates pages of a zone: none, or `GFP_DMA32`, which has addresses in the kernel as all memory that
    /// is not `__GFP_HIGHMEM`.
    fn zeroed_in_zone(order: u32, flags: Flags, zone: bindings::gfp_t) -> Result<Self, AllocError> {
        // `alloc_pages()` warns on what no allocator can fulfil.
        if order > bindings::MAX_PAGE_ORDER {
            return Err(AllocError);
        }

        let flags =
            raw::gfp(raw::alloc_flags(flags, PAGE_SIZE << order)) | zone | bindings::__GFP_ZERO;

        // SAFETY: The order is within bounds, and `flags` has only bits that ask for memory of the
        // kernel's own. That the context suits them is asked of users of all allocation functions.
        let page = unsafe { bindings::alloc_pages(flags, order) };
        let page = NonNull::new(page).ok_or(AllocError)?;

        // SAFETY: `page` was just allocated.
        let addr = unsafe { helpers::helper_page_address(page.as_ptr()) };
        let Some(addr) = NonNull::new(addr.cast::<u8>()) else {
            // SAFETY: `page` was just allocated with this order, and nobody else knows of it.
            unsafe { bindings::__free_pages(page.as_ptr(), order) };
            return Err(AllocError);
        };

        // SAFETY: This is in the linear map.
        let phys = unsafe { helpers::helper_virt_to_phys(addr.as_ptr().cast()) };

        // INVARIANT: Just allocated, zeroed by `__GFP_ZERO`, and these are their addresses.
        Ok(Self {
            addr,
            phys,
            size: PAGE_SIZE << order,
        })
    }

    /// The size in bytes.
    #[inline(always)]
    pub fn size(&self) -> usize {
        self.size
    }
}

impl Deref for Pages {
    type Target = [u8];

    #[inline(always)]
    fn deref(&self) -> &[u8] {
        // SAFETY: By the invariants, `addr` is valid for `size()` initialized bytes that `self` owns.
        unsafe { core::slice::from_raw_parts(self.addr.as_ptr(), self.size()) }
    }
}

impl DerefMut for Pages {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [u8] {
        // SAFETY: As for `deref()`, and `self` is borrowed exclusively.
        unsafe { core::slice::from_raw_parts_mut(self.addr.as_ptr(), self.size()) }
    }
}

impl Drop for Pages {
    #[inline]
    fn drop(&mut self) {
        // By the invariants it is a power of two. `ilog2()` would have a way to panic, for zero.
        let order = (self.size / PAGE_SIZE).trailing_zeros();

        // SAFETY: By the invariants, these pages belong to `self` and were allocated as one piece of that
        // order.
        unsafe { bindings::free_pages(self.addr.as_ptr().addr(), order) };
    }
}

/// [`Pages`] while a device has them.
#[derive(Clone, Copy)]
pub struct RawPages {
    addr: NonNull<u8>,
    phys: PhysAddr,
    size: usize,
}

// SAFETY: Pages of one allocation are physically contiguous, are in the linear map by the invariants
// of `Pages`, and do not move. Their bytes are initialized. `Pages` is consumed, and only raw
// pointers kept. All of them are mapped.
unsafe impl Buffer for Pages {
    type Target = [u8];
    type Raw = RawPages;

    const MAY_BE_PART: bool = false;

    #[inline(always)]
    fn into_raw(self) -> RawPages {
        let this = core::mem::ManuallyDrop::new(self);

        RawPages {
            addr: this.addr,
            phys: this.phys,
            size: this.size,
        }
    }

    #[inline(always)]
    unsafe fn from_raw(raw: RawPages) -> Self {
        // INVARIANT: By the caller's promise, `raw` came from `into_raw()`, which gave up the
        // ownership that is taken back here.
        Self {
            addr: raw.addr,
            phys: raw.phys,
            size: raw.size,
        }
    }

    #[inline(always)]
    unsafe fn target(raw: RawPages) -> NonNull<[u8]> {
        NonNull::slice_from_raw_parts(raw.addr, raw.size)
    }

    #[inline(always)]
    unsafe fn phys(raw: RawPages) -> PhysAddr {
        raw.phys
    }
}

/// Bytes in [`Pages`], which begin anywhere: a buffer as a driver is given it, with a header before it that
/// is not for the device, for example.
///
/// It has the pages, so that nobody writes to what is beside these bytes in a cache line.
///
/// # Invariants
///
/// `range` is within `pages`, and not reversed.
pub struct PagesPart {
    pages: Pages,
    range: Range<usize>,
}

impl PagesPart {
    /// The bytes of `range`, counted from the start of the pages; or the pages, if they have no such bytes.
    pub fn new(pages: Pages, range: Range<usize>) -> Result<Self, Pages> {
        if range.start > range.end || range.end > pages.size() {
            return Err(pages);
        }

        // INVARIANT: Just checked.
        Ok(Self { pages, range })
    }

    /// All of the pages.
    pub fn into_pages(self) -> Pages {
        self.pages
    }
}

impl Deref for PagesPart {
    type Target = [u8];

    #[inline(always)]
    fn deref(&self) -> &[u8] {
        &self.pages[self.range.clone()]
    }
}

impl DerefMut for PagesPart {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.pages[self.range.clone()]
    }
}

/// [`PagesPart`] while a device has it.
#[derive(Clone, Copy)]
pub struct RawPagesPart {
    pages: RawPages,
    start: usize,
    len: usize,
}

// SAFETY: As of `Pages`, which are consumed, of whose bytes these are some; the others are given up with
// them. They are whole pages, so that all that is in a cache line with these bytes is.
unsafe impl Buffer for PagesPart {
    type Target = [u8];
    type Raw = RawPagesPart;

    const MAY_BE_PART: bool = false;

    #[inline(always)]
    fn into_raw(self) -> RawPagesPart {
        RawPagesPart {
            start: self.range.start,
            len: self.range.len(),
            pages: self.pages.into_raw(),
        }
    }

    #[inline(always)]
    unsafe fn from_raw(raw: RawPagesPart) -> Self {
        // INVARIANT: As it was when it was given up.
        Self {
            // SAFETY: By the caller's promise, which is the same.
            pages: unsafe { Pages::from_raw(raw.pages) },
            range: raw.start..raw.start + raw.len,
        }
    }

    #[inline(always)]
    unsafe fn target(raw: RawPagesPart) -> NonNull<[u8]> {
        // SAFETY: By the invariants of `PagesPart` that is within the pages, or at their end.
        let start = unsafe { raw.pages.addr.add(raw.start) };

        NonNull::slice_from_raw_parts(start, raw.len)
    }

    #[inline(always)]
    unsafe fn phys(raw: RawPagesPart) -> PhysAddr {
        // CAST: From at most 64 bits.
        raw.pages.phys + raw.start as PhysAddr
    }
}

#[kunit_tests(safe_dma_buffer)]
mod tests {
    use super::*;
    use core::cell::Cell;
    use kernel::sync::atomic::{
        Atomic,
        Relaxed, //
    };

    /// A value that counts how often values like it are dropped.
    struct Counted<'a> {
        drops: &'a Cell<u32>,
        number: u64,
    }

    impl Drop for Counted<'_> {
        fn drop(&mut self) {
            self.drops.set(self.drops.get() + 1);
        }
    }

    /// A value without a byte, which counts here instead.
    struct Empty;

    static EMPTY_DROPS: Atomic<u32> = Atomic::new(0);

    impl Drop for Empty {
        fn drop(&mut self) {
            EMPTY_DROPS.fetch_add(1, Relaxed);
        }
    }

    /// The address and the size in bytes of what would be mapped. Its physical address must be that of the same
    /// memory.
    fn mapped<B: Buffer>(raw: B::Raw) -> (usize, usize) {
        // SAFETY: All tests take it back after this.
        let target = unsafe { B::target(raw) }.as_ptr();

        if B::Target::size(target) != 0 {
            // SAFETY: The address is in the linear map.
            let phys = unsafe { helpers::helper_cpu_addr_to_phys(target.cast_const().cast()) };
            // SAFETY: As above; no device is given it.
            assert_eq!(unsafe { B::phys(raw) }, phys);
        }
        (target.cast::<u8>() as usize, B::Target::size(target))
    }

    /// Buddies are as large as they are aligned.
    #[test]
    fn pages_of_every_order() {
        for order in 0..=bindings::MAX_PAGE_ORDER {
            // There may be none that large, but small ones must be there.
            let Ok(pages) = Pages::zeroed(order, GFP_KERNEL | __GFP_NOWARN) else {
                assert!(order > bindings::PAGE_ALLOC_COSTLY_ORDER);
                continue;
            };
            // SAFETY: These pages are in the linear map.
            let phys = unsafe { helpers::helper_cpu_addr_to_phys(pages.as_ptr().cast()) };

            assert_eq!(pages.size(), PAGE_SIZE << order);
            assert_eq!(pages.len(), PAGE_SIZE << order);
            assert_eq!(phys as usize % (PAGE_SIZE << order), 0);
        }
    }

    #[test]
    fn pages_are_zeroed() -> Result {
        for order in 0..=bindings::PAGE_ALLOC_COSTLY_ORDER {
            // What is freed last is allocated first.
            let mut dirty = Pages::zeroed(order, GFP_KERNEL)?;
            dirty.fill(0xff);
            drop(dirty);

            let pages = Pages::zeroed(order, GFP_KERNEL)?;
            assert!(pages.iter().all(|&byte| byte == 0));
        }
        Ok(())
    }

    #[test]
    fn pages_below_4_gib() -> Result {
        let pages = Pages::zeroed_dma32(1, GFP_KERNEL)?;
        // SAFETY: These pages are in the linear map.
        let phys = unsafe { helpers::helper_cpu_addr_to_phys(pages.as_ptr().cast()) };

        assert!(phys + pages.size() as u64 <= 1 << 32);
        assert!(pages.iter().all(|&byte| byte == 0));
        Ok(())
    }

    #[test]
    fn pages_too_large() {
        assert!(Pages::zeroed(bindings::MAX_PAGE_ORDER + 1, GFP_KERNEL).is_err());
        assert!(Pages::zeroed(u32::BITS, GFP_KERNEL).is_err());
        assert!(Pages::zeroed(usize::BITS, GFP_KERNEL).is_err());
        assert!(Pages::zeroed(u32::MAX, GFP_KERNEL).is_err());
    }

    #[test]
    fn part_of_pages() -> Result {
        for (range, good) in [
            (0..2 * PAGE_SIZE, true),
            (100..PAGE_SIZE + 1, true),
            (2 * PAGE_SIZE..2 * PAGE_SIZE, true),
            (0..2 * PAGE_SIZE + 1, false),
            (Range { start: 2, end: 1 }, false),
            (usize::MAX - 1..usize::MAX, false),
        ] {
            let pages = Pages::zeroed(1, GFP_KERNEL)?;
            let start = pages.as_ptr() as usize;

            match PagesPart::new(pages, range.clone()) {
                Ok(part) => {
                    assert!(good && part.len() == range.len());

                    let raw = part.into_raw();
                    assert_eq!(mapped::<PagesPart>(raw), (start + range.start, range.len()));

                    // SAFETY: From `into_raw()` just now, and no device has seen it.
                    let pages = unsafe { PagesPart::from_raw(raw) }.into_pages();
                    assert!(pages.as_ptr() as usize == start && pages.len() == 2 * PAGE_SIZE);
                }
                Err(pages) => assert!(!good && pages.as_ptr() as usize == start),
            }
        }
        Ok(())
    }

    /// The bytes beside it are not in it.
    #[test]
    fn part_of_pages_is_written() -> Result {
        let mut part = PagesPart::new(Pages::zeroed(0, GFP_KERNEL)?, 10..20).map_err(|_| EINVAL)?;

        part.fill(0x5a);
        let pages = part.into_pages();
        for (at, byte) in pages.iter().enumerate() {
            assert_eq!(*byte, if (10..20).contains(&at) { 0x5a } else { 0 });
        }
        Ok(())
    }

    #[test]
    fn pages_round_trip() -> Result {
        let mut pages = Pages::zeroed(1, GFP_KERNEL)?;
        let (addr, size) = (pages.as_ptr() as usize, pages.size());
        for (number, byte) in pages.iter_mut().enumerate() {
            *byte = number as u8;
        }

        let raw = pages.into_raw();
        assert_eq!(mapped::<Pages>(raw), (addr, size));

        // Were they free, it would be their turn.
        let others = Pages::zeroed(1, GFP_KERNEL)?;
        assert!(others.as_ptr() as usize != addr);

        // SAFETY: `raw` is from `into_raw()`, and taken back once. No device has it.
        let pages = unsafe { Pages::from_raw(raw) };
        assert_eq!(pages.as_ptr() as usize, addr);
        assert_eq!(pages.size(), size);
        assert!(pages
            .iter()
            .enumerate()
            .all(|(number, &byte)| byte == number as u8));
        Ok(())
    }

    #[test]
    fn kbox_round_trip() -> Result {
        let drops = Cell::new(0);
        let number = 0x0123_4567_89ab_cdef;
        let boxed = KBox::new(
            Counted {
                drops: &drops,
                number,
            },
            GFP_KERNEL,
        )?;
        let addr = core::ptr::from_ref(&*boxed) as usize;

        let raw = Buffer::into_raw(boxed);
        assert_eq!(
            mapped::<KBox<Counted<'_>>>(raw),
            (addr, size_of::<Counted<'_>>())
        );
        assert_eq!(drops.get(), 0);

        // SAFETY: `raw` is from `into_raw()`, and taken back once. No device has it.
        let boxed = unsafe { <KBox<Counted<'_>> as Buffer>::from_raw(raw) };
        assert_eq!(core::ptr::from_ref(&*boxed) as usize, addr);
        assert_eq!(boxed.number, number);
        assert_eq!(drops.get(), 0);

        drop(boxed);
        assert_eq!(drops.get(), 1);
        Ok(())
    }

    #[test]
    fn kbox_without_a_byte() -> Result {
        let before = EMPTY_DROPS.load(Relaxed);

        let raw = Buffer::into_raw(KBox::new(Empty, GFP_KERNEL)?);
        assert_eq!(mapped::<KBox<Empty>>(raw).1, 0);
        assert_eq!(EMPTY_DROPS.load(Relaxed), before);

        // SAFETY: `raw` is from `into_raw()`, and taken back once. No device has it.
        drop(unsafe { <KBox<Empty> as Buffer>::from_raw(raw) });
        assert_eq!(EMPTY_DROPS.load(Relaxed), before + 1);
        Ok(())
    }

    #[test]
    fn kvec_with_spare_capacity() -> Result {
        let drops = Cell::new(0);
        let mut vec = KVec::with_capacity(16, GFP_KERNEL)?;
        for number in 0..5 {
            let element = Counted {
                drops: &drops,
                number,
            };
            vec.push(element, GFP_KERNEL)?;
        }
        let (addr, capacity) = (vec.as_ptr() as usize, vec.capacity());

        let raw = Buffer::into_raw(vec);
        assert_eq!(
            mapped::<KVec<Counted<'_>>>(raw),
            (addr, 5 * size_of::<Counted<'_>>())
        );
        assert_eq!(drops.get(), 0);

        // SAFETY: `raw` is from `into_raw()`, and taken back once. No device has it.
        let vec = unsafe { <KVec<Counted<'_>> as Buffer>::from_raw(raw) };
        assert_eq!(vec.as_ptr() as usize, addr);
        assert_eq!(vec.len(), 5);
        assert_eq!(vec.capacity(), capacity);
        assert!(vec.iter().map(|element| element.number).eq(0..5));
        assert_eq!(drops.get(), 0);

        drop(vec);
        assert_eq!(drops.get(), 5);
        Ok(())
    }

    #[test]
    fn kvec_full() -> Result {
        let vec = KVec::from_elem(0x5aa5_u16, 100, GFP_KERNEL)?;
        let (addr, capacity) = (vec.as_ptr() as usize, vec.capacity());

        let raw = Buffer::into_raw(vec);
        assert_eq!(mapped::<KVec<u16>>(raw), (addr, 200));

        // SAFETY: `raw` is from `into_raw()`, and taken back once. No device has it.
        let vec = unsafe { <KVec<u16> as Buffer>::from_raw(raw) };
        assert_eq!(vec.as_ptr() as usize, addr);
        assert_eq!(vec.capacity(), capacity);
        assert_eq!(&vec[..], &[0x5aa5; 100]);
        Ok(())
    }

    #[test]
    fn kvec_empty() -> Result {
        for capacity in [0, 16] {
            let vec = KVec::<u64>::with_capacity(capacity, GFP_KERNEL)?;
            let (addr, capacity) = (vec.as_ptr() as usize, vec.capacity());

            let raw = Buffer::into_raw(vec);
            assert_eq!(mapped::<KVec<u64>>(raw), (addr, 0));

            // SAFETY: `raw` is from `into_raw()`, and taken back once. No device has it.
            let mut vec = unsafe { <KVec<u64> as Buffer>::from_raw(raw) };
            assert_eq!(vec.as_ptr() as usize, addr);
            assert_eq!(vec.capacity(), capacity);
            assert!(vec.is_empty());

            // It still knows whether it has memory of its own.
            vec.push(1, GFP_KERNEL)?;
            assert_eq!((vec.as_ptr() as usize == addr), (capacity > 0));
            assert_eq!(&vec[..], &[1]);
        }
        Ok(())
    }

    #[test]
    fn kvec_without_a_byte() -> Result {
        let before = EMPTY_DROPS.load(Relaxed);
        let mut vec = KVec::new();
        for _ in 0..3 {
            vec.push(Empty, GFP_KERNEL)?;
        }

        let raw = Buffer::into_raw(vec);
        // SAFETY: It is taken back below.
        assert_eq!(unsafe { <KVec<Empty> as Buffer>::target(raw) }.len(), 3);
        assert_eq!(mapped::<KVec<Empty>>(raw).1, 0);
        assert_eq!(EMPTY_DROPS.load(Relaxed), before);

        // SAFETY: `raw` is from `into_raw()`, and taken back once. No device has it.
        let vec = unsafe { <KVec<Empty> as Buffer>::from_raw(raw) };
        assert_eq!(vec.len(), 3);
        assert_eq!(EMPTY_DROPS.load(Relaxed), before);

        drop(vec);
        assert_eq!(EMPTY_DROPS.load(Relaxed), before + 3);
        Ok(())
    }
}
