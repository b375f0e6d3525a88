// SPDX-License-Identifier: GPL-2.0

//! Mainline's coherent memory as memory for a transfer.
//!
//! Where it comes from is chosen by attributes and flags; see
//! [`CoherentMemory::zeroed_slice_with_attrs`].

mod mmap;
mod shared;
mod table;

pub use self::{
    mmap::MmapMemory,
    shared::RawCoherent,
    table::CoherentTable, //
};

use super::{
    direction::Bidirectional,
    limits,
    raw,
    span::Span,
    transfer::DeviceMemory, //
};
use crate::bindings as helpers;
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
        Coherent, //
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

/// A [`Coherent`] together with the device that it is for.
///
/// A [`Transfer`](super::transfer::Transfer) must know that, and must not outlive the driver's binding;
/// a [`Coherent`] tells neither, and gives out its DMA address as a number.
///
/// The CPU reads and writes it as it does a [`Coherent`]: with [`io_read!`](kernel::io::io_read),
/// [`io_write!`](kernel::io::io_write) and the rest of [`kernel::io::Io`] on `&memory`, which
/// access memory once and as written. A reference is `unsafe`, since a device that was told the
/// address may write at any time.
///
/// Dropping it frees it, which may sleep: not in atomic context.
///
/// It can be mapped for another device, too, by [`SgMapping::map`](super::sg::SgMapping::map): see the
/// second example. Then that device has it, and neither the CPU nor the device that it was allocated for,
/// until it comes back from [`SgMapping::unmap`](super::sg::SgMapping::unmap).
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
/// use safe_dma::dma::coherent::CoherentMemory;
///
/// /// A frame buffer for a device that knows nothing of pages.
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
///     coherent::CoherentMemory,
///     direction::ToDevice,
///     sg::SgMapping, //
/// };
///
/// type Scanout<'a> = SgMapping<'a, CoherentMemory<'a, [u32]>, ToDevice>;
///
/// /// What a camera has written goes to a display, without a copy.
/// fn show<'a>(display: &'a Device<Bound>, frame: CoherentMemory<'a, [u32]>) -> Result<Scanout<'a>> {
///     Ok(SgMapping::map(display, frame, ToDevice, GFP_KERNEL)?)
/// }
/// ```
///
/// # Invariants
///
/// `memory` was allocated for `dev` with `attrs`, which `are_for_coherent()` lets pass. It begins with a page, which
/// aligns it for `T`.
pub struct CoherentMemory<'bound, T: KnownSize + ?Sized> {
    dev: &'bound Device<Bound>,
    memory: Coherent<T>,
    attrs: Attrs,
}

/// Whether memory that is allocated with these attributes is RAM that the CPU can reach, and none
/// takes an order out of the accesses to it.
fn are_for_coherent(attrs: Attrs) -> bool {
    (DMA_ATTR_FORCE_CONTIGUOUS
        | DMA_ATTR_ALLOC_SINGLE_PAGES
        | DMA_ATTR_WRITE_COMBINE
        | DMA_ATTR_NO_WARN
        | DMA_ATTR_PRIVILEGED)
        .contains(attrs)
}

/// Checks what must hold before C is asked for memory of `len` values of the type `T`; returns the
/// flags to ask with.
fn check<T>(dev: &Device<Bound>, len: usize, flags: Flags, attrs: Attrs) -> Result<Flags> {
    let size = raw::alloc_size::<T>(len)?;

    if !are_for_coherent(attrs) {
        return Err(EINVAL);
    }
    // C warns of a device without a mask.
    if limits::coherent_mask(dev) == 0 {
        return Err(EIO);
    }

    Ok(raw::alloc_flags(flags, size))
}

impl<'bound, T: AsBytes + FromBytes> CoherentMemory<'bound, [T]> {
    /// Allocates `len` elements, all of whose bytes are zero.
    ///
    /// The same as [`CoherentMemory::zeroed_slice_with_attrs`] without attributes.
    pub fn zeroed_slice(dev: &'bound Device<Bound>, len: usize, flags: Flags) -> Result<Self> {
        Self::zeroed_slice_with_attrs(dev, len, flags, raw::no_attrs())
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
    /// Contiguous memory of more than a page comes from CMA, if there is any (`CONFIG_DMA_CMA`) and the
    /// flags allow to sleep. For a device that is not cache-coherent the CPU has all of it in vmalloc
    /// space, uncached; `DMA_ATTR_WRITE_COMBINE` then lets it gather what it writes there. That is
    /// visible to the device after a barrier, which the accessors for MMIO have.
    ///
    /// `DMA_ATTR_NO_WARN` and `DMA_ATTR_PRIVILEGED` are accepted too. All else is refused:
    /// `DMA_ATTR_NO_KERNEL_MAPPING`, as the CPU would be given no pointer to the memory (mainline has
    /// [`kernel::dma::CoherentHandle`] for that), `DMA_ATTR_WEAK_ORDERING`, with which the end of a
    /// transfer would be seen before its last bytes, and what is not for memory or for allocations.
    ///
    /// Of `flags`, those of [`GFP_KERNEL`], [`GFP_KERNEL_ACCOUNT`], [`GFP_ATOMIC`], [`GFP_NOWAIT`] and
    /// [`__GFP_NOWARN`] count. May sleep, unless they say otherwise.
    ///
    /// # Errors
    ///
    /// - [`EINVAL`] for no element, elements without a byte, or a refused attribute;
    /// - [`EOVERFLOW`] for more than an address space has;
    /// - [`EIO`] if the device can do no DMA;
    /// - [`ENOMEM`] if there is no memory, or more was asked for than the machine has, of which C
    ///   is not told: for some of those sizes it oopses, or leaves a page mapped that it frees.
    ///
    /// C: `dma_alloc_attrs()`, `kernel/dma/mapping.c`.
    pub fn zeroed_slice_with_attrs(
        dev: &'bound Device<Bound>,
        len: usize,
        flags: Flags,
        attrs: Attrs,
    ) -> Result<Self> {
        let flags = check::<T>(dev, len, flags, attrs)?;

        // INVARIANT: Allocated for `dev` here, with `attrs`, which `check()` has let pass.
        Ok(Self {
            dev,
            memory: Coherent::zeroed_slice_with_attrs(dev, len, flags, attrs)?,
            attrs,
        })
    }

    /// Allocates memory with a copy of `data`.
    ///
    /// The same as [`CoherentMemory::from_slice_with_attrs`] without attributes.
    pub fn from_slice(dev: &'bound Device<Bound>, data: &[T], flags: Flags) -> Result<Self>
    where
        T: Copy,
    {
        Self::from_slice_with_attrs(dev, data, flags, raw::no_attrs())
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
        let flags = check::<T>(dev, data.len(), flags, attrs)?;

        // INVARIANT: Allocated for `dev` here, with `attrs`, which `check()` has let pass.
        Ok(Self {
            dev,
            memory: Coherent::from_slice_with_attrs(dev, data, flags, attrs)?,
            attrs,
        })
    }
}

impl<T: KnownSize + ?Sized> CoherentMemory<'_, T> {
    /// Returns the size in bytes.
    #[inline(always)]
    pub fn size(&self) -> usize {
        self.memory.size()
    }

    /// Returns the DMA range of the memory.
    #[inline(always)]
    pub fn span(&self) -> Span<'_, Bidirectional> {
        // SAFETY: These `size()` bytes are the allocation, which is mapped for both directions, and
        // which the span borrows.
        unsafe { Span::new(self.memory.dma_address(), self.size()) }
    }

    /// Returns the address at which the CPU has the memory.
    #[inline(always)]
    pub fn as_ptr(&self) -> *const T {
        self.memory.as_ptr()
    }

    /// Returns the address at which the CPU has the memory, to write to it.
    #[inline(always)]
    pub fn as_mut_ptr(&self) -> *mut T {
        self.memory.as_mut_ptr()
    }

    /// Returns a reference to the memory.
    ///
    /// # Safety
    ///
    /// Nothing writes to the memory while the reference exists: no device, no other thread, and not
    /// this one, by [`io_write!`](kernel::io::io_write).
    #[inline(always)]
    pub unsafe fn as_ref(&self) -> &T {
        // SAFETY: By the caller's promise nothing changes what is borrowed. A device that only
        // reads does not matter to a shared reference.
        unsafe { self.memory.as_ref() }
    }

    /// Whether the CPU has the memory in vmalloc space, and not in the linear map.
    ///
    /// So it has what was put together of pages, and what it must not cache. For tests, logs and people.
    ///
    /// C: `is_vmalloc_addr()`, `mm/vmalloc.c`.
    pub fn is_remapped(&self) -> bool {
        // SAFETY: Any address may be asked for.
        unsafe { bindings::is_vmalloc_addr(self.as_ptr().cast()) }
    }

    /// Returns whether the memory has a `struct page` for each page; a device's own memory may have
    /// none.
    fn has_pages(&self) -> bool {
        // With a global pool, memory for a device that is not cache-coherent is from there.
        (!cfg!(CONFIG_DMA_GLOBAL_POOL) || limits::is_coherent(self.dev))
            // SAFETY: `dev` is a valid device.
            && !unsafe { helpers::helper_dev_has_own_memory(raw::device(self.dev)) }
    }

    /// The pages of the memory as a scatter-gather table, which borrows it. Sleeps.
    ///
    /// # Errors
    ///
    /// [`ENXIO`] if the device allocates from memory of its own, which may have no pages, or its
    /// IOMMU's driver has no such function; [`EOVERFLOW`] for contiguous memory of 4 GiB or more;
    /// [`ENOMEM`] if there is no memory for the table.
    ///
    /// C: `dma_get_sgtable_attrs()`, `kernel/dma/mapping.c`.
    pub fn sg_table(&self) -> Result<CoherentTable<'_>> {
        CoherentTable::of(self)
    }
}

impl<'a, T: KnownSize + ?Sized> IoBase<'a> for &'a CoherentMemory<'_, T> {
    type Backend = SysMemBackend;
    type Target = T;

    #[inline(always)]
    fn as_view(self) -> SysMem<'a, T> {
        // SAFETY: The memory has a kernel mapping, as no attribute asked for none, which is there
        // until it is dropped; it is borrowed for `'a`. It begins with a page, which aligns it for
        // `T`.
        unsafe { SysMem::new(self.memory.as_mut_ptr()) }
    }
}

// SAFETY: A `Coherent` is mapped for both directions from its allocation until it is dropped, and for
// ever if it is forgotten, for `dev` by the invariants. It was allocated with all of its bytes set, and
// its type is valid whatever they are. Its CPU side is reached through a borrow of it, so not while it is moved away,
// except by its raw pointers, whose users promise that no device is at work.
unsafe impl<T: KnownSize + AsBytes + FromBytes + ?Sized> DeviceMemory for CoherentMemory<'_, T> {
    type Direction = Bidirectional;

    #[inline(always)]
    fn device(&self) -> &Device<Bound> {
        self.dev
    }

    #[inline(always)]
    fn span(&self) -> Span<'_, Bidirectional> {
        CoherentMemory::span(self)
    }
}

#[kunit_tests(safe_dma_coherent)]
mod tests {
    use super::*;
    use kernel::faux;

    #[test]
    fn attributes_for_coherent_memory() {
        assert!(are_for_coherent(raw::no_attrs()));
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
