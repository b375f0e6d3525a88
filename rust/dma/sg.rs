// SPDX-License-Identifier: GPL-2.0

//! Scatter-gather mappings: scattered memory, mapped together.
//!
//! For a device that takes a list of segments. One that takes a single segment needs contiguous
//! memory ([`Mapping`](super::Mapping)) or an IOMMU ([`IovaMapping`](super::IovaMapping)).
//!
//! Mainline's [`kernel::scatterlist::SGTable`] maps too, but can be neither synced nor unmapped
//! before its end, keeps its pages behind a run-time check (`Devres`), and its type does not have
//! the direction.

mod fill;
mod table;

use self::table::Table;
use super::{
    compat,
    cpu_owned::private::SyncForCpu,
    owner::Owner,
    scatter_buffer::ScatterBuffer,
    sealed::Sealed,
    streaming::are_for_streaming,
    AnySegments,
    CpuAccess,
    CpuOwned,
    DeviceReads,
    Direction,
    ErrorWith,
    Limits,
    Memory,
    Permits,
    PhysVec,
    Segments, //
};
use crate::bindings as helpers;
use core::{
    marker::PhantomData,
    ops::{
        Deref,
        DerefMut, //
    },
    ptr, //
};
use kernel::{
    alloc::Flags,
    bindings,
    device::{
        Bound,
        Device, //
    },
    dma::{
        attrs::DMA_ATTR_SKIP_CPU_SYNC,
        Attrs, //
    },
    prelude::*,
    transmute::FromBytes, //
};

/// Scattered memory that a device owns.
///
/// An IOMMU makes fewer segments of it for the device, often one: see [`SgMapping::segments`].
/// [`SgMapping::sync_for_cpu`] and [`SgMapping::into_cpu`] give the memory to the CPU while it
/// stays mapped, and [`SgMapping::unmap`] returns it. Dropping the mapping unmaps the memory, which
/// does not sleep, and drops it; forgetting it leaks both. Drop it in the driver's `unbind`, as a
/// [`Mapping`](super::Mapping).
///
/// No entry is longer than the device takes, nor does it cross a boundary that it must not cross:
/// ranges are cut where needed.
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
///     SgMapping,
///     ToDevice, //
/// };
///
/// fn hand_over(dev: &Device<Bound>, table: VVec<u32>) -> Result<VVec<u32>> {
///     let mapping = SgMapping::map(dev, table, ToDevice, GFP_KERNEL)?;
///
///     for segment in mapping.segments() {
///         pr_info!("{} bytes\n", segment.len());
///     }
///     Ok(mapping.unmap())
/// }
/// ```
///
/// # Invariants
///
/// The table has the physical ranges of the memory, and `D` permits `S::Element`.
pub struct SgMapping<'bound, S: ScatterBuffer, D: Direction>(Owner<S, MappedTable<'bound, D>>);

impl<'bound, S: ScatterBuffer, D: Direction> SgMapping<'bound, S, D> {
    /// Maps scattered memory for the device to use in the direction that `direction` names.
    ///
    /// `dev` is a device, or its [`Limits`], which avoids asking for them again. `flags` are for
    /// the table. May sleep unless they say otherwise, and always with
    /// [`CoherentMemory`](super::CoherentMemory).
    ///
    /// C: `dma_map_sgtable()`, [`kernel/dma/mapping.c`](srctree/kernel/dma/mapping.c).
    ///
    /// # Errors
    ///
    /// The memory comes back with the error: [`EINVAL`] for an empty range or none, or one that
    /// shares a cache line (see [`Mapping::map`](super::Mapping::map)), also when it is cut, or
    /// memory that is not for this device (see [`ScatterBuffer::is_mappable_for`]); [`ENOMEM`] if
    /// there is no memory for the table or the device's addresses are used up; [`EIO`] if a range
    /// cannot be mapped, or the device can do no DMA at all.
    #[inline]
    pub fn map(
        dev: impl Into<Limits<'bound>>,
        memory: S,
        direction: D,
        flags: Flags,
    ) -> Result<Self, ErrorWith<S>>
    where
        D: Permits<S::Element>,
    {
        Self::map_with_attrs(dev, memory, direction, flags, compat::no_attrs())
    }

    /// Maps as [`SgMapping::map`], with attributes: those of
    /// [`Mapping::map_with_attrs`](super::Mapping::map_with_attrs).
    #[inline]
    pub fn map_with_attrs(
        dev: impl Into<Limits<'bound>>,
        memory: S,
        _direction: D,
        flags: Flags,
        attrs: Attrs,
    ) -> Result<Self, ErrorWith<S>>
    where
        D: Permits<S::Element>,
    {
        if !are_for_streaming(attrs) {
            return Err(ErrorWith::new(EINVAL, memory));
        }

        let limits = dev.into();
        let map = |raw: &S::Raw| {
            // SAFETY: The memory is taken until the table is dropped, by the contract of
            // `ScatterBuffer`.
            unsafe { MappedTable::map(&limits, S::phys_vecs(raw), flags, attrs, S::SKIP_CPU_SYNC) }
        };
        // SAFETY: `map` maps all of the memory or none. Dropping the table unmaps it, and `D`
        // permits what is in it.
        let owner = unsafe { Owner::map(limits.device(), memory, flags, map) }?;

        // INVARIANT: `map` has made the table of this memory.
        Ok(Self(owner))
    }

    /// Returns the device for which the memory is mapped.
    #[inline]
    pub fn device(&self) -> &'bound Device<Bound> {
        self.0.dev
    }

    /// Returns the physical ranges of the memory. For debugging only.
    pub fn phys_vecs(&self) -> impl Iterator<Item = PhysVec> + '_ {
        self.0.phys_vecs()
    }

    /// Returns the DMA ranges of all the memory, in order.
    ///
    /// C: `for_each_sgtable_dma_sg()`, `sg_dma_address()`, `sg_dma_len()`;
    /// [`include/linux/scatterlist.h`](srctree/include/linux/scatterlist.h).
    #[inline]
    pub fn segments(&self) -> Segments<'_, D> {
        // SAFETY: By the invariants, the entries are mapped for `D`, which the segments borrow.
        unsafe { self.0.table.segments() }
    }

    /// Unmaps the memory and gives it back to the CPU.
    ///
    /// Device writes are visible to the CPU when this returns. Does not sleep.
    ///
    /// C: `dma_unmap_sgtable()`,
    /// [`include/linux/dma-mapping.h`](srctree/include/linux/dma-mapping.h).
    #[inline]
    pub fn unmap(self) -> S {
        self.0.unmap()
    }

    /// Gives the memory to the CPU, with the mapping.
    ///
    /// Device writes are visible to the CPU when this returns. Does not sleep.
    ///
    /// C: `dma_sync_sgtable_for_cpu()`,
    /// [`include/linux/dma-mapping.h`](srctree/include/linux/dma-mapping.h).
    pub fn into_cpu(self) -> CpuOwned<Self> {
        CpuOwned::new(self)
    }

    /// Gives the memory to the CPU until the guard is dropped.
    ///
    /// Device writes are visible to the CPU when this returns, and CPU writes to the device when
    /// the guard is dropped. Does not sleep.
    ///
    /// C: `dma_sync_sgtable_for_cpu()` here and `dma_sync_sgtable_for_device()` in the guard's
    /// drop; [`include/linux/dma-mapping.h`](srctree/include/linux/dma-mapping.h).
    pub fn sync_for_cpu(&mut self) -> CpuAccess<'_, Self> {
        CpuAccess::whole(self)
    }
}

impl<S: ScatterBuffer, D: Direction> SyncForCpu for SgMapping<'_, S, D> {
    type Direction = D;
    type Data = S::Element;
    type Part = ();

    fn whole(&self, _: Sealed) {}

    unsafe fn sync_for_cpu(&mut self, (): (), _: Sealed) {
        self.0.sync_for_cpu();
    }

    unsafe fn sync_for_device(&mut self, (): (), _: Sealed) {
        self.0.sync_for_device();
    }
}

impl<S: ScatterBuffer, D: Direction> CpuOwned<SgMapping<'_, S, D>> {
    /// Unmaps the memory without a sync.
    ///
    /// See [`CpuOwned::unmap`] of a [`Mapping`](super::Mapping). Does not sleep.
    ///
    /// C: `dma_unmap_sgtable()` with `DMA_ATTR_SKIP_CPU_SYNC`,
    /// [`include/linux/dma-mapping.h`](srctree/include/linux/dma-mapping.h).
    pub fn unmap(self) -> S {
        let mut table = self.memory.0;

        // INVARIANT: By the invariants of `CpuOwned` the memory was synced.
        table.attrs = table.attrs | DMA_ATTR_SKIP_CPU_SYNC;
        table.explicit_sync = false;
        table.unmap()
    }

    /// Returns the size of the memory in bytes.
    pub fn size(&self) -> usize {
        self.memory.0.table.size()
    }

    /// Copies bytes of the memory, from `offset` on, into `bytes`. Does not sleep.
    ///
    /// C: `sg_pcopy_to_buffer()`, [`lib/scatterlist.c`](srctree/lib/scatterlist.c).
    ///
    /// # Errors
    ///
    /// [`EINVAL`] if not all of them are within the memory.
    pub fn read(&self, offset: usize, bytes: &mut [u8]) -> Result {
        self.check(offset, bytes.len())?;

        let table = &self.memory.0.table;
        // SAFETY: The table is valid, and by the invariants the CPU owns its memory. No `write()`
        // runs meanwhile, which borrows `self` exclusively. `bytes` is memory of that length that
        // is borrowed exclusively. C copies bytes, also while others write to their memory: then
        // each is an old or a new one. CAST: No memory is larger than `isize::MAX`.
        unsafe {
            bindings::sg_pcopy_to_buffer(
                table.first(),
                table.entries(),
                bytes.as_mut_ptr().cast(),
                bytes.len(),
                offset as isize,
            )
        };
        Ok(())
    }

    /// Copies `bytes` to the memory, from `offset` on. Does not sleep.
    ///
    /// C: `sg_pcopy_from_buffer()`, [`lib/scatterlist.c`](srctree/lib/scatterlist.c).
    ///
    /// # Errors
    ///
    /// [`EINVAL`] if not all of them fit.
    pub fn write(&mut self, offset: usize, bytes: &[u8]) -> Result
    where
        D: DeviceReads,
        S::Element: FromBytes,
    {
        self.check(offset, bytes.len())?;

        let table = &self.memory.0.table;
        // SAFETY: As for `read()`; `self` is borrowed exclusively. The memory is valid whatever its
        // bytes are, and if it is of others, they let the kernel write to it.
        unsafe {
            bindings::sg_pcopy_from_buffer(
                table.first(),
                table.entries(),
                bytes.as_ptr().cast(),
                bytes.len(),
                offset as isize,
            )
        };
        Ok(())
    }

    fn check(&self, offset: usize, len: usize) -> Result {
        match offset.checked_add(len) {
            Some(end) if end <= self.size() => Ok(()),
            _ => Err(EINVAL),
        }
    }
}

impl<'bound, S: ScatterBuffer, D: Direction> Deref for CpuAccess<'_, SgMapping<'bound, S, D>> {
    type Target = CpuOwned<SgMapping<'bound, S, D>>;

    #[inline]
    fn deref(&self) -> &Self::Target {
        // SAFETY: `CpuOwned` is a transparent wrapper of the mapping, and its invariants are those
        // of the guard: a list is synced as a whole.
        unsafe { &*ptr::from_ref(&*self.memory).cast() }
    }
}

impl<S: ScatterBuffer, D: DeviceReads> DerefMut for CpuAccess<'_, SgMapping<'_, S, D>> {
    #[inline]
    fn deref_mut(&mut self) -> &mut Self::Target {
        // SAFETY: As for `deref()`; `self` is borrowed exclusively. What safe code puts there in
        // its stead is owned by the CPU, too, and given to the device when the guard is dropped.
        unsafe { &mut *ptr::from_mut(self.memory).cast() }
    }
}

/// A table that is mapped for a device.
///
/// Dropping it unmaps the memory, and syncs it for the CPU.
///
/// # Invariants
///
/// `table` is mapped for `dev`, with the direction `D` and `attrs`, of which
/// `DMA_ATTR_SKIP_CPU_SYNC` may have been added when the memory was synced for the CPU.
struct MappedTable<'bound, D: Direction> {
    dev: &'bound Device<Bound>,
    table: Table,
    attrs: Attrs,
    /// Whether C does not sync the memory when it is mapped and unmapped, so that this type does.
    explicit_sync: bool,
    _direction: PhantomData<fn() -> D>,
}

impl<'bound, D: Direction> MappedTable<'bound, D> {
    /// Makes a table of `vecs` and maps it; see [`SgMapping::map`].
    ///
    /// # Safety
    ///
    /// Until the table is dropped, the memory is not moved, and the CPU does not access it, except
    /// for its owner if it is memory of others (see [`ScatterBuffer`]).
    #[inline]
    unsafe fn map(
        limits: &Limits<'bound>,
        vecs: impl Iterator<Item = PhysVec> + Clone,
        flags: Flags,
        attrs: Attrs,
        explicit_sync: bool,
    ) -> Result<Self> {
        let dev = limits.device();
        let attrs = if explicit_sync {
            attrs | DMA_ATTR_SKIP_CPU_SYNC
        } else {
            attrs
        };

        if limits.max_mapping_size() == 0 {
            return Err(EIO);
        }
        let mut table = Table::new::<D>(limits, vecs, flags)?;

        // SAFETY: The table is not mapped yet. By the safety requirements its memory stays where it
        // is, and is not accessed, until `table` is unmapped as it is dropped.
        unsafe { table.map::<D>(dev, attrs)? };

        // INVARIANT: Mapped just now.
        let this = Self {
            dev,
            table,
            attrs,
            explicit_sync,
            _direction: PhantomData,
        };
        if explicit_sync {
            this.sync_for_device();
        }
        Ok(this)
    }

    /// Syncs the memory for the CPU.
    fn sync_for_cpu(&self) {
        // SAFETY: By the invariants the table is mapped for this device and direction.
        unsafe {
            helpers::helper_dma_sync_sgtable_for_cpu(
                compat::device(self.dev),
                &mut self.table.sg_table(),
                D::DIRECTION.into(),
            )
        };
    }

    /// Syncs the memory for the device.
    fn sync_for_device(&self) {
        // SAFETY: By the invariants the table is mapped for this device and direction.
        unsafe {
            helpers::helper_dma_sync_sgtable_for_device(
                compat::device(self.dev),
                &mut self.table.sg_table(),
                D::DIRECTION.into(),
            )
        };
    }
}

impl<D: Direction> Drop for MappedTable<'_, D> {
    #[inline]
    fn drop(&mut self) {
        if self.explicit_sync {
            self.sync_for_cpu();
        }

        // SAFETY: By the invariants this mapping exists, and was made with these parameters. It is
        // undone once, as `self` is dropped.
        unsafe { self.table.unmap::<D>(self.dev, self.attrs) };
    }
}

// SAFETY: By the invariants, the table is a mapping that `self` owns: it is mapped until `self` is
// dropped, and for ever if it is forgotten, and its entries do not move with it. The CPU cannot
// access the memory meanwhile, but for others whose memory it is. `D` permits what is in the
// memory.
unsafe impl<S: ScatterBuffer, D: Direction> Memory for SgMapping<'_, S, D> {
    type Direction = D;

    #[inline]
    fn device(&self) -> &Device<Bound> {
        self.0.dev
    }

    #[inline]
    fn segments(&self) -> AnySegments<'_> {
        SgMapping::segments(self).into()
    }
}
