// SPDX-License-Identifier: GPL-2.0

//! Memory that shares no page with other memory.

use super::{
    Buffer,
    Pages,
    PagesPart, //
};
use core::{
    marker::PhantomData,
    ops::{
        Deref,
        DerefMut, //
    },
    ptr::NonNull, //
};
use kernel::{
    alloc::{
        AllocError,
        Flags, //
    },
    io::PhysAddr,
    page::PAGE_SIZE,
    prelude::*,
    transmute::AsBytes, //
};

/// Memory that shares no page with other memory.
///
/// An IOMMU maps pages. When a part of a page is mapped, the device reaches all of it: behind a
/// [`KBox`], for example, other objects from `kmalloc()`. A driver for a device that must not reach
/// them asks for this trait with a bound. While such memory is mapped, a cache-coherent device
/// finds zeroes beside it, or bytes that the owner or a device wrote there. No unsafe code relies
/// on this.
///
/// The limits:
///
/// - Without translation a device reaches all memory. In a lazy domain it reaches pages for some
///   time after they were unmapped and freed: [`BufferPool`](crate::dma::BufferPool) keeps them.
/// - The pages of the IOMMU are no larger than the CPU's
///   ([`merge_boundary()`](crate::dma::limits::merge_boundary)).
/// - For a device that is not cache-coherent, map [`Pages`] as a whole. A small value that such a
///   device writes is bounced to a page whose rest is not cleared, and of pages that are mapped in
///   part only the part is written back from the CPU's caches.
///
/// Not implemented for [`VVec`], the rest of whose last page is not cleared. Beside a
/// [`PoolObject`](crate::dma::PoolObject) are other objects and pointers of the pool:
/// [`CoherentMemory`](crate::dma::CoherentMemory) has pages of its own.
///
/// Of a PCI device that is marked as untrusted, dma-iommu bounces what is not in whole pages, and
/// clears the rest ([`drivers/iommu/dma-iommu.c`](srctree/drivers/iommu/dma-iommu.c), with
/// `CONFIG_SWIOTLB`): any [`Buffer`] exposes nothing else there.
///
/// # Examples
///
/// ```
/// use kernel::{
///     device::{
///         Bound,
///         Device, //
///     },
///     prelude::*, //
/// };
/// use safe_dma::dma::{
///     Buffer,
///     Mapping,
///     PageBox,
///     Permits,
///     ToDevice,
///     WholePages, //
/// };
///
/// /// Maps memory for a device that must see nothing else.
/// fn send<B: Buffer + WholePages>(dev: &Device<Bound>, buffer: B) -> Result
/// where
///     ToDevice: Permits<B::Target>,
/// {
///     let mapping = Mapping::map(dev, buffer, ToDevice)?;
///     drop(mapping);
///     Ok(())
/// }
///
/// fn greet(dev: &Device<Bound>) -> Result {
///     send(dev, PageBox::new(*b"hello", GFP_KERNEL)?)
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` may share a page with other memory, which the device then reaches",
    note = "`dma::Pages`, `dma::PagesPart`, `dma::PageBox<T>` and vectors of them do not"
)]
pub trait WholePages {}

impl WholePages for Pages {}

impl WholePages for PagesPart {}

impl<T: AsBytes> WholePages for PageBox<T> {}

// Mapped as a list: as one buffer it is not in whole pages, but no `Permits` allows its elements.
impl<B: Buffer + WholePages> WholePages for KVec<B> {}

/// A value at the beginning of pages of its own; the rest of them is zeroes.
///
/// As a [`KBox`], but with memory that is [`WholePages`]: at least a page. The value is moved over
/// the stack; for more than a part of a page use [`Pages`].
///
/// # Invariants
///
/// `pages` begins with a valid `T`, and has `1 << Self::ORDER` pages.
pub struct PageBox<T: AsBytes> {
    pages: Pages,
    _value: PhantomData<T>,
}

impl<T: AsBytes> PageBox<T> {
    pub(super) const ORDER: u32 = size_of::<T>()
        .div_ceil(PAGE_SIZE)
        .next_power_of_two()
        .trailing_zeros();

    /// Moves a value to pages of its own.
    ///
    /// `flags` as of [`Pages::zeroed`]. May sleep, unless they say otherwise.
    ///
    /// # Errors
    ///
    /// [`AllocError`] if there are no such pages.
    pub fn new(value: T, flags: Flags) -> Result<Self, AllocError> {
        const {
            assert!(
                align_of::<T>() <= PAGE_SIZE,
                "the alignment of the type is larger than that of pages"
            );
            assert!(
                !core::mem::needs_drop::<T>(),
                "pages are freed without dropping a value"
            );
        }
        let pages = Pages::zeroed(Self::ORDER, flags)?;

        // SAFETY: There are as many bytes as a `T` has, aligned to a page and so for `T`. They
        // belong to `pages`, which nothing else refers to, and are initialized afterwards, as those
        // of an `AsBytes` type are.
        unsafe { pages.data.cast::<T>().write(value) };
        // INVARIANT: Just written, to so many pages.
        Ok(Self {
            pages,
            _value: PhantomData,
        })
    }
}

impl<T: AsBytes> Deref for PageBox<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: By the invariants this is a valid `T`, which `self` owns.
        unsafe { self.pages.data.cast().as_ref() }
    }
}

impl<T: AsBytes> DerefMut for PageBox<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: By the invariants this is a valid `T`, which `self` owns. It is borrowed
        // exclusively. Its bytes stay initialized, as those of an `AsBytes` type are.
        unsafe { self.pages.data.cast().as_mut() }
    }
}

// SAFETY: As of `Pages`, at whose start the value is. By the invariants it is a valid `T`; it is
// aligned, as pages are and as `PageBox::new()` has checked of the type. The rest of the pages is
// consumed with it. They are whole pages.
unsafe impl<T: AsBytes> Buffer for PageBox<T> {
    type Target = T;
    /// The physical address.
    type Rest = PhysAddr;

    const MAY_SHARE_CACHELINE: bool = false;

    #[inline]
    fn into_raw(self) -> (NonNull<T>, PhysAddr) {
        let (data, phys) = self.pages.into_raw();

        (data.cast(), phys)
    }

    #[inline]
    unsafe fn from_raw(data: NonNull<T>, phys: PhysAddr) -> Self {
        let data = NonNull::slice_from_raw_parts(data.cast(), PAGE_SIZE << Self::ORDER);

        // INVARIANT: By the safety requirements the value is valid. `new()` allocated so many
        // pages.
        Self {
            // SAFETY: These are what `into_raw()` of the pages returned. By the safety requirements
            // they are passed on once, and no device accesses them.
            pages: unsafe { Pages::from_raw(data, phys) },
            _value: PhantomData,
        }
    }

    #[inline]
    unsafe fn phys(_data: NonNull<T>, phys: PhysAddr) -> PhysAddr {
        phys
    }
}
