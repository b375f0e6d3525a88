// SPDX-License-Identifier: GPL-2.0

//! Streaming mappings: a buffer handed to a device, and taken back.

use super::{
    buffer::Buffer,
    cache_line,
    direction::{
        DeviceReads,
        Direction,
        Permits, //
    },
    raw,
    sealed::Sealed,
    span::Span,
    transfer::DeviceMemory,
    turn::{
        self,
        CpuTurn, //
    }, //
};
use crate::bindings as helpers;
use core::{
    fmt,
    marker::PhantomData,
    mem::ManuallyDrop,
    ops::{
        Deref,
        DerefMut,
        Range, //
    },
    ptr::NonNull, //
};
use kernel::{
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
    prelude::*,
    ptr::KnownSize, //
};

/// A buffer that a device owns: it is mapped, and nothing but the device can reach its memory.
///
/// The CPU gets its turn with [`Mapping::sync_for_cpu`] or [`Mapping::into_cpu`] while the mapping stays,
/// and the buffer itself back from [`Mapping::unmap`]. Dropping the mapping unmaps the buffer and drops it. Forgetting
/// it ([`core::mem::forget`]) leaks both, so that the device's address leads to the same memory ever after.
///
/// What is left of a driver's mappings is best dropped in its `unbind` callback. The driver's data is
/// dropped after the driver has given up the DMA of its IOMMU group (`dma_cleanup` of its bus): if root
/// gives the group another domain just then, an unmapping that comes later is one too many.
///
/// The mapping remembers what it was made with, so that it is undone with the same size, direction
/// and attributes, and it cannot outlive `'bound`, the time for which the driver is bound.
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
///     streaming::Mapping, //
/// };
///
/// fn hand_over(dev: &Device<Bound>) -> Result {
///     let frame = KVec::from_elem(0x5au8, 1500, GFP_KERNEL)?;
///
///     // From here on `frame` is gone; a device may read it.
///     let mapping = Mapping::map(dev, frame, ToDevice)?;
///     pr_info!("a frame of {} bytes\n", mapping.span().len());
///
///     let frame = mapping.unmap();
///     assert_eq!(frame[0], 0x5a);
///     Ok(())
/// }
/// ```
///
/// # Invariants
///
/// - `addr` is the DMA address of a streaming mapping of all of `B::target(raw)` for `dev`, made
///   with the direction `D` and `attrs`, not unmapped yet.
/// - `raw` came from [`Buffer::into_raw`] and has not been taken back.
/// - The size of the memory is not zero.
pub struct Mapping<'bound, B: Buffer, D: Direction> {
    dev: &'bound Device<Bound>,
    raw: B::Raw,
    addr: DmaAddress,
    attrs: Attrs,
    _direction: PhantomData<(B, D)>,
}

// SAFETY: A mapping is a buffer and what is needed to take it back; the DMA API and the functions of
// `Buffer` may be called from any thread. What is sent is in effect the buffer, and what is in it.
unsafe impl<B: Buffer<Target: Send> + Send, D: Direction> Send for Mapping<'_, B, D> {}

// SAFETY: A shared reference to a mapping gives an address and a length, and no access to the memory.
unsafe impl<B: Buffer<Target: Send> + Send, D: Direction> Sync for Mapping<'_, B, D> {}

/// Whether these attributes are for streaming mappings, and none takes a sync or an order out of one.
#[inline(always)]
pub(super) fn are_for_streaming(attrs: Attrs) -> bool {
    (DMA_ATTR_NO_WARN | DMA_ATTR_PRIVILEGED).contains(attrs)
}

/// A buffer that could not be mapped, and why.
///
/// Converts into the bare [`Error`], dropping the buffer, so that `?` works.
pub struct MapError<B> {
    /// Why:
    ///
    /// - [`EINVAL`] for an empty buffer or an attribute that is not for streaming mappings;
    /// - [`EINVAL`] for a small [`KVec`] with fewer elements than were allocated, whose memory shares a
    ///   cache line with other memory, if the device writes to it and is not
    ///   [cache-coherent](super::limits::is_coherent). Map [`Pages`](super::buffer::Pages), or a
    ///   vector that was allocated with the length that is mapped;
    /// - [`EIO`] if the device can do no DMA at all;
    /// - [`ENOMEM`] if the mapping failed. The kernel warns, once, if the device cannot drive the
    ///   address, no IOMMU translates, and there are no bounce buffers (`swiotlb=noforce`).
    pub error: Error,
    /// The buffer, as it was.
    pub buffer: B,
}

impl<B> From<MapError<B>> for Error {
    fn from(err: MapError<B>) -> Self {
        err.error
    }
}

impl<B> fmt::Debug for MapError<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MapError")
            .field("error", &self.error)
            .finish_non_exhaustive()
    }
}

impl<'bound, B: Buffer, D: Direction> Mapping<'bound, B, D> {
    /// Maps `buffer` for `dev` and gives it to the device.
    ///
    /// The same as [`Mapping::map_attrs`] without attributes. Does not sleep.
    ///
    /// # Errors
    ///
    /// The buffer comes back with the error; see [`MapError`].
    #[inline]
    pub fn map(dev: &'bound Device<Bound>, buffer: B, direction: D) -> Result<Self, MapError<B>>
    where
        D: Permits<B::Target>,
    {
        Self::map_attrs(dev, buffer, direction, raw::no_attrs())
    }

    /// Maps `buffer` for `dev`, with attributes, and gives it to the device.
    ///
    /// A streaming mapping may have `DMA_ATTR_NO_WARN` and `DMA_ATTR_PRIVILEGED`.
    /// `DMA_ATTR_SKIP_CPU_SYNC` is refused: on a device that is not cache-coherent the buffer that comes
    /// back would change under the CPU when its caches do. So is `DMA_ATTR_WEAK_ORDERING`, with which the
    /// end of a transfer would be seen before its last bytes. The others are for allocations, or for
    /// memory that is not RAM.
    ///
    /// Does not sleep.
    ///
    /// # Errors
    ///
    /// The buffer comes back with the error; see [`MapError`].
    ///
    /// Calls `dma_map_phys()`, to which both C functions below come for such memory.
    ///
    /// C: `dma_map_single_attrs()`, for [`Pages`](super::buffer::Pages) `dma_map_page_attrs()`, and
    /// `dma_mapping_error()`; `kernel/dma/mapping.c`.
    #[inline]
    pub fn map_attrs(
        dev: &'bound Device<Bound>,
        buffer: B,
        _direction: D,
        attrs: Attrs,
    ) -> Result<Self, MapError<B>>
    where
        D: Permits<B::Target>,
    {
        if !are_for_streaming(attrs) {
            return Err(MapError {
                error: EINVAL,
                buffer,
            });
        }

        let raw = buffer.into_raw();

        // SAFETY: `raw` is from `into_raw()`, and is not taken back if it is mapped.
        let mapped = unsafe { map_raw::<B, D>(dev, raw, attrs) };

        // INVARIANT: `map_raw()` has mapped all of the memory just now, for `D` and with `attrs`, and
        // refuses a size of zero.
        match mapped {
            Ok(addr) => Ok(Self {
                dev,
                raw,
                addr,
                attrs,
                _direction: PhantomData,
            }),
            Err(error) => Err(MapError {
                error,
                // SAFETY: `raw` is from `into_raw()` above and is taken back once. It was not
                // mapped, so no device has seen it and its content is what it was.
                buffer: unsafe { B::from_raw(raw) },
            }),
        }
    }

    /// What the device is told of the whole buffer.
    #[inline(always)]
    pub fn span(&self) -> Span<'_, D> {
        // SAFETY: By the invariants, these bytes are this mapping, which the span borrows.
        unsafe { Span::new(self.addr, self.size()) }
    }

    /// The device for which the buffer is mapped.
    #[inline(always)]
    pub fn device(&self) -> &'bound Device<Bound> {
        self.dev
    }

    /// Whether a sync of this mapping does anything, so that it is worth to lend less than all of it.
    ///
    /// Where it does nothing, [`Mapping::sync_for_cpu`] costs a test. The DMA debugger wants to see
    /// every sync: with it, it is always `true`.
    ///
    /// C: `dma_need_sync()`, `include/linux/dma-mapping.h`.
    #[inline]
    pub fn needs_sync(&self) -> bool {
        // SAFETY: By the invariants, this is the address of a mapping for this device.
        unsafe { helpers::helper_dma_need_sync(raw::device(self.dev), self.addr) }
    }

    /// Returns the address at which the CPU has the buffer.
    ///
    /// The device owns the memory: to read it by the pointer is a data race with the device.
    #[inline(always)]
    pub fn as_ptr(&self) -> *const B::Target {
        self.target().as_ptr()
    }

    /// Unmaps the buffer and gives it back to the CPU.
    ///
    /// What the device wrote is visible to the CPU when this returns. The device cannot be using the
    /// buffer any more: while it does, a [`Transfer`](super::transfer::Transfer) has the mapping.
    ///
    /// Does not sleep.
    ///
    /// Calls `dma_unmap_phys()`, which is the same.
    ///
    /// C: `dma_unmap_single_attrs()`, which `dma_unmap_page_attrs()` is; `kernel/dma/mapping.c`.
    #[inline]
    pub fn unmap(self) -> B {
        let this = ManuallyDrop::new(self);

        // SAFETY: `this` is not dropped and not used again.
        unsafe { this.take_back(this.attrs) }
    }

    /// Unmaps the buffer and gives it back, without a sync.
    ///
    /// # Safety
    ///
    /// The memory was synced for the CPU, and no device has been given it since.
    #[inline(always)]
    pub(super) unsafe fn unmap_synced(self) -> B {
        let this = ManuallyDrop::new(self);

        // SAFETY: `this` is not dropped and not used again. What is not done again was done, by the caller's
        // promise.
        unsafe { this.take_back(this.attrs | DMA_ATTR_SKIP_CPU_SYNC) }
    }

    /// Gives the memory to the CPU, with the mapping.
    ///
    /// What the device wrote is visible to the CPU when this returns. Does not sleep.
    ///
    /// C: `dma_sync_single_for_cpu()`, `kernel/dma/mapping.c`.
    #[inline]
    pub fn into_cpu(self) -> CpuTurn<Self> {
        CpuTurn::begin(self)
    }

    /// Lends the memory to the CPU, until the guard is dropped.
    ///
    /// Before this returns, what the device wrote is made visible to the CPU; when the guard is
    /// dropped, what the CPU wrote is made visible to the device.
    ///
    /// Does not sleep.
    ///
    /// C: `dma_sync_single_for_cpu()` here and `dma_sync_single_for_device()` in the guard's drop;
    /// `kernel/dma/mapping.c`.
    #[inline]
    pub fn sync_for_cpu(&mut self) -> CpuAccess<'_, B::Target, D> {
        let data = self.target();

        // SAFETY: `data` is all of the memory of this mapping, which is borrowed exclusively.
        unsafe { self.lend(0, data) }
    }

    /// The memory, without a reference to it.
    #[inline(always)]
    pub(super) fn target(&self) -> NonNull<B::Target> {
        // SAFETY: By the invariants `raw` is from `into_raw()`, and has not been taken back.
        unsafe { B::target(self.raw) }
    }

    /// Returns the size of the memory in bytes.
    #[inline(always)]
    fn size(&self) -> usize {
        B::Target::size(self.as_ptr())
    }

    /// Syncs the first `size` bytes for the CPU, without a guard.
    ///
    /// # Safety
    ///
    /// They are within the memory of this mapping.
    #[inline(always)]
    pub(super) unsafe fn sync_first_for_cpu(&mut self, size: usize) {
        // SAFETY: By the invariants, the mapping exists, and by the caller's promise these are bytes of it.
        unsafe { turn::sync_range_for_cpu::<D>(self.dev, self.addr, 0, size) };
    }

    /// Syncs the first `size` bytes for the device.
    ///
    /// # Safety
    ///
    /// They are within the memory of this mapping.
    #[inline(always)]
    pub(super) unsafe fn sync_first_for_device(&mut self, size: usize) {
        // SAFETY: By the invariants, the mapping exists, and by the caller's promise these are bytes of it.
        unsafe { turn::sync_range_for_device::<D>(self.dev, self.addr, 0, size) };
    }

    /// Undoes the mapping and returns the buffer.
    ///
    /// # Safety
    ///
    /// - `self` must not be used again, nor dropped.
    /// - `attrs` are those of the mapping, and `DMA_ATTR_SKIP_CPU_SYNC` besides if the memory is the CPU's.
    #[inline(always)]
    unsafe fn take_back(&self, attrs: Attrs) -> B {
        // SAFETY: By the invariants this mapping exists, and was made with these parameters. It is
        // undone once, as the caller does not use `self` again.
        unsafe {
            bindings::dma_unmap_phys(
                raw::device(self.dev),
                self.addr,
                self.size(),
                D::DIRECTION.into(),
                raw::attrs(attrs),
            )
        };

        // SAFETY: By the invariants, `raw` has not been taken back before. No device uses the
        // memory: a transfer would own the mapping. What the device may have written is valid for
        // `B::Target`: a mapping can only be made where `D` permits that type, and then either the
        // device cannot write or all bytes are valid.
        unsafe { B::from_raw(self.raw) }
    }

    /// Syncs the memory behind `data` for the CPU.
    ///
    /// # Safety
    ///
    /// `data` is within the memory of this mapping, at `offset` bytes from its start.
    #[inline(always)]
    unsafe fn lend<T: ?Sized + KnownSize>(
        &mut self,
        offset: usize,
        data: NonNull<T>,
    ) -> CpuAccess<'_, T, D> {
        // SAFETY: By the caller's promise; the mapping is borrowed exclusively for the guard's
        // life, so that neither a transfer nor another guard can be there. What is mapped is
        // initialized, and valid whatever a device writes that may: `Permits` has asked.
        unsafe { CpuAccess::begin(self.dev, self.addr, offset, data) }
    }
}

impl<'bound, T, B: Buffer<Target = [T]>, D: Direction> Mapping<'bound, B, D> {
    /// Lends the elements of `range` to the CPU, until the guard is dropped.
    ///
    /// As [`Mapping::sync_for_cpu`], but only for a part of the buffer, which is all that is synced.
    ///
    /// # Errors
    ///
    /// [`EINVAL`] if `range` is empty or not within the buffer.
    ///
    /// C: `dma_sync_single_range_for_cpu()` here and `dma_sync_single_range_for_device()` in the
    /// guard's drop; `include/linux/dma-mapping.h`.
    #[inline]
    pub fn sync_range_for_cpu(&mut self, range: Range<usize>) -> Result<CpuAccess<'_, [T], D>> {
        let (offset, data) = part(self.target(), &range).ok_or(EINVAL)?;

        // SAFETY: `data` is a part of the buffer, which begins that many bytes from its start.
        Ok(unsafe { self.lend(offset, data) })
    }
}

impl<B: Buffer, D: Direction> Drop for Mapping<'_, B, D> {
    fn drop(&mut self) {
        // SAFETY: `self` is being dropped; it is not used again.
        drop(unsafe { self.take_back(self.attrs) });
    }
}

// SAFETY: `span()` is the memory of this mapping, which `self` owns: it is mapped for `dev` and `D` until
// `self` is dropped, and for ever if it is forgotten. No CPU access to it is possible while `self` is
// not at hand. `D` permits what is in the memory, by the only way to make a mapping.
unsafe impl<B: Buffer, D: Direction> DeviceMemory for Mapping<'_, B, D> {
    type Direction = D;

    #[inline(always)]
    fn device(&self) -> &Device<Bound> {
        self.dev
    }

    #[inline(always)]
    fn span(&self) -> Span<'_, D> {
        Mapping::span(self)
    }
}

impl<B: Buffer, D: Direction> turn::private::Turns for Mapping<'_, B, D> {
    type Direction = D;
    type Data = B::Target;

    #[inline(always)]
    fn begin_turn(&mut self, _: Sealed) {
        // SAFETY: That is all of the memory.
        unsafe { self.sync_first_for_cpu(self.size()) };
    }

    #[inline(always)]
    fn end_turn(&mut self, _: Sealed) {
        // SAFETY: That is all of the memory.
        unsafe { self.sync_first_for_device(self.size()) };
    }
}

// SAFETY: By the contract of `Buffer` this is the memory that was given up, and a valid `B::Target`
// then. It is initialized, as `Permits` has asked, and a mapping in which the device can write
// exists only where all bytes are valid.
unsafe impl<B: Buffer, D: Direction> turn::private::Contiguous for Mapping<'_, B, D> {
    #[inline(always)]
    fn data(&self) -> NonNull<B::Target> {
        self.target()
    }
}

/// Mapped memory in the hands of the CPU.
///
/// Returned by [`Mapping::sync_for_cpu`] and [`Mapping::sync_range_for_cpu`], and by the same methods of
/// [`DevicePages`](super::pages::DevicePages). When it is dropped the memory belongs to the device
/// again. If it is forgotten, the memory does so too, but what the CPU
/// wrote may be lost, to the device and to the CPU itself.
///
/// All directions can be read. What the CPU writes goes somewhere only if the device reads it: a
/// guard of a `FromDevice` mapping is read-only.
///
/// # Invariants
///
/// - `data` is memory of a mapping for `dev` and `D` with the DMA address `addr`, at `offset`.
/// - The mapping is borrowed exclusively for `'a`, and no device has been given it since the last
///   transfer was over.
pub struct CpuAccess<'a, T: ?Sized + KnownSize, D: Direction> {
    dev: &'a Device<Bound>,
    addr: DmaAddress,
    offset: usize,
    data: NonNull<T>,
    _mapping: PhantomData<(&'a mut T, D)>,
}

impl<'a, T: ?Sized + KnownSize, D: Direction> CpuAccess<'a, T, D> {
    /// Begins the CPU's turn.
    ///
    /// # Safety
    ///
    /// - `data` is initialized memory of a mapping for `dev` and `D` with the DMA address `addr`, at
    ///   `offset` bytes from its start. It is a valid `T`, whatever a device that `D` lets write does.
    /// - The caller has the mapping borrowed exclusively for `'a`, and no device is using it.
    #[inline(always)]
    pub(super) unsafe fn begin(
        dev: &'a Device<Bound>,
        addr: DmaAddress,
        offset: usize,
        data: NonNull<T>,
    ) -> Self {
        // SAFETY: By the caller's promise, the mapping exists and these bytes are within it.
        unsafe { turn::sync_range_for_cpu::<D>(dev, addr, offset, T::size(data.as_ptr())) };

        // INVARIANT: By the caller's promise.
        Self {
            dev,
            addr,
            offset,
            data,
            _mapping: PhantomData,
        }
    }
}

impl<T: ?Sized + KnownSize, D: Direction> Deref for CpuAccess<'_, T, D> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: By the invariants, the memory is the CPU's and nobody else refers to it. What the
        // device wrote is a valid `T`, since a mapping in which it can write exists for such types
        // alone.
        unsafe { self.data.as_ref() }
    }
}

impl<T: ?Sized + KnownSize, D: DeviceReads> DerefMut for CpuAccess<'_, T, D> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: As for `deref()`; `self` is borrowed exclusively.
        unsafe { self.data.as_mut() }
    }
}

impl<T: ?Sized + KnownSize, D: Direction> Drop for CpuAccess<'_, T, D> {
    #[inline]
    fn drop(&mut self) {
        let size = T::size(self.data.as_ptr());

        // SAFETY: By the invariants, the mapping exists and these bytes are within it.
        unsafe { turn::sync_range_for_device::<D>(self.dev, self.addr, self.offset, size) };
    }
}

/// The elements of `range` of `all`, and how many bytes from the start of `all` they begin; [`None`] if there are
/// none, or not so many.
#[inline(always)]
pub(super) fn part<T>(all: NonNull<[T]>, range: &Range<usize>) -> Option<(usize, NonNull<[T]>)> {
    if !has_elements(range, all.len()) {
        return None;
    }

    // Within the elements, so that neither wraps.
    let first = NonNull::new(all.as_ptr().cast::<T>().wrapping_add(range.start))?;
    let offset = range.start * size_of::<T>();

    Some((
        offset,
        NonNull::slice_from_raw_parts(first, range.end - range.start),
    ))
}

/// Whether `range` has elements, and all of them are among the first `len`.
#[inline(always)]
fn has_elements(range: &Range<usize>, len: usize) -> bool {
    range.start < range.end && range.end <= len
}

/// Maps the memory of a buffer for the device to use in the direction `D`.
///
/// # Safety
///
/// `raw` is from [`Buffer::into_raw`], and is not taken back while the memory is mapped.
#[inline(always)]
unsafe fn map_raw<B: Buffer, D: Direction>(
    dev: &Device<Bound>,
    raw: B::Raw,
    attrs: Attrs,
) -> Result<DmaAddress> {
    // SAFETY: By the caller's promise.
    let target = unsafe { B::target(raw) }.as_ptr();
    let size = B::Target::size(target);
    if size == 0 {
        return Err(EINVAL);
    }

    if const { B::MAY_BE_PART && cache_line::is_written::<D>() }
        && cache_line::is_shared::<D>(dev, target.addr(), size)
    {
        return Err(EINVAL);
    }

    if !raw::has_dma(dev) {
        return Err(EIO);
    }

    let direction = D::DIRECTION.into();
    let attrs = raw::attrs(attrs);

    // SAFETY: `dev` is bound. By the contract of `Buffer` these `size` bytes of memory are
    // physically contiguous, and neither freed nor touched until they are taken back, which the
    // caller does not do before. `raw` is from `into_raw()`, and the number is for the mapping.
    let addr =
        unsafe { bindings::dma_map_phys(raw::device(dev), B::phys(raw), size, direction, attrs) };

    // SAFETY: `addr` is what a mapping function just returned for `dev`.
    unsafe { raw::mapping_error(dev, addr)? };

    Ok(addr)
}

#[kunit_tests(safe_dma_streaming)]
mod tests {
    use super::*;
    use crate::dma::direction::Bidirectional;
    use kernel::faux;

    /// A device that can do no DMA is refused, where C warns.
    #[test]
    fn device_without_dma() -> Result {
        let device = faux::Registration::new(c"safe_dma_without", None)?;
        let faux: &faux::Device<Bound> = device.as_ref();
        let buffer = KBox::new([0x5au8; 64], GFP_KERNEL)?;
        let start = core::ptr::from_ref(&*buffer);

        let mapped = Mapping::map(faux.as_ref(), buffer, Bidirectional);
        let refused = mapped.err();
        assert!(refused.as_ref().is_some_and(|err| err.error == EIO));
        let buffer = refused.map(|err| err.buffer).ok_or(EINVAL)?;
        assert!(core::ptr::eq(&*buffer, start));
        assert_eq!(*buffer, [0x5a; 64]);
        Ok(())
    }

    /// Whether the part that `range` is of some elements is where and as long as that of an array, and its
    /// offset, which is all that C is told, is where it begins.
    fn is_as_of_an_array<T, const LEN: usize>(array: &[T; LEN], range: Range<usize>) -> bool {
        match (part(NonNull::from(&array[..]), &range), array.get(range)) {
            (Some((offset, part)), Some(expected)) if !expected.is_empty() => {
                core::ptr::addr_eq(part.as_ptr(), expected)
                    && part.len() == expected.len()
                    && part.addr().get() - array.as_ptr().addr() == offset
            }
            (None, None | Some(&[])) => true,
            _ => false,
        }
    }

    #[test]
    fn part_as_of_an_array() {
        let (bytes, words, odd) = ([0u8; 5], [0u64; 5], [[0u8; 3]; 5]);

        for start in 0..=6 {
            for end in 0..=6 {
                assert!(is_as_of_an_array(&bytes, start..end));
                assert!(is_as_of_an_array(&words, start..end));
                assert!(is_as_of_an_array(&odd, start..end));
            }
        }
    }

    /// Elements are counted, and bytes are what C is told.
    #[test]
    fn part_in_bytes() {
        let words = [0u32; 100];

        let found = part(NonNull::from(&words[..]), &(98..100));
        assert!(found.is_some_and(|(offset, part)| offset == 392 && part.len() == 2));
    }

    #[test]
    fn range_within() {
        assert!(has_elements(&(0..4096), 4096));
        assert!(has_elements(&(0..1), 4096));
        assert!(has_elements(&(4095..4096), 4096));
        assert!(has_elements(&(0..1), 1));
        assert!(has_elements(&(usize::MAX - 1..usize::MAX), usize::MAX));
    }

    #[test]
    fn range_empty() {
        assert!(!has_elements(&(0..0), 4096));
        assert!(!has_elements(&(17..17), 4096));
        assert!(!has_elements(&(4096..4096), 4096));
        assert!(!has_elements(&(0..0), 0));
        assert!(!has_elements(&Range { start: 2, end: 1 }, 4096));
    }

    #[test]
    fn range_beyond() {
        assert!(!has_elements(&(0..4097), 4096));
        assert!(!has_elements(&(4095..4097), 4096));
        assert!(!has_elements(&(4096..4097), 4096));
        assert!(!has_elements(&(5000..6000), 4096));
        assert!(!has_elements(&(0..1), 0));
    }

    /// Numbers whose sum or difference is good modulo the size of the address space.
    #[test]
    fn range_that_overflows() {
        let reversed = Range {
            start: usize::MAX,
            end: 1,
        };

        assert!(!has_elements(&(0..usize::MAX), 4096));
        assert!(!has_elements(&(1..usize::MAX), 4096));
        assert!(!has_elements(&(usize::MAX - 1..usize::MAX), 4096));
        assert!(!has_elements(&(usize::MAX..usize::MAX), 4096));
        assert!(!has_elements(&reversed, 4096));
        assert!(!has_elements(&reversed, usize::MAX));
    }
}
