// SPDX-License-Identifier: GPL-2.0

//! Memory that may be mapped as one piece.

use super::raw;
use core::{
    ops::{
        Deref,
        DerefMut, //
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
    page::PAGE_SIZE,
    prelude::*,
    ptr::KnownSize, //
};

/// Memory that may be mapped as one piece, and that gives itself up while it is.
///
/// Implemented for [`KBox`], [`KVec`] and [`Pages`]: the memory of each is in the kernel's linear
/// map and physically contiguous. There is no implementation for a reference, an array on the
/// stack, a `static`, [`VBox`] or [`VVec`]; those cannot be mapped, or not as one piece.
///
/// Of a [`KVec`] its elements are mapped, and not its spare capacity. A small one with spare capacity,
/// or one that was shortened, can be refused if the device writes to it and is not cache-coherent: use
/// [`Pages`] for such a device, or a vector that was allocated with the length that is mapped.
///
/// # Safety
///
/// - The bytes that [`Buffer::target`] points to are initialized, physically contiguous, in the
///   kernel's linear map, and neither on a stack nor in the kernel's image. Their address and number
///   are the same at every call; [`KnownSize`] tells the true number.
/// - The page that [`Buffer::page`] names, if any, is the one whose first byte they begin with.
/// - They stay allocated, and stay where they are, from [`Buffer::into_raw`] to
///   [`Buffer::from_raw`], and nothing else reads or writes them in between.
/// - They are the beginning of a piece of memory from `kmalloc()` or from the page allocator, and
///   nothing reads or writes the rest of that piece in between, either.
/// - If [`Buffer::MAY_BE_PART`] is `false`, there is no rest: the memory was allocated with just that
///   size, or is whole pages.
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

    /// The memory that is mapped.
    fn target(raw: Self::Raw) -> NonNull<Self::Target>;

    /// The page that the memory begins with, if it is to be mapped by its page
    /// (`dma_map_page_attrs()`) and not by its address (`dma_map_single_attrs()`).
    #[inline(always)]
    fn page(_raw: Self::Raw) -> Option<NonNull<bindings::page>> {
        None
    }
}

// SAFETY: `KBox` is memory from `kmalloc()`: physically contiguous, in the linear map, and not moved
// until it is freed. A `T` is initialized. The box is consumed, and only a raw pointer kept. The size
// of a `T` is a multiple of its alignment and is what was asked for.
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
    fn target(raw: NonNull<T>) -> NonNull<T> {
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

// SAFETY: `KVec` is memory from `kmalloc()`: physically contiguous, in the linear map, and not moved
// while the vector is not in anybody's hands. Its first `len` elements, which are what is mapped, are
// initialized. The vector is consumed, and only its raw parts kept, so that its spare capacity is out
// of reach as well.
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
    fn target(raw: RawVec<T>) -> NonNull<[T]> {
        NonNull::slice_from_raw_parts(raw.ptr, raw.len)
    }
}

/// Physically contiguous pages, allocated and freed as one.
///
/// C: `alloc_pages()` and `__free_pages()`, `mm/page_alloc.c`.
///
/// # Invariants
///
/// `page` is the first of `1 << order` pages that this value owns, and `addr` is where they are in
/// the kernel's linear map. All their bytes are initialized.
pub struct Pages {
    page: NonNull<bindings::page>,
    addr: NonNull<u8>,
    order: u32,
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
        // `alloc_pages()` warns on what no allocator can fulfil.
        if order > bindings::MAX_PAGE_ORDER {
            return Err(AllocError);
        }

        // No zone without addresses in the kernel, nothing that leaves pages as they were.
        let allowed = GFP_KERNEL_ACCOUNT | GFP_ATOMIC | GFP_NOWAIT | __GFP_NOWARN;
        let flags = raw::gfp((flags & allowed) | __GFP_ZERO);

        // SAFETY: The order is within bounds, and `flags` has only bits that ask for memory of the
        // kernel's own. That the context suits them is asked of users of all allocation functions.
        let page = unsafe { bindings::alloc_pages(flags, order) };
        let page = NonNull::new(page).ok_or(AllocError)?;

        // SAFETY: `page` was just allocated.
        let addr = unsafe { crate::bindings::helper_page_address(page.as_ptr()) };
        let Some(addr) = NonNull::new(addr.cast()) else {
            // SAFETY: `page` was just allocated with this order, and nobody else knows of it.
            unsafe { bindings::__free_pages(page.as_ptr(), order) };
            return Err(AllocError);
        };

        // INVARIANT: Just allocated, zeroed by `__GFP_ZERO`, and `addr` is their linear address.
        Ok(Self { page, addr, order })
    }

    /// The size in bytes.
    #[inline(always)]
    pub fn size(&self) -> usize {
        PAGE_SIZE << self.order
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
    fn drop(&mut self) {
        // SAFETY: By the invariants, these pages belong to `self` and were allocated as one piece of
        // this order.
        unsafe { bindings::__free_pages(self.page.as_ptr(), self.order) };
    }
}

/// [`Pages`] while a device has them.
#[derive(Clone, Copy)]
pub struct RawPages {
    page: NonNull<bindings::page>,
    addr: NonNull<u8>,
    order: u32,
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
            page: this.page,
            addr: this.addr,
            order: this.order,
        }
    }

    #[inline(always)]
    unsafe fn from_raw(raw: RawPages) -> Self {
        // INVARIANT: By the caller's promise, `raw` came from `into_raw()`, which gave up the
        // ownership that is taken back here.
        Self {
            page: raw.page,
            addr: raw.addr,
            order: raw.order,
        }
    }

    #[inline(always)]
    fn target(raw: RawPages) -> NonNull<[u8]> {
        NonNull::slice_from_raw_parts(raw.addr, PAGE_SIZE << raw.order)
    }

    #[inline(always)]
    fn page(raw: RawPages) -> Option<NonNull<bindings::page>> {
        Some(raw.page)
    }
}
