// SPDX-License-Identifier: GPL-2.0

//! Coherent memory that a driver's binding owns.

use crate::dma::{
    alloc,
    compat,
    limits,
    AnySegments,
    Bidirectional,
    Memory,
    Range, //
};
use core::ptr::NonNull;
use kernel::{
    alloc::Flags,
    bindings,
    device::{
        Bound,
        Device, //
    },
    dma::{
        attrs::*,
        Attrs,
        DmaAddress, //
    },
    io::{
        IoBase,
        SysMem,
        SysMemBackend, //
    },
    prelude::*,
    ptr::KnownSize,
    transmute::{
        AsBytes,
        FromBytes, //
    }, //
};

/// Memory that the CPU and a device access at the same time.
///
/// Mainline's [`kernel::dma::Coherent`] may outlive the driver's binding, and returns its DMA
/// address as a number. This memory borrows the bound device, so that it can be the memory of a
/// [`Transfer`](crate::dma::Transfer), and takes no reference to it.
///
/// The CPU reads and writes it with [`io_read!`](kernel::io::io_read),
/// [`io_write!`](kernel::io::io_write) and the rest of [`kernel::io::Io`] on `&memory`, which
/// access memory once and as written. A reference is `unsafe`, since a device that was told the
/// address may write at any time.
///
/// Dropping it frees it, which may sleep: not in atomic context.
///
/// [`SgMapping::map`](crate::dma::SgMapping::map) maps it for another device, see the second
/// example. Then that device owns it: neither the CPU nor the device that it was allocated for may
/// access it until [`SgMapping::unmap`](crate::dma::SgMapping::unmap) returns it.
///
/// # Examples
///
/// ```
/// use kernel::{
///     device::{
///         Bound,
///         Device, //
///     },
///     dma::attrs::DMA_ATTR_FORCE_CONTIGUOUS,
///     prelude::*, //
/// };
/// use safe_dma::dma::CoherentMemory;
///
/// /// A frame buffer for a device that takes one address.
/// fn frame<'bound>(dev: &'bound Device<Bound>) -> Result<CoherentMemory<'bound, [u32]>> {
///     let attrs = DMA_ATTR_FORCE_CONTIGUOUS;
///
///     CoherentMemory::zeroed_slice_with_attrs(dev, 640 * 480, GFP_KERNEL, attrs)
/// }
/// ```
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
///     CoherentMemory,
///     SgMapping,
///     ToDevice, //
/// };
///
/// type Scanout<'a> = SgMapping<'a, CoherentMemory<'a, [u32]>, ToDevice>;
///
/// /// Shows the image of a camera on a display, without a copy.
/// fn show<'a>(
///     display: &'a Device<Bound>,
///     frame: CoherentMemory<'a, [u32]>,
/// ) -> Result<Scanout<'a>> {
///     Ok(SgMapping::map(display, frame, ToDevice, GFP_KERNEL)?)
/// }
/// ```
///
/// # Invariants
///
/// `data` is memory from `dma_alloc_attrs()` for `dev`, with `attrs`, which `are_for_coherent()`
/// accepts, and `addr` is its DMA address. It has not been freed. All of its bytes were set. It
/// begins with a page, which aligns it for `T`.
pub struct CoherentMemory<'bound, T: KnownSize + ?Sized> {
    pub(super) dev: &'bound Device<Bound>,
    data: NonNull<T>,
    pub(super) addr: DmaAddress,
    pub(super) attrs: Attrs,
}

// SAFETY: The memory belongs to this value alone, and may be accessed and freed in any thread. In
// effect a `T` is sent.
unsafe impl<T: KnownSize + Send + ?Sized> Send for CoherentMemory<'_, T> {}

// SAFETY: A shared reference gives volatile access to the memory of a `T`, as one to mainline's
// `Coherent`.
unsafe impl<T: KnownSize + Sync + ?Sized> Sync for CoherentMemory<'_, T> {}

/// Returns whether memory with these attributes is RAM that the CPU can access, in the usual order.
fn are_for_coherent(attrs: Attrs) -> bool {
    (DMA_ATTR_FORCE_CONTIGUOUS
        | DMA_ATTR_ALLOC_SINGLE_PAGES
        | DMA_ATTR_WRITE_COMBINE
        | DMA_ATTR_NO_WARN
        | DMA_ATTR_PRIVILEGED)
        .contains(attrs)
}

impl<'bound, T: AsBytes + FromBytes> CoherentMemory<'bound, [T]> {
    /// Allocates `len` elements, all of whose bytes are zero.
    ///
    /// The same as [`CoherentMemory::zeroed_slice_with_attrs`] without attributes, with its errors
    /// and context.
    #[inline]
    pub fn zeroed_slice(dev: &'bound Device<Bound>, len: usize, flags: Flags) -> Result<Self> {
        Self::zeroed_slice_with_attrs(dev, len, flags, compat::no_attrs())
    }

    /// Allocates `len` elements, all of whose bytes are zero, with attributes.
    ///
    /// Flags and attributes choose where the memory comes from:
    ///
    /// | | behind an IOMMU that translates | without |
    /// | --- | --- | --- |
    /// | `GFP_KERNEL` | pages from anywhere, one range for the device, one for the CPU | contiguous |
    /// | with `DMA_ATTR_ALLOC_SINGLE_PAGES` | the same, of single pages at once | contiguous |
    /// | with `DMA_ATTR_FORCE_CONTIGUOUS` | contiguous | contiguous |
    /// | `GFP_ATOMIC` | contiguous | contiguous |
    /// | `GFP_ATOMIC`, device not cache-coherent | from the atomic pool | from the atomic pool |
    ///
    /// Contiguous memory of more than a page comes from CMA, if there is any (`CONFIG_DMA_CMA`) and
    /// the flags allow sleeping. For a device that is not cache-coherent, the CPU accesses all of
    /// it in vmalloc space, uncached. `DMA_ATTR_WRITE_COMBINE` lets the CPU combine writes to it,
    /// which the device sees after a barrier such as that of an MMIO accessor.
    ///
    /// `DMA_ATTR_NO_WARN` and `DMA_ATTR_PRIVILEGED` are accepted, too, and others refused:
    /// `DMA_ATTR_NO_KERNEL_MAPPING`, since there would be no pointer to the memory (see mainline's
    /// [`kernel::dma::CoherentHandle`]); `DMA_ATTR_WEAK_ORDERING`, since the end of a transfer
    /// could be seen before its last bytes; and those of other functions.
    ///
    /// Of `flags`, those of [`GFP_KERNEL`], [`GFP_KERNEL_ACCOUNT`], [`GFP_ATOMIC`], [`GFP_NOWAIT`]
    /// and [`__GFP_NOWARN`] count. Sleeps if they allow it.
    ///
    /// C: `dma_alloc_attrs()`, [`kernel/dma/mapping.c`](srctree/kernel/dma/mapping.c).
    ///
    /// # Errors
    ///
    /// - [`EINVAL`] for no element, elements of no bytes, or a refused attribute;
    /// - [`EOVERFLOW`] for more than fits into an address space;
    /// - [`EIO`] if the device is not capable of DMA;
    /// - [`ENOMEM`] if there is no memory, or the size is more than that of RAM, which C does not
    ///   check: for some of those sizes it oopses, or leaves a page mapped that it frees.
    #[inline]
    pub fn zeroed_slice_with_attrs(
        dev: &'bound Device<Bound>,
        len: usize,
        flags: Flags,
        attrs: Attrs,
    ) -> Result<Self> {
        if !are_for_coherent(attrs) {
            return Err(EINVAL);
        }
        // C warns of a device without a mask.
        if limits::coherent_mask(dev) == 0 {
            return Err(EIO);
        }

        let size = alloc::alloc_size::<T>(len)?;
        let flags = compat::gfp(alloc::alloc_flags(flags, size) | __GFP_ZERO);
        let mut addr = 0;
        // SAFETY: `dev` is bound, and size, flags and attributes are those that C takes, by the
        // checks above. `addr` is written to if this succeeds.
        let data = unsafe {
            bindings::dma_alloc_attrs(
                compat::device(dev),
                size,
                &mut addr,
                flags,
                compat::attrs(attrs),
            )
        };
        let data = NonNull::new(data.cast()).ok_or(ENOMEM)?;

        // INVARIANT: Allocated for `dev` just now, zeroed, with attributes that were checked.
        Ok(Self {
            dev,
            data: NonNull::slice_from_raw_parts(data, len),
            addr,
            attrs,
        })
    }

    /// Allocates memory with a copy of `data`.
    ///
    /// The same as [`CoherentMemory::from_slice_with_attrs`] without attributes, with its errors
    /// and context.
    pub fn from_slice(dev: &'bound Device<Bound>, data: &[T], flags: Flags) -> Result<Self>
    where
        T: Copy,
    {
        Self::from_slice_with_attrs(dev, data, flags, compat::no_attrs())
    }

    /// Allocates memory with a copy of `data`, with attributes.
    ///
    /// Attributes, errors and context are those of [`CoherentMemory::zeroed_slice_with_attrs`].
    pub fn from_slice_with_attrs(
        dev: &'bound Device<Bound>,
        data: &[T],
        flags: Flags,
        attrs: Attrs,
    ) -> Result<Self>
    where
        T: Copy,
    {
        let memory = Self::zeroed_slice_with_attrs(dev, data.len(), flags, attrs)?;

        // SAFETY: The memory is as long as `data`, aligned by the invariants, and new: nothing else
        // accesses it yet.
        unsafe {
            memory
                .as_mut_ptr()
                .cast::<T>()
                .copy_from_nonoverlapping(data.as_ptr(), data.len())
        };
        Ok(memory)
    }
}

impl<T: KnownSize + ?Sized> CoherentMemory<'_, T> {
    /// Returns the size in bytes.
    #[inline]
    pub fn size(&self) -> usize {
        T::size(self.as_ptr())
    }

    /// Returns the DMA range of the memory.
    #[inline]
    pub fn range(&self) -> Range<'_, Bidirectional> {
        // SAFETY: By the invariants these `size()` bytes are mapped for both directions until the
        // memory is freed, and the range borrows it.
        unsafe { Range::new(self.addr, self.size()) }
    }

    /// Returns the address at which the CPU accesses the memory.
    #[inline]
    pub fn as_ptr(&self) -> *const T {
        self.data.as_ptr()
    }

    /// Returns the address at which the CPU accesses the memory, for writes.
    #[inline]
    pub fn as_mut_ptr(&self) -> *mut T {
        self.data.as_ptr()
    }

    /// Returns a reference to the memory.
    ///
    /// # Safety
    ///
    /// Nothing writes to the memory while the reference exists: no device, no other thread, and not
    /// this one, by [`io_write!`](kernel::io::io_write).
    #[inline]
    pub unsafe fn as_ref(&self) -> &T {
        // SAFETY: By the invariants the memory is valid and initialized. By the caller's promise
        // nothing changes it.
        unsafe { self.data.as_ref() }
    }

    /// Returns whether each page of the memory has a `struct page`. A device's own memory may have
    /// none.
    pub(super) fn has_pages(&self) -> bool {
        #[cfg(CONFIG_DMA_DECLARE_COHERENT)]
        // SAFETY: `dev` is valid. The pointer is set before memory is allocated for it.
        let has_own_memory = unsafe { !(*compat::device(self.dev)).dma_mem.is_null() };
        #[cfg(not(CONFIG_DMA_DECLARE_COHERENT))]
        let has_own_memory = false;

        // With a global pool, memory for a device that is not cache-coherent is from there.
        !has_own_memory && (!cfg!(CONFIG_DMA_GLOBAL_POOL) || limits::is_coherent(self.dev))
    }
}

impl<T: KnownSize + ?Sized> Drop for CoherentMemory<'_, T> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: By the invariants the memory was allocated for this device, with these
        // attributes, and has this address. It is freed once. No device accesses it: a transfer or
        // an engine owns its memory until it has ended, and a driver that gave the address away in
        // another way has promised to keep the memory.
        unsafe {
            bindings::dma_free_attrs(
                compat::device(self.dev),
                self.size(),
                self.data.as_ptr().cast(),
                self.addr,
                compat::attrs(self.attrs),
            )
        };
    }
}

impl<'a, T: KnownSize + ?Sized> IoBase<'a> for &'a CoherentMemory<'_, T> {
    type Backend = SysMemBackend;
    type Target = T;

    #[inline]
    fn as_view(self) -> SysMem<'a, T> {
        // SAFETY: By the invariants there is memory for a `T`, aligned for it, until it is dropped.
        // It is borrowed for `'a`.
        unsafe { SysMem::new(self.as_mut_ptr()) }
    }
}

// SAFETY: By the invariants the memory is mapped for both directions, for `dev`, until it is
// dropped, and for ever if it is forgotten. All of its bytes are initialized, and its type is valid
// whatever they are. The CPU accesses it through a borrow, so not while it is moved away, except by
// its raw pointers, whose users promise that no device accesses it.
unsafe impl<T: KnownSize + AsBytes + FromBytes + ?Sized> Memory for CoherentMemory<'_, T> {
    type Direction = Bidirectional;

    #[inline]
    fn device(&self) -> &Device<Bound> {
        self.dev
    }

    #[inline]
    fn segments(&self) -> AnySegments<'_> {
        self.range().into()
    }
}

#[kunit_tests(safe_dma_coherent)]
mod tests {
    use super::*;
    use kernel::faux;

    #[test]
    fn attributes_for_coherent_memory() {
        assert!(are_for_coherent(compat::no_attrs()));
        for attrs in [
            DMA_ATTR_FORCE_CONTIGUOUS,
            DMA_ATTR_ALLOC_SINGLE_PAGES,
            DMA_ATTR_WRITE_COMBINE,
            DMA_ATTR_NO_WARN,
            DMA_ATTR_PRIVILEGED,
            DMA_ATTR_NO_WARN | DMA_ATTR_FORCE_CONTIGUOUS,
        ] {
            assert!(are_for_coherent(attrs));
        }
        for attrs in [
            DMA_ATTR_WEAK_ORDERING,
            DMA_ATTR_SKIP_CPU_SYNC,
            DMA_ATTR_MMIO,
            DMA_ATTR_NO_WARN | DMA_ATTR_MMIO,
            // `DMA_ATTR_NO_KERNEL_MAPPING` among others.
            !DMA_ATTR_NO_WARN,
        ] {
            assert!(!are_for_coherent(attrs));
        }
    }

    #[test]
    fn a_device_without_a_mask_is_refused() -> Result {
        let registration = faux::Registration::new(c"safe_dma_coherent", None)?;
        let faux: &faux::Device<Bound> = registration.as_ref();

        let memory = CoherentMemory::<[u8]>::zeroed_slice(faux.as_ref(), 1, GFP_KERNEL);
        assert!(matches!(memory, Err(EIO)));
        Ok(())
    }
}
