// SPDX-License-Identifier: GPL-2.0

//! Physically contiguous memory that may be mapped.

mod whole_pages;

pub use self::whole_pages::{
    PageBox,
    WholePages, //
};

use super::{
    alloc,
    compat,
    error::ErrorWith, //
};
use crate::bindings as helpers;
use core::{
    mem::ManuallyDrop,
    ops::{
        Deref,
        DerefMut,
        Range, //
    },
    ptr::NonNull, //
};
use kernel::{
    alloc::{
        AllocError,
        Flags, //
    },
    bindings,
    io::PhysAddr,
    page::PAGE_SIZE,
    prelude::*,
    ptr::KnownSize, //
};

/// Physically contiguous memory that may be mapped, and that is consumed by the mapping.
///
/// Implemented for [`KBox`], [`KVec`], [`Pages`], [`PagesPart`] and [`PageBox`]: the memory of each
/// is in the kernel's linear map and physically contiguous. There is no implementation for a
/// reference, an array on the stack, a `static`, [`VBox`] or [`VVec`]; those cannot be mapped, or
/// not as one segment.
///
/// Of a [`KVec`] its elements are mapped, and not its spare capacity. A small one with spare
/// capacity, or one that was shortened, can be refused if the device writes to it and is not
/// cache-coherent: use [`Pages`] for such a device, or a vector that was allocated with the length
/// that is mapped.
///
/// # Safety
///
/// - The pointer from [`Buffer::into_raw`] is to a valid [`Buffer::Target`], aligned for it,
///   through which it may be read and written until it is passed to [`Buffer::from_raw`]. Its bytes
///   are physically contiguous, in the kernel's linear map, and neither on a stack nor in the
///   kernel's image; [`KnownSize`] returns their true number. They need not be initialized:
///   [`Permits`](super::Permits) requires that of memory that is mapped.
/// - [`Buffer::phys`] is the physical address of the first of them, if there is one. It may be
///   called from any thread, and from several at a time.
/// - They stay allocated, and stay where they are, from [`Buffer::into_raw`] to
///   [`Buffer::from_raw`], for ever if that is never called, and nothing else reads or writes them
///   in between. No reference to them is left.
/// - `Self` has no padding, since a list keeps the raw form in its place.
/// - If `Self` is [`Send`], [`Buffer::from_raw`] may be called from any thread.
/// - They are the beginning of an object from `kmalloc()`, or anywhere in pages from the page
///   allocator, and nothing reads or writes the rest of these in between, either.
/// - If [`Buffer::MAY_SHARE_CACHELINE`] is `false`, the memory was allocated with just that size,
///   so that there is no rest, or it is in whole pages.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be mapped for streaming DMA",
    label = "not memory that can be mapped as one segment",
    note = "`KBox<T>`, `KVec<T>` and `dma::Pages` can; memory on the stack, static memory \
            and vmalloc memory (`VBox`, `VVec`) cannot"
)]
pub unsafe trait Buffer: Sized {
    /// The type of the memory.
    type Target: ?Sized + KnownSize;

    /// The rest of the buffer, besides its memory: the capacity of a vector, for example.
    type Rest: Copy;

    /// Whether the bytes may be only a part of an object from `kmalloc()`.
    ///
    /// The kernel concludes from the size that is mapped how such memory is aligned, and is wrong
    /// if more was allocated. Where this is `true` the address is checked too, at the price of a
    /// comparison. See [`EINVAL`] in [`Mapping::map`](super::Mapping::map).
    const MAY_SHARE_CACHELINE: bool = true;

    /// Returns the memory, and the rest of the buffer.
    fn into_raw(self) -> (NonNull<Self::Target>, Self::Rest);

    /// Returns the buffer.
    ///
    /// # Safety
    ///
    /// - `data` and `rest` are from one call of [`Buffer::into_raw`], and have not been passed to
    ///   this function before.
    /// - The memory is valid for [`Buffer::Target`], and no device accesses it any more.
    unsafe fn from_raw(data: NonNull<Self::Target>, rest: Self::Rest) -> Self;

    /// Returns the physical address of the memory; of an empty buffer, any number.
    ///
    /// Overridden by a buffer that keeps its physical address.
    ///
    /// C: `virt_to_phys()`, [`include/asm-generic/io.h`](srctree/include/asm-generic/io.h).
    ///
    /// # Safety
    ///
    /// - `data` and `rest` are from one call of [`Buffer::into_raw`], and have not been passed to
    ///   [`Buffer::from_raw`] yet.
    /// - The number is given to no device, except by mapping it.
    #[inline]
    unsafe fn phys(data: NonNull<Self::Target>, _rest: Self::Rest) -> PhysAddr {
        // The pointer dangles, and C warns of addresses that are not in the linear map
        // (`CONFIG_DEBUG_VIRTUAL`).
        if Self::Target::size(data.as_ptr()) == 0 {
            return 0;
        }
        // SAFETY: By the contract of this trait the memory is in the linear map, and there is some.
        unsafe { helpers::helper_virt_to_phys(data.as_ptr().cast_const().cast()) }
    }
}

// SAFETY: `KBox` is memory from `kmalloc()`: physically contiguous, in the linear map, and not
// moved until it is freed. It holds a valid `T`, aligned. The box is consumed, and only a raw
// pointer kept. The size of a `T` is a multiple of its alignment, and is the allocated size.
unsafe impl<T> Buffer for KBox<T> {
    type Target = T;
    type Rest = ();

    const MAY_SHARE_CACHELINE: bool = false;

    #[inline]
    fn into_raw(self) -> (NonNull<T>, ()) {
        // SAFETY: A box is never null.
        (unsafe { NonNull::new_unchecked(KBox::into_raw(self)) }, ())
    }

    #[inline]
    unsafe fn from_raw(data: NonNull<T>, (): ()) -> Self {
        // SAFETY: By the safety requirements, `data` is from `KBox::into_raw()` and a valid `T`.
        unsafe { KBox::from_raw(data.as_ptr()) }
    }
}

// SAFETY: `KVec` is memory from `kmalloc()`: physically contiguous, in the linear map, and not
// moved while the vector is consumed. Its elements, which are what is mapped, are valid and
// aligned. Only its raw parts are kept, so that its spare capacity is out of reach as well.
unsafe impl<T> Buffer for KVec<T> {
    type Target = [T];
    /// The capacity.
    type Rest = usize;

    #[inline]
    fn into_raw(self) -> (NonNull<[T]>, usize) {
        let (ptr, len, capacity) = self.into_raw_parts();
        // SAFETY: The pointer of a vector is never null; it dangles when nothing is allocated.
        let ptr = unsafe { NonNull::new_unchecked(ptr) };

        (NonNull::slice_from_raw_parts(ptr, len), capacity)
    }

    #[inline]
    unsafe fn from_raw(data: NonNull<[T]>, capacity: usize) -> Self {
        // SAFETY: By the safety requirements these are the parts of one vector, whose elements are
        // valid.
        unsafe { Self::from_raw_parts(data.as_ptr().cast(), data.len(), capacity) }
    }
}

/// Physically contiguous pages, allocated and freed as one.
///
/// C: `alloc_pages()`, `free_pages()`; [`include/linux/gfp.h`](srctree/include/linux/gfp.h).
///
/// # Invariants
///
/// `data` is memory in the kernel's linear map that this value owns, all of it initialized, and
/// begins at `phys` in physical memory. It is a power of two of pages, allocated as one.
// In this order, as the raw form has it, so that nothing is moved in a list of pages.
pub struct Pages {
    data: NonNull<[u8]>,
    phys: PhysAddr,
}

// SAFETY: The pages belong to this value alone, and may be freed and accessed from any thread.
unsafe impl Send for Pages {}

// SAFETY: A shared reference gives shared access to bytes and no more.
unsafe impl Sync for Pages {}

impl Pages {
    /// Allocates `1 << order` contiguous pages, filled with zeroes.
    ///
    /// Of `flags`, those of [`GFP_KERNEL`], [`GFP_KERNEL_ACCOUNT`], [`GFP_ATOMIC`],
    /// [`GFP_NOWAIT`] and [`__GFP_NOWARN`] count. May sleep, unless they say otherwise.
    ///
    /// # Errors
    ///
    /// [`AllocError`] if there are no such pages.
    pub fn zeroed(order: u32, flags: Flags) -> Result<Self, AllocError> {
        // `alloc_pages()` warns about orders that no allocator has.
        if order > bindings::MAX_PAGE_ORDER {
            return Err(AllocError);
        }

        let flags =
            compat::gfp(alloc::alloc_flags(flags, PAGE_SIZE << order)) | bindings::__GFP_ZERO;

        // SAFETY: The order is within bounds, and `flags` has only bits that ask for memory of the
        // kernel's own. That the context suits them is up to the caller, as with any allocation.
        let page = unsafe { bindings::alloc_pages(flags, order) };
        let page = NonNull::new(page).ok_or(AllocError)?;

        // SAFETY: `page` was just allocated.
        let addr = unsafe { helpers::helper_page_address(page.as_ptr()) };
        let Some(addr) = NonNull::new(addr.cast::<u8>()) else {
            // SAFETY: `page` was just allocated with this order, and has no other user.
            unsafe { bindings::__free_pages(page.as_ptr(), order) };
            return Err(AllocError);
        };

        // SAFETY: This is in the linear map.
        let phys = unsafe { helpers::helper_virt_to_phys(addr.as_ptr().cast()) };

        // INVARIANT: Just allocated, zeroed by `__GFP_ZERO`, and these are their addresses.
        Ok(Self {
            data: NonNull::slice_from_raw_parts(addr, PAGE_SIZE << order),
            phys,
        })
    }

    /// Returns the size in bytes.
    #[inline]
    pub fn size(&self) -> usize {
        self.data.len()
    }
}

impl Deref for Pages {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        // SAFETY: By the invariants, these are initialized bytes that `self` owns.
        unsafe { self.data.as_ref() }
    }
}

impl DerefMut for Pages {
    #[inline]
    fn deref_mut(&mut self) -> &mut [u8] {
        // SAFETY: By the invariants, these are initialized bytes that `self` owns. It is borrowed
        // exclusively.
        unsafe { self.data.as_mut() }
    }
}

impl Drop for Pages {
    #[inline]
    fn drop(&mut self) {
        // By the invariants it is a power of two. `ilog2()` would have a way to panic, for zero.
        let order = (self.size() / PAGE_SIZE).trailing_zeros();

        // SAFETY: By the invariants, these pages belong to `self` and were allocated with that
        // order.
        unsafe { bindings::free_pages(self.data.addr().get(), order) };
    }
}

// SAFETY: Pages of one allocation are physically contiguous, are in the linear map by the
// invariants of `Pages`, and do not move. Their bytes are initialized. `Pages` is consumed, and
// only a raw pointer kept. All of them are mapped.
unsafe impl Buffer for Pages {
    type Target = [u8];
    /// The physical address.
    type Rest = PhysAddr;

    const MAY_SHARE_CACHELINE: bool = false;

    #[inline]
    fn into_raw(self) -> (NonNull<[u8]>, PhysAddr) {
        let this = ManuallyDrop::new(self);

        (this.data, this.phys)
    }

    #[inline]
    unsafe fn from_raw(data: NonNull<[u8]>, phys: PhysAddr) -> Self {
        // INVARIANT: By the safety requirements these are from `into_raw()`, which gave up the
        // ownership that is taken here.
        Self { data, phys }
    }

    #[inline]
    unsafe fn phys(_data: NonNull<[u8]>, phys: PhysAddr) -> PhysAddr {
        phys
    }
}

/// Bytes in [`Pages`], which begin anywhere: behind a header that is not for the device, for
/// example.
///
/// It owns the pages, so that no other memory is in a cache line with these bytes.
///
/// # Invariants
///
/// `range` is within `pages`, and not reversed.
pub struct PagesPart {
    pages: Pages,
    range: Range<usize>,
}

impl PagesPart {
    /// Creates a part of the bytes of `range`, counted from the start of the pages.
    ///
    /// # Errors
    ///
    /// The pages come back with [`EINVAL`] if they have no such bytes.
    pub fn new(pages: Pages, range: Range<usize>) -> Result<Self, ErrorWith<Pages>> {
        if range.start > range.end || range.end > pages.size() {
            return Err(ErrorWith::new(EINVAL, pages));
        }

        // INVARIANT: Just checked.
        Ok(Self { pages, range })
    }

    /// Returns all of the pages.
    pub fn into_pages(self) -> Pages {
        self.pages
    }
}

impl Deref for PagesPart {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        &self.pages[self.range.clone()]
    }
}

impl DerefMut for PagesPart {
    #[inline]
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.pages[self.range.clone()]
    }
}

// SAFETY: As of `Pages`, which are consumed, of whose bytes these are some; the others are consumed
// with them. They are whole pages, so that no other memory is in a cache line with these bytes.
unsafe impl Buffer for PagesPart {
    type Target = [u8];
    /// The bytes before the part, the size of the pages, and their physical address.
    type Rest = (usize, usize, PhysAddr);

    const MAY_SHARE_CACHELINE: bool = false;

    #[inline]
    fn into_raw(self) -> (NonNull<[u8]>, Self::Rest) {
        let Range { start, end } = self.range;
        let (pages, phys) = self.pages.into_raw();
        // SAFETY: By the invariants that is within the pages, or at their end.
        let data = unsafe { pages.cast::<u8>().add(start) };

        (
            NonNull::slice_from_raw_parts(data, end - start),
            (start, pages.len(), phys),
        )
    }

    #[inline]
    unsafe fn from_raw(data: NonNull<[u8]>, (start, size, phys): Self::Rest) -> Self {
        // SAFETY: By the safety requirements this is from `into_raw()`, which added `start`.
        let pages = unsafe { data.cast::<u8>().sub(start) };

        // INVARIANT: As it was before `into_raw()`.
        Self {
            // SAFETY: These are what `into_raw()` of the pages returned. By the safety requirements
            // they are passed on once, and no device accesses them.
            pages: unsafe { Pages::from_raw(NonNull::slice_from_raw_parts(pages, size), phys) },
            range: start..start + data.len(),
        }
    }

    #[inline]
    unsafe fn phys(_data: NonNull<[u8]>, (start, _, phys): Self::Rest) -> PhysAddr {
        // CAST: From at most 64 bits.
        phys + start as PhysAddr
    }
}

mod tests;
