// SPDX-License-Identifier: GPL-2.0

//! Scatter-gather mappings: memory in pieces, handed to a device together.
//!
//! Mainline's [`kernel::scatterlist::SGTable`] maps too, but it can be neither synced nor unmapped
//! before its end, keeps its pages behind a run-time check (`Devres`) and tells nobody the
//! direction. Outside the `kernel` crate its entries can be read, and that is all.

mod pieces;
mod table;

pub use self::pieces::{
    Piece,
    RawBuffers,
    RawVVec,
    Scattered, //
};

pub(super) use self::pieces::give_up;

use self::table::Table;
use super::{
    direction::{
        DeviceReads,
        Direction,
        Permits, //
    },
    raw,
    sealed::Sealed,
    span::Span,
    streaming::{
        are_for_streaming,
        MapError, //
    },
    transfer::DeviceMemory,
    turn::{
        self,
        CpuTurn, //
    }, //
};
use crate::bindings as helpers;
use core::{
    marker::PhantomData,
    mem::ManuallyDrop, //
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
        Attrs,
        DmaAddress, //
    },
    prelude::*,
    transmute::FromBytes, //
};

/// Memory in pieces that a device owns.
///
/// An IOMMU makes fewer pieces of it for the device, often one: see [`SgMapping::spans`]. The CPU gets
/// its turn with [`SgMapping::sync_for_cpu`] or [`SgMapping::into_cpu`], and the memory back from
/// [`SgMapping::unmap`]. Dropping the mapping unmaps the memory and drops it; forgetting it leaks both.
///
/// No entry is longer than the device takes, nor goes across a boundary that it must not cross: the
/// pieces are cut where they need to be.
///
/// A transfer has one piece for the device: see [`SgMapping::into_segment`].
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
///     direction::ToDevice,
///     sg::SgMapping, //
/// };
///
/// fn hand_over(dev: &Device<Bound>, table: VVec<u32>) -> Result<VVec<u32>> {
///     let mapping = SgMapping::map(dev, table, ToDevice, GFP_KERNEL)?;
///
///     for span in mapping.spans() {
///         pr_info!("{} bytes\n", span.len());
///     }
///     Ok(mapping.unmap())
/// }
/// ```
///
/// # Invariants
///
/// - `table` has the pieces of `raw` and is mapped for `dev`, with the direction `D` and `attrs`, not
///   unmapped yet.
/// - `raw` came from [`Scattered::into_raw`] and has not been taken back.
pub struct SgMapping<'bound, S: Scattered, D: Direction> {
    dev: &'bound Device<Bound>,
    raw: ManuallyDrop<S::Raw>,
    table: ManuallyDrop<Table>,
    attrs: Attrs,
    _direction: PhantomData<(S, D)>,
}

// SAFETY: A mapping is memory and what is needed to take it back; the DMA API and the functions of
// `Scattered` may be called from any thread. What is sent is in effect the memory, and what is in it.
unsafe impl<S: Scattered<Element: Send> + Send, D: Direction> Send for SgMapping<'_, S, D> {}

// SAFETY: A shared reference to a mapping gives addresses and lengths, and no access to the memory.
unsafe impl<S: Scattered<Element: Send> + Send, D: Direction> Sync for SgMapping<'_, S, D> {}

impl<'bound, S: Scattered, D: Direction> SgMapping<'bound, S, D> {
    /// Maps memory in pieces for the device to use in the direction that `direction` names.
    ///
    /// May sleep, unless `flags` says otherwise; they are for the table. With
    /// [`CoherentMemory`](super::coherent::CoherentMemory) it always may.
    ///
    /// # Errors
    ///
    /// The memory comes back with the error: [`EINVAL`] for an empty piece or none, or one that
    /// shares a cache line (see [`MapError`]), also when it is cut, or memory that is not for this
    /// device (see [`Scattered::may_be_mapped_for`]); [`ENOMEM`] if there is no memory for the
    /// table or the device's addresses are used up; [`EIO`] if a piece cannot be mapped, or the
    /// device can do no DMA at all.
    ///
    /// C: `dma_map_sgtable()`, `kernel/dma/mapping.c`.
    pub fn map(
        dev: &'bound Device<Bound>,
        memory: S,
        direction: D,
        flags: Flags,
    ) -> Result<Self, MapError<S>>
    where
        D: Permits<S::Element>,
    {
        Self::map_attrs(dev, memory, direction, flags, raw::no_attrs())
    }

    /// As [`SgMapping::map`], with attributes, of which those are accepted that
    /// [`Mapping::map_attrs`](super::streaming::Mapping::map_attrs) accepts.
    pub fn map_attrs(
        dev: &'bound Device<Bound>,
        memory: S,
        _direction: D,
        flags: Flags,
        attrs: Attrs,
    ) -> Result<Self, MapError<S>>
    where
        D: Permits<S::Element>,
    {
        if !are_for_streaming(attrs) {
            return Err(MapError {
                error: EINVAL,
                buffer: memory,
            });
        }

        let attrs = if S::HAS_OTHER_MAPPING {
            attrs | DMA_ATTR_SKIP_CPU_SYNC
        } else {
            attrs
        };
        // SAFETY: `map_table()` maps all pieces or none.
        let (raw, table) = unsafe {
            give_up(dev, memory, flags, |raw| {
                map_table::<D, _>(dev, || S::pieces(raw), flags, attrs)
            })
        }?;

        // INVARIANT: `map_table()` has just mapped these pieces, for `D` and with `attrs`.
        let mapping = Self {
            dev,
            raw: ManuallyDrop::new(raw),
            table: ManuallyDrop::new(table),
            attrs,
            _direction: PhantomData,
        };
        if S::HAS_OTHER_MAPPING {
            mapping.give_to_device();
        }
        Ok(mapping)
    }

    /// The device for which the memory is mapped.
    #[inline(always)]
    pub fn device(&self) -> &'bound Device<Bound> {
        self.dev
    }

    /// Returns the pieces of memory as the CPU has them. For debugging only.
    pub fn pieces(&self) -> impl Iterator<Item = Piece> + '_ {
        S::pieces(&self.raw)
    }

    /// How many entries were mapped; an IOMMU makes fewer spans of them.
    ///
    /// C: `sg_table::orig_nents`, `include/linux/scatterlist.h`.
    #[inline(always)]
    pub fn entries(&self) -> usize {
        self.table.entries()
    }

    /// What the device is told of all the memory, in order.
    ///
    /// C: `for_each_sgtable_dma_sg()`, `sg_dma_address()`, `sg_dma_len()`;
    /// `include/linux/scatterlist.h`.
    pub fn spans(&self) -> impl Iterator<Item = Span<'_, D>> + '_ {
        self.table.spans().map(|(addr, len)| {
            // SAFETY: By the invariants, this is a part of the mapping, which the span borrows.
            unsafe { Span::new(addr, len) }
        })
    }

    /// Unmaps the memory and gives it back to the CPU.
    ///
    /// What the device wrote is visible to the CPU when this returns. Does not sleep.
    ///
    /// C: `dma_unmap_sgtable()`, `include/linux/dma-mapping.h`.
    pub fn unmap(self) -> S {
        let mut this = ManuallyDrop::new(self);

        // SAFETY: `this` is not dropped and not used again.
        unsafe { this.take_back() }
    }

    /// Unmaps the memory and gives it back, without a sync.
    ///
    /// # Safety
    ///
    /// The memory was synced for the CPU, and no device has been given it since.
    pub(super) unsafe fn unmap_synced(self) -> S {
        let mut this = ManuallyDrop::new(self);
        let attrs = this.attrs | DMA_ATTR_SKIP_CPU_SYNC;

        // SAFETY: `this` is not dropped and not used again. What is not done again was done, by the caller's
        // promise.
        unsafe { this.undo(attrs) }
    }

    /// Gives the memory to the CPU, with the mapping.
    ///
    /// What the device wrote is visible to the CPU when this returns. Does not sleep.
    ///
    /// C: `dma_sync_sgtable_for_cpu()`, `include/linux/dma-mapping.h`.
    pub fn into_cpu(self) -> CpuTurn<Self> {
        CpuTurn::begin(self)
    }

    /// Lends the memory to the CPU, until the guard is dropped.
    ///
    /// Before this returns, what the device wrote is made visible to the CPU; when the guard is
    /// dropped, what the CPU wrote is made visible to the device. Does not sleep.
    ///
    /// C: `dma_sync_sgtable_for_cpu()` here and `dma_sync_sgtable_for_device()` in the guard's drop;
    /// `include/linux/dma-mapping.h`.
    pub fn sync_for_cpu(&mut self) -> SgAccess<'_, 'bound, S, D> {
        self.give_to_cpu();

        SgAccess { mapping: self }
    }

    /// Syncs the memory for the CPU.
    fn give_to_cpu(&self) {
        // SAFETY: By the invariants the table is mapped for this device and direction.
        unsafe {
            helpers::helper_dma_sync_sgtable_for_cpu(
                raw::device(self.dev),
                self.table.as_raw(),
                D::DIRECTION.into(),
            )
        };
    }

    /// Syncs the memory for the device.
    fn give_to_device(&self) {
        // SAFETY: By the invariants the table is mapped for this device and direction.
        unsafe {
            helpers::helper_dma_sync_sgtable_for_device(
                raw::device(self.dev),
                self.table.as_raw(),
                D::DIRECTION.into(),
            )
        };
    }

    /// Makes the span with that number, counted from 0, the memory of a transfer.
    ///
    /// The mapping comes back from [`SgSegment::into_mapping`].
    ///
    /// # Errors
    ///
    /// Returns the mapping if there is no such span.
    pub fn into_segment(self, number: usize) -> Result<SgSegment<'bound, S, D>, Self> {
        let span = self.table.spans().nth(number);

        match span {
            // INVARIANT: One of the spans of this mapping.
            Some((addr, len)) => Ok(SgSegment {
                mapping: self,
                addr,
                len,
            }),
            None => Err(self),
        }
    }

    /// The length of all pieces together, in bytes.
    pub(super) fn len(&self) -> usize {
        self.pieces().map(|piece| piece.len).sum()
    }

    /// Copies bytes of the memory, from `offset` on, into `bytes`.
    ///
    /// # Safety
    ///
    /// The memory was synced for the CPU, and no device has been given it since. Nobody writes to it.
    pub(super) unsafe fn copy_to(&self, offset: usize, bytes: &mut [u8]) -> Result {
        self.check(offset, bytes.len())?;

        // SAFETY: The table is valid, and its memory the CPU's, by the caller's promise. `bytes` is
        // memory of that length that nobody else refers to. CAST: No memory is larger than `isize::MAX`.
        unsafe {
            let table = self.table.as_raw();

            bindings::sg_pcopy_to_buffer(
                (*table).sgl,
                (*table).orig_nents,
                bytes.as_mut_ptr().cast(),
                bytes.len(),
                offset as isize,
            )
        };
        Ok(())
    }

    /// Copies `bytes` to the memory, from `offset` on.
    ///
    /// # Safety
    ///
    /// The memory was synced for the CPU, and no device has been given it since.
    pub(super) unsafe fn copy_from(&mut self, offset: usize, bytes: &[u8]) -> Result
    where
        S::Element: FromBytes,
    {
        self.check(offset, bytes.len())?;

        // SAFETY: As for `copy_to()`; `self` is borrowed exclusively. The memory holds what is valid whatever
        // its bytes are.
        unsafe {
            let table = self.table.as_raw();

            bindings::sg_pcopy_from_buffer(
                (*table).sgl,
                (*table).orig_nents,
                bytes.as_ptr().cast(),
                bytes.len(),
                offset as isize,
            )
        };
        Ok(())
    }

    fn check(&self, offset: usize, len: usize) -> Result {
        match offset.checked_add(len) {
            Some(end) if end <= self.len() => Ok(()),
            _ => Err(EINVAL),
        }
    }

    /// Syncs the memory for the CPU, undoes the mapping and returns the memory.
    ///
    /// # Safety
    ///
    /// `self` must not be used again, nor dropped.
    unsafe fn take_back(&mut self) -> S {
        if S::HAS_OTHER_MAPPING {
            self.give_to_cpu();
        }

        // SAFETY: By the caller's promise. If the attributes have no sync, it was done above.
        unsafe { self.undo(self.attrs) }
    }

    /// Undoes the mapping and returns the memory.
    ///
    /// # Safety
    ///
    /// - `self` must not be used again, nor dropped.
    /// - `attrs` are those of the mapping, and `DMA_ATTR_SKIP_CPU_SYNC` besides if the memory is the CPU's.
    unsafe fn undo(&mut self, attrs: Attrs) -> S {
        // SAFETY: By the invariants this mapping exists, and was made with these parameters. It is
        // undone once, as the caller does not use `self` again.
        unsafe {
            bindings::dma_unmap_sgtable(
                raw::device(self.dev),
                self.table.as_raw(),
                D::DIRECTION.into(),
                raw::attrs(attrs),
            )
        };

        // SAFETY: The caller does not use `self` again, so that the table is dropped once.
        unsafe { ManuallyDrop::drop(&mut self.table) };

        // SAFETY: As above; so that the memory is taken back once.
        let raw = unsafe { ManuallyDrop::take(&mut self.raw) };

        // SAFETY: No device uses it: a transfer would own the mapping. What the device may have
        // written is valid for what is in the memory: a mapping can only be made where `D` permits
        // that, and then either the device cannot write or all bytes are valid.
        unsafe { S::from_raw(raw) }
    }
}

impl<S: Scattered, D: Direction> Drop for SgMapping<'_, S, D> {
    fn drop(&mut self) {
        // SAFETY: `self` is being dropped; it is not used again.
        drop(unsafe { self.take_back() });
    }
}

impl<S: Scattered, D: Direction> turn::private::Turns for SgMapping<'_, S, D> {
    type Direction = D;
    type Data = S::Element;

    fn begin_turn(&mut self, _: Sealed) {
        self.give_to_cpu();
    }

    fn end_turn(&mut self, _: Sealed) {
        self.give_to_device();
    }
}

/// Makes a table of `pieces` and maps it for the device to use in the direction `D`.
fn map_table<D: Direction, I: Iterator<Item = Piece>>(
    dev: &Device<Bound>,
    pieces: impl Fn() -> I,
    flags: Flags,
    attrs: Attrs,
) -> Result<Table> {
    if !raw::has_dma(dev) {
        return Err(EIO);
    }

    let mut table = Table::new::<D, _>(dev, pieces, flags)?;

    // SAFETY: `dev` is bound. The entries of the table are memory that is neither freed nor touched
    // until it is taken back, by the contract of `Scattered`.
    raw::to_result(unsafe {
        bindings::dma_map_sgtable(
            raw::device(dev),
            table.as_raw_mut(),
            D::DIRECTION.into(),
            raw::attrs(attrs),
        )
    })?;

    Ok(table)
}

/// Mapped memory in pieces in the hands of the CPU.
///
/// Returned by [`SgMapping::sync_for_cpu`]. When it is dropped the memory belongs to the device again.
///
/// The pieces are read and written as one row of bytes. What the CPU writes goes somewhere only if the
/// device reads it.
pub struct SgAccess<'a, 'bound, S: Scattered, D: Direction> {
    // INVARIANT: Borrowed exclusively, so that neither a transfer nor another guard can be there.
    mapping: &'a mut SgMapping<'bound, S, D>,
}

impl<S: Scattered, D: Direction> SgAccess<'_, '_, S, D> {
    /// The length of all pieces together, in bytes.
    pub fn len(&self) -> usize {
        self.mapping.len()
    }

    /// Whether there is nothing in it; there always is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Copies bytes, from `offset` on, into `bytes`. Does not sleep.
    ///
    /// # Errors
    ///
    /// [`EINVAL`] if not all of them are within the memory.
    ///
    /// C: `sg_pcopy_to_buffer()`, `lib/scatterlist.c`.
    pub fn read(&self, offset: usize, bytes: &mut [u8]) -> Result {
        // SAFETY: The memory is the CPU's for as long as `self` exists, and nobody writes to it:
        // `write()` borrows `self` exclusively.
        unsafe { self.mapping.copy_to(offset, bytes) }
    }

    /// Copies `bytes` to the memory, from `offset` on. Does not sleep.
    ///
    /// # Errors
    ///
    /// [`EINVAL`] if there is not room for all of them.
    ///
    /// C: `sg_pcopy_from_buffer()`, `lib/scatterlist.c`.
    pub fn write(&mut self, offset: usize, bytes: &[u8]) -> Result
    where
        D: DeviceReads,
        S::Element: FromBytes,
    {
        // SAFETY: The memory is the CPU's for as long as `self` exists.
        unsafe { self.mapping.copy_from(offset, bytes) }
    }
}

impl<S: Scattered, D: Direction> Drop for SgAccess<'_, '_, S, D> {
    fn drop(&mut self) {
        self.mapping.give_to_device();
    }
}

/// One span of a scatter-gather mapping, as the memory of a transfer.
///
/// It owns the whole mapping.
///
/// # Invariants
///
/// `addr` and `len` are one of the spans of `mapping`.
pub struct SgSegment<'bound, S: Scattered, D: Direction> {
    mapping: SgMapping<'bound, S, D>,
    addr: DmaAddress,
    len: usize,
}

impl<'bound, S: Scattered, D: Direction> SgSegment<'bound, S, D> {
    /// The mapping of all the memory.
    #[inline(always)]
    pub fn into_mapping(self) -> SgMapping<'bound, S, D> {
        self.mapping
    }
}

// SAFETY: By the invariants, the span is a part of the mapping, which `self` owns: it is mapped until
// `self` is dropped, and for ever if it is forgotten, and its table does not move with it. No CPU access
// to it is possible while `self` is not at hand. `D` permits what is in the memory, by the only way to
// make a mapping.
unsafe impl<S: Scattered, D: Direction> DeviceMemory for SgSegment<'_, S, D> {
    type Direction = D;

    #[inline(always)]
    fn device(&self) -> &Device<Bound> {
        self.mapping.dev
    }

    #[inline(always)]
    fn span(&self) -> Span<'_, D> {
        // SAFETY: By the invariants, these bytes are a part of the mapping, which the span borrows.
        unsafe { Span::new(self.addr, self.len) }
    }
}
