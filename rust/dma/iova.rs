// SPDX-License-Identifier: GPL-2.0

//! Scattered memory at one DMA address: physical ranges linked to a range of IOVA space.
//!
//! A scatter-gather mapping needs a table of entries, and the device gets as many segments as the
//! IOMMU makes of them. Here IOVA space is allocated first, the memory is linked to it range by
//! range, without a table, and the IOTLB is synced once ([`IovaMapping`], and [`IovaBuilder`] for
//! buffers that come one by one). The device gets one segment.
//!
//! This requires an IOMMU. Without one, mapping fails with [`EOPNOTSUPP`] and the memory comes
//! back: map it with [`SgMapping`](super::SgMapping), if the device takes several segments.
//!
//! C has no function that syncs linked memory, and the DMA debugger reports such a sync. So there
//! is no guard: unmap the memory, or map it with [`SgMapping`](super::SgMapping).

mod range;

use self::range::IovaRange;
use super::{
    alloc,
    owner::Owner,
    scatter_buffer::{
        RawBuffers,
        ScatterBuffer, //
    },
    AnySegments,
    Buffer,
    Direction,
    ErrorWith,
    Memory,
    Permits,
    PhysVec,
    Range, //
};
use kernel::{
    alloc::Flags,
    device::{
        Bound,
        Device, //
    },
    prelude::*, //
};

/// Scattered memory that a device owns, and sees as one segment.
///
/// Each range of it but the first begins with a page, and each but the last ends with one; see
/// [`merge_boundary()`](super::limits::merge_boundary). Dropping the mapping unmaps the memory,
/// which does not sleep, and drops it; forgetting it leaks both. Drop it in the driver's `unbind`,
/// as a [`Mapping`](super::Mapping).
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
///     IovaMapping,
///     Pages,
///     SgMapping,
///     ToDevice, //
/// };
///
/// fn hand_over(dev: &Device<Bound>, pages: KVec<Pages>) -> Result<KVec<Pages>> {
///     match IovaMapping::map(dev, pages, ToDevice, GFP_KERNEL) {
///         Ok(mapping) => {
///             pr_info!("{} bytes in one segment\n", mapping.range().len());
///             Ok(mapping.unmap())
///         }
///         // No IOMMU: in several segments, then.
///         Err(err) if err.error == EOPNOTSUPP => {
///             Ok(SgMapping::map(dev, err.value, ToDevice, GFP_KERNEL)?.unmap())
///         }
///         Err(err) => Err(err.into()),
///     }
/// }
/// ```
///
/// # Invariants
///
/// All the memory, at least one byte, is linked to the range, in order, and the IOTLB was synced.
/// `D` permits `S::Element`.
pub struct IovaMapping<'bound, S: ScatterBuffer, D: Direction>(Owner<S, IovaRange<'bound, D>>);

impl<'bound, S: ScatterBuffer, D: Direction> IovaMapping<'bound, S, D> {
    /// Maps scattered memory for the device to use in the direction that `direction` names.
    ///
    /// May sleep, unless `flags` say otherwise; they are for the raw form. With
    /// [`CoherentMemory`](super::CoherentMemory) it always may.
    ///
    /// C: `dma_iova_try_alloc()`, `dma_iova_link()`, `dma_iova_sync()`;
    /// [`drivers/iommu/dma-iommu.c`](srctree/drivers/iommu/dma-iommu.c).
    ///
    /// # Errors
    ///
    /// The memory comes back with the error:
    ///
    /// - [`EOPNOTSUPP`] if no IOMMU translates for the device. Use [`SgMapping`](super::SgMapping);
    /// - [`EINVAL`] for an empty range or none, one that shares a cache line (see
    ///   [`Mapping::map`](super::Mapping::map)), or one that does not begin where a page does, or
    ///   end there; and in 7.3 also for a first range that begins within a page and must be
    ///   bounced, as for an untrusted device or, if it is small, one that is not cache-coherent, if
    ///   the device's `dma_set_min_align_mask()` does not keep its place in the page: the kernel
    ///   then also logs the addresses. [`SgMapping`](super::SgMapping) takes the last three. Also
    ///   for memory that is not for this device, see [`ScatterBuffer::is_mappable_for`];
    /// - [`ENOMEM`] if the device's addresses are used up, or there is no memory for page tables or
    ///   bounce buffers;
    /// - [`EIO`] if the device can do no DMA at all.
    #[inline]
    pub fn map(
        dev: &'bound Device<Bound>,
        memory: S,
        _direction: D,
        flags: Flags,
    ) -> Result<Self, ErrorWith<S>>
    where
        D: Permits<S::Element>,
    {
        let link = |raw: &S::Raw| {
            // SAFETY: The memory is taken until the range is dropped, by the contract of
            // `ScatterBuffer`, by which the ranges are the same each time.
            unsafe { IovaRange::link_all(dev, S::phys_vecs(raw)) }
        };
        // SAFETY: `link` links all ranges or leaves none linked, and gives no device the address.
        // Dropping the range unlinks them, and `D` permits what is in them.
        let owner = unsafe { Owner::map(dev, memory, flags, link) }?;

        // INVARIANT: All of the memory was linked just now, and the IOTLB was synced.
        Ok(Self(owner))
    }

    /// Returns the DMA range of all the memory.
    #[inline]
    pub fn range(&self) -> Range<'_, D> {
        // SAFETY: By the invariants, these bytes are this mapping, which the range borrows.
        unsafe { Range::new(self.0.addr(), self.0.linked()) }
    }

    /// Returns the device for which the memory is mapped.
    #[inline]
    pub fn device(&self) -> &'bound Device<Bound> {
        self.0.device()
    }

    /// Returns the physical ranges of the memory. For debugging only.
    pub fn phys_vecs(&self) -> impl Iterator<Item = PhysVec> + '_ {
        self.0.phys_vecs()
    }

    /// Unmaps the memory and gives it back to the CPU.
    ///
    /// Device writes are visible to the CPU when this returns. The IOTLB is invalidated at once, in
    /// a lazy domain too. Does not sleep.
    ///
    /// C: `dma_iova_destroy()`, [`drivers/iommu/dma-iommu.c`](srctree/drivers/iommu/dma-iommu.c).
    pub fn unmap(self) -> S {
        self.0.unmap()
    }
}

// SAFETY: `range()` is the memory of this mapping, which `self` owns: it is linked for `dev` and
// `D` until `self` is dropped, and for ever if it is forgotten. The CPU cannot reach it while it
// is, but for others whose memory it is. `D` permits what is in the memory, by the only ways to
// make a mapping.
unsafe impl<S: ScatterBuffer, D: Direction> Memory for IovaMapping<'_, S, D> {
    type Direction = D;

    #[inline]
    fn device(&self) -> &Device<Bound> {
        self.0.device()
    }

    #[inline]
    fn segments(&self) -> AnySegments<'_> {
        self.range().into()
    }
}

/// A mapping under construction, of buffers that come one by one.
///
/// It owns the buffers, and gives no address before [`IovaBuilder::finish`]. Dropping the builder
/// unlinks all buffers and drops them.
///
/// # Examples
///
/// ```
/// use kernel::{
///     device::{
///         Bound,
///         Device, //
///     },
///     page::PAGE_SIZE,
///     prelude::*, //
/// };
/// use safe_dma::dma::{
///     FromDevice,
///     IovaBuilder,
///     IovaMapping,
///     Pages, //
/// };
///
/// fn receive(dev: &Device<Bound>) -> Result<IovaMapping<'_, KVec<Pages>, FromDevice>> {
///     let page = || Pages::zeroed(0, GFP_KERNEL);
///     let size = 4 * PAGE_SIZE;
///     let mut builder = IovaBuilder::reserve(dev, page()?, size, 4, FromDevice, GFP_KERNEL)?;
///
///     for _ in 1..4 {
///         builder.link(page()?)?;
///     }
///     Ok(builder.finish()?)
/// }
/// ```
pub struct IovaBuilder<'bound, B: Buffer, D: Direction> {
    // INVARIANT: A buffer is linked, unless the last one was unlinked. `D` permits `B::Target`.
    mapping: Owner<KVec<B>, IovaRange<'bound, D>>,
}

impl<'bound, B: Buffer, D: Direction> IovaBuilder<'bound, B, D> {
    /// Reserves addresses for `size` bytes in at most `count` buffers, and links the first of them.
    ///
    /// The range begins as far into a page as `first` does. May sleep, unless `flags` say
    /// otherwise; they are for the buffers.
    ///
    /// C: `dma_iova_try_alloc()`, `dma_iova_link()`;
    /// [`drivers/iommu/dma-iommu.c`](srctree/drivers/iommu/dma-iommu.c).
    ///
    /// # Errors
    ///
    /// The buffer comes back with the error, which is one of [`IovaMapping::map`], or [`ENOSPC`] if
    /// it is longer than `size`.
    pub fn reserve(
        dev: &'bound Device<Bound>,
        first: B,
        size: usize,
        count: usize,
        _direction: D,
        flags: Flags,
    ) -> Result<Self, ErrorWith<B>>
    where
        D: Permits<B::Target>,
    {
        let failed = |error, buffer| Err(ErrorWith::new(error, buffer));

        // A number of buffers that there cannot be is no reason for a warning.
        let flags = alloc::reclaim_flags(flags) | __GFP_NOWARN;
        let Ok(mut buffers) = RawBuffers::with_capacity(count, flags) else {
            return failed(ENOMEM, first);
        };
        let vec = match buffers.push(first) {
            Ok(vec) => vec,
            Err(first) => return failed(ENOSPC, first),
        };

        let linked = IovaRange::reserve(dev, vec.phys, size).and_then(|mut range| {
            // SAFETY: The memory is given up until it is taken back, by the contract of `Buffer`.
            unsafe { range.link(vec)? };
            Ok(range)
        });
        match linked {
            // INVARIANT: The one buffer was linked just now.
            Ok(range) => Ok(Self {
                // SAFETY: The buffer is from `Buffer::into_raw()`, and is what is linked. Dropping
                // the range unlinks it, and `D` permits what is in it.
                mapping: unsafe { Owner::new(buffers, range) },
            }),
            // SAFETY: It is not linked, and its content is what it was. There is one, by `push()`
            // above.
            Err(error) => failed(error, unsafe { buffers.pop().unwrap_unchecked() }),
        }
    }

    /// Links one more buffer, behind those that are linked.
    ///
    /// Does not sleep.
    ///
    /// C: `dma_iova_link()`, [`drivers/iommu/dma-iommu.c`](srctree/drivers/iommu/dma-iommu.c).
    ///
    /// # Errors
    ///
    /// The buffer comes back with the error, and those that are linked stay so: [`ENOSPC`] if there
    /// is no room left, else one of [`IovaMapping::map`].
    pub fn link(&mut self, buffer: B) -> Result<(), ErrorWith<B>> {
        // SAFETY: The buffer is linked below, or taken back.
        let (range, raw) = unsafe { self.mapping.parts() };

        let vec = match raw.push(buffer) {
            Ok(vec) => vec,
            Err(buffer) => return Err(ErrorWith::new(ENOSPC, buffer)),
        };

        // SAFETY: The memory is given up until it is taken back, by the contract of `Buffer`.
        unsafe { range.link(vec) }.map_err(|error| ErrorWith {
            error,
            // SAFETY: It is not linked, and its content is what it was. There is one, by `push()`
            // above.
            value: unsafe { raw.pop().unwrap_unchecked() },
        })
    }

    /// Unlinks the buffer that was linked last, and returns it; [`None`] if there is none left.
    ///
    /// Does not sleep.
    ///
    /// C: `dma_iova_unlink()`, [`drivers/iommu/dma-iommu.c`](srctree/drivers/iommu/dma-iommu.c).
    pub fn unlink(&mut self) -> Option<B> {
        // SAFETY: The buffer is unlinked below, and taken back.
        let (range, raw) = unsafe { self.mapping.parts() };
        let vec = raw.last()?;

        // SAFETY: This is what was linked last, and no device has the address.
        unsafe { range.unlink(vec.len) };

        // SAFETY: It is not linked any more, and its content is what it was.
        unsafe { raw.pop() }
    }

    /// Returns the number of bytes that are linked.
    pub fn len(&self) -> usize {
        self.mapping.linked()
    }

    /// Returns whether nothing is linked, as all was unlinked.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Syncs the IOTLB, and returns the mapping of all linked buffers.
    ///
    /// They may be shorter than the reserved range. Does not sleep.
    ///
    /// C: `dma_iova_sync()`, [`drivers/iommu/dma-iommu.c`](srctree/drivers/iommu/dma-iommu.c).
    ///
    /// # Errors
    ///
    /// All buffers come back with the error: [`EINVAL`] if none is linked, or that of the IOMMU
    /// driver.
    pub fn finish(mut self) -> Result<IovaMapping<'bound, KVec<B>, D>, ErrorWith<KVec<B>>> {
        let synced = if self.is_empty() {
            Err(EINVAL)
        } else {
            self.mapping.sync()
        };

        match synced {
            // INVARIANT: The IOTLB was synced, and a buffer is linked.
            Ok(()) => Ok(IovaMapping(self.mapping)),
            Err(error) => Err(ErrorWith::new(error, self.cancel())),
        }
    }

    /// Unlinks all buffers and returns them.
    ///
    /// Does not sleep.
    ///
    /// C: `dma_iova_destroy()`, [`drivers/iommu/dma-iommu.c`](srctree/drivers/iommu/dma-iommu.c).
    pub fn cancel(self) -> KVec<B> {
        self.mapping.unmap()
    }
}

#[kunit_tests(safe_dma_iova)]
mod tests {
    use super::*;
    use crate::dma::{
        Bidirectional,
        Pages, //
    };
    use kernel::faux;

    /// A device that can do no DMA is refused, and the buffer comes back.
    #[test]
    fn device_without_dma() -> Result {
        let registration = faux::Registration::new(c"safe_dma_iova", None)?;
        let faux: &faux::Device<Bound> = registration.as_ref();
        let page = Pages::zeroed(0, GFP_KERNEL)?;
        let start = page.as_ptr();

        let refused = IovaBuilder::reserve(faux.as_ref(), page, 4096, 1, Bidirectional, GFP_KERNEL)
            .err()
            .ok_or(EFAULT)?;
        assert!(refused.error == EIO && refused.value.as_ptr() == start);

        let mut pages = KVec::new();
        pages.push(refused.value, GFP_KERNEL)?;
        let refused = IovaMapping::map(faux.as_ref(), pages, Bidirectional, GFP_KERNEL)
            .err()
            .ok_or(EFAULT)?;
        assert!(refused.error == EIO && refused.value.len() == 1);
        assert!(refused.value[0].as_ptr() == start);
        Ok(())
    }
}
