// SPDX-License-Identifier: GPL-2.0

//! Memory in pieces at one address: a range of an IOMMU's addresses, to which pieces are linked.
//!
//! A scatter-gather mapping needs a table of its pieces, and is as many pieces for the device as the
//! IOMMU leaves. Here the addresses are reserved first, the pieces are linked to them one after the other,
//! without a table, and the IOMMU is told once when all are there ([`IovaMapping`], and [`IovaBuilder`]
//! for those that come one by one). The device sees one piece of memory.
//!
//! Only an IOMMU can do that. Without one nothing is mapped, and the memory comes back with
//! [`EOPNOTSUPP`]: then a driver maps it with [`SgMapping`](super::sg::SgMapping), which takes the same
//! memory and gives the device more than one span. This is an error and not done here, because a driver
//! that can tell its device of one span only has to know, and one that can of many has the code for it.
//!
//! The C functions have no way to give the CPU a turn while the memory stays linked, nor does the DMA
//! debugger know of it: it would complain of a sync. So there is no guard here: unmap the memory, or
//! map it with [`SgMapping`](super::sg::SgMapping).

use super::{
    buffer::Buffer,
    direction::{
        Direction,
        Permits, //
    },
    limits,
    raw,
    sg::{
        give_up,
        Piece,
        RawBuffers,
        Scattered, //
    },
    span::Span,
    streaming::MapError,
    transfer::DeviceMemory, //
};
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
    dma::DmaAddress,
    io::PhysAddr,
    page::PAGE_SIZE,
    prelude::*, //
};

/// The functions of C; without an IOMMU they are inline, and do nothing.
mod c {
    #[cfg(not(CONFIG_IOMMU_DMA))]
    pub(super) use crate::bindings::{
        helper_dma_iova_destroy as dma_iova_destroy,
        helper_dma_iova_link as dma_iova_link,
        helper_dma_iova_sync as dma_iova_sync,
        helper_dma_iova_try_alloc as dma_iova_try_alloc,
        helper_dma_iova_unlink as dma_iova_unlink, //
    };
    #[cfg(CONFIG_IOMMU_DMA)]
    pub(super) use kernel::bindings::{
        dma_iova_destroy,
        dma_iova_link,
        dma_iova_sync,
        dma_iova_try_alloc,
        dma_iova_unlink, //
    };
}

/// Links `piece` at `linked` bytes from the start of a range.
///
/// On error nothing of it is linked.
///
/// C: `dma_iova_link()`, `drivers/iommu/dma-iommu.c`.
///
/// # Safety
///
/// The range is reserved for `dev`, and nothing is linked to it from there on. The piece is within it, and its
/// place in its page is that of the address. Its memory stays as it is, and nobody but the device accesses it,
/// until it is unlinked.
#[inline(always)]
unsafe fn link<D: Direction>(
    dev: &Device<Bound>,
    state: &mut bindings::dma_iova_state,
    piece: &Piece,
    linked: usize,
) -> Result {
    // SAFETY: By the caller's promise.
    raw::to_result(unsafe {
        c::dma_iova_link(
            raw::device(dev),
            state,
            piece.phys,
            linked,
            piece.len,
            D::DIRECTION.into(),
            raw::attrs(raw::no_attrs()),
        )
    })
}

/// Whether `piece` can be linked for `dev` and `D`, `linked` bytes from `addr` on.
#[inline(always)]
fn may_follow<D: Direction>(
    dev: &Device<Bound>,
    piece: &Piece,
    addr: DmaAddress,
    linked: usize,
) -> bool {
    // No IOMMU has granules that are larger than a page, as `init_iova_domain()` has it, so that pages follow
    // pages whatever they are.
    let follows = follows(piece.phys, addr, linked, PAGE_SIZE - 1)
        || follows(piece.phys, addr, linked, limits::merge_boundary(dev));

    piece.len != 0 && follows && !piece.is_shared::<D>(dev)
}

/// A range of an IOMMU's addresses, and how much of it leads to memory.
///
/// # Invariants
///
/// - `state` was reserved for `dev` with `size` bytes, and not freed yet.
/// - The first `linked` bytes lead to memory that was linked with the direction `D`, and nothing else does.
struct Range<'bound, D: Direction> {
    dev: &'bound Device<Bound>,
    state: bindings::dma_iova_state,
    size: usize,
    linked: usize,
    _direction: PhantomData<D>,
}

impl<'bound, D: Direction> Range<'bound, D> {
    /// Reserves `size` bytes of addresses, of which the first is as far into its page as `phys`.
    fn reserve(dev: &'bound Device<Bound>, phys: PhysAddr, size: usize) -> Result<Self> {
        let mut state = bindings::dma_iova_state::default();

        // More cannot be linked, and C warns of sizes that have the highest bit, or none.
        if size == 0 || isize::try_from(size).is_err() {
            return Err(EINVAL);
        }
        if !raw::has_dma(dev) {
            return Err(EIO);
        }

        let dev_raw = raw::device(dev);
        if !raw::use_dma_iommu(dev) {
            return Err(EOPNOTSUPP);
        }
        // SAFETY: `dev` is bound and can do DMA, `state` is written, and the size is one that C takes.
        if !unsafe { c::dma_iova_try_alloc(dev_raw, &mut state, phys, size) } {
            return Err(ENOMEM);
        }

        // INVARIANT: Reserved just now, and nothing is linked.
        Ok(Self {
            dev,
            state,
            size,
            linked: 0,
            _direction: PhantomData,
        })
    }

    /// Links `piece` behind what is linked.
    ///
    /// # Safety
    ///
    /// The memory stays as it is, and nobody but the device accesses it, until it is unlinked.
    unsafe fn link(&mut self, piece: Piece) -> Result {
        if !may_follow::<D>(self.dev, &piece, self.state.addr, self.linked) {
            return Err(EINVAL);
        }
        if piece.len > self.size - self.linked {
            return Err(ENOSPC);
        }

        // SAFETY: By the invariants the range is reserved, and nothing is linked from `linked` on. The
        // piece is within it, and its place in its page is that of the address, by the checks above. Its
        // memory is given up, by the caller's promise.
        unsafe { link::<D>(self.dev, &mut self.state, &piece, self.linked)? };

        // INVARIANT: Linked just now.
        self.linked += piece.len;
        Ok(())
    }

    /// Links all of `pieces`.
    ///
    /// The same as linking one after the other, for which nothing has to be looked up again.
    ///
    /// # Safety
    ///
    /// As of [`Range::link`], for each of them. Nothing is linked, and together they have `size` bytes.
    #[inline(always)]
    unsafe fn link_all(&mut self, pieces: impl Iterator<Item = Piece>) -> Result {
        let (dev, addr) = (self.dev, self.state.addr);
        let mut linked = 0;

        for piece in pieces {
            if !may_follow::<D>(dev, &piece, addr, linked) {
                return Err(EINVAL);
            }
            // SAFETY: As for `link()`. It is within the range by the caller's promise.
            unsafe { link::<D>(dev, &mut self.state, &piece, linked)? };

            linked += piece.len;
            // INVARIANT: Linked just now.
            self.linked = linked;
        }
        Ok(())
    }

    /// Unlinks the last `len` bytes.
    ///
    /// # Safety
    ///
    /// They are the piece that was linked last, and the device does not access it.
    unsafe fn unlink(&mut self, len: usize) {
        self.linked -= len;

        // SAFETY: By the invariants, and the caller's promise, these bytes are linked, with these
        // parameters, as a piece.
        unsafe {
            c::dma_iova_unlink(
                raw::device(self.dev),
                &mut self.state,
                self.linked,
                len,
                D::DIRECTION.into(),
                raw::attrs(raw::no_attrs()),
            )
        };
    }

    /// Tells the IOMMU of all that is linked.
    fn sync(&mut self) -> Result {
        // SAFETY: By the invariants these bytes are linked.
        raw::to_result(unsafe {
            c::dma_iova_sync(raw::device(self.dev), &mut self.state, 0, self.linked)
        })
    }
}

impl<D: Direction> Drop for Range<'_, D> {
    fn drop(&mut self) {
        // SAFETY: By the invariants the range is reserved, what is linked is the start of it, and was linked
        // with these parameters. It is not used again.
        unsafe {
            c::dma_iova_destroy(
                raw::device(self.dev),
                &mut self.state,
                self.linked,
                D::DIRECTION.into(),
                raw::attrs(raw::no_attrs()),
            )
        };
    }
}

/// Whether memory at `phys` can be linked behind the first `linked` bytes of a range from `addr` on:
/// the IOMMU translates whole granules, of `boundary + 1` bytes.
fn follows(phys: PhysAddr, addr: DmaAddress, linked: usize, boundary: usize) -> bool {
    // CAST: From at most 64 bits.
    let (end, boundary) = (addr + linked as u64, boundary as u64);

    if linked == 0 {
        (phys ^ end) & boundary == 0
    } else {
        (phys | end) & boundary == 0
    }
}

/// Memory in pieces that a device owns, and sees as one.
///
/// Each piece but the first begins with a page, and each but the last ends with one; more exactly, see
/// [`limits::merge_boundary`]. Dropping the mapping unmaps the memory and drops it; forgetting it leaks
/// both.
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
///     buffer::Pages,
///     direction::ToDevice,
///     iova::IovaMapping,
///     sg::SgMapping, //
/// };
///
/// fn hand_over(dev: &Device<Bound>, pages: KVec<Pages>) -> Result<KVec<Pages>> {
///     match IovaMapping::map(dev, pages, ToDevice, GFP_KERNEL) {
///         Ok(mapping) => {
///             pr_info!("{} bytes in one piece\n", mapping.span().len());
///             Ok(mapping.unmap())
///         }
///         // No IOMMU: in pieces, then.
///         Err(err) if err.error == EOPNOTSUPP => {
///             Ok(SgMapping::map(dev, err.buffer, ToDevice, GFP_KERNEL)?.unmap())
///         }
///         Err(err) => Err(err.into()),
///     }
/// }
/// ```
///
/// # Invariants
///
/// - The pieces of `raw` are linked to `range`, all of them, in order, and nothing else is. Unless it is
///   in an [`IovaBuilder`], there is a piece, and the IOMMU was told of them.
/// - `raw` came from [`Scattered::into_raw`] or is as if, and has not been taken back.
pub struct IovaMapping<'bound, S: Scattered, D: Direction> {
    range: ManuallyDrop<Range<'bound, D>>,
    raw: ManuallyDrop<S::Raw>,
    _memory: PhantomData<S>,
}

// SAFETY: A mapping is memory and what is needed to take it back; the DMA API and the functions of
// `Scattered` may be called from any thread. What is sent is in effect the memory, and what is in it.
unsafe impl<S: Scattered<Element: Send> + Send, D: Direction> Send for IovaMapping<'_, S, D> {}

// SAFETY: A shared reference to a mapping gives addresses and lengths, and no access to the memory.
unsafe impl<S: Scattered<Element: Send> + Send, D: Direction> Sync for IovaMapping<'_, S, D> {}

impl<'bound, S: Scattered, D: Direction> IovaMapping<'bound, S, D> {
    /// Maps memory in pieces for the device to use in the direction that `direction` names.
    ///
    /// May sleep, unless `flags` says otherwise; they are for remembering the pieces. With
    /// [`CoherentMemory`](super::coherent::CoherentMemory) it always may.
    ///
    /// # Errors
    ///
    /// The memory comes back with the error:
    ///
    /// - [`EOPNOTSUPP`] if no IOMMU translates for the device. Use [`SgMapping`](super::sg::SgMapping);
    /// - [`EINVAL`] for an empty piece or none, one that shares a cache line (see [`MapError`]), or
    ///   one that does not begin where a page does, or end there; and in 7.3 also for a first piece
    ///   that begins within a page and must be bounced, as for an untrusted device or, if it is
    ///   small, one that is not cache-coherent, if the device's `dma_set_min_align_mask()` does not
    ///   keep its place in the page: the kernel then also logs the addresses.
    ///   [`SgMapping`](super::sg::SgMapping) takes the last three. Also for memory that is not for
    ///   this device, see [`Scattered::may_be_mapped_for`];
    /// - [`ENOMEM`] if the device's addresses are used up, or there is no memory for page tables or
    ///   bounce buffers;
    /// - [`EIO`] if the device can do no DMA at all.
    ///
    /// C: `dma_iova_try_alloc()`, `dma_iova_link()`, `dma_iova_sync()`; `drivers/iommu/dma-iommu.c`.
    pub fn map(
        dev: &'bound Device<Bound>,
        memory: S,
        _direction: D,
        flags: Flags,
    ) -> Result<Self, MapError<S>>
    where
        D: Permits<S::Element>,
    {
        let link = |raw: &S::Raw| link_all(dev, || S::pieces(raw));
        // SAFETY: `link_all()` links all pieces or leaves none linked, and tells no device.
        let (raw, range) = unsafe { give_up(dev, memory, flags, link) }?;

        // INVARIANT: All pieces were linked just now, and the IOMMU was told.
        Ok(Self {
            range: ManuallyDrop::new(range),
            raw: ManuallyDrop::new(raw),
            _memory: PhantomData,
        })
    }

    /// What the device is told of all the memory.
    #[inline(always)]
    pub fn span(&self) -> Span<'_, D> {
        // SAFETY: By the invariants, these bytes are this mapping, which the span borrows.
        unsafe { Span::new(self.range.state.addr, self.range.linked) }
    }

    /// The device for which the memory is mapped.
    #[inline(always)]
    pub fn device(&self) -> &'bound Device<Bound> {
        self.range.dev
    }

    /// Returns the pieces of memory as the CPU has them. For debugging only.
    pub fn pieces(&self) -> impl Iterator<Item = Piece> + '_ {
        S::pieces(&self.raw)
    }

    /// Unmaps the memory and gives it back to the CPU.
    ///
    /// What the device wrote is visible to the CPU when this returns. Does not sleep. The IOMMU's TLB is
    /// invalidated at once, in a lazy domain too.
    ///
    /// C: `dma_iova_destroy()`, `drivers/iommu/dma-iommu.c`.
    pub fn unmap(self) -> S {
        let mut this = ManuallyDrop::new(self);

        // SAFETY: `this` is not dropped and not used again.
        unsafe { this.take_back() }
    }

    /// Undoes the mapping and returns the memory.
    ///
    /// # Safety
    ///
    /// `self` must not be used again, nor dropped.
    unsafe fn take_back(&mut self) -> S {
        // SAFETY: The caller does not use `self` again, so that the range is dropped once.
        unsafe { ManuallyDrop::drop(&mut self.range) };

        // SAFETY: As above; so that the memory is taken back once.
        let raw = unsafe { ManuallyDrop::take(&mut self.raw) };

        // SAFETY: No device uses it: a transfer would own the mapping. What the device may have
        // written is valid for what is in the memory: a mapping can only be made where `D` permits
        // that, and then either the device cannot write or all bytes are valid.
        unsafe { S::from_raw(raw) }
    }
}

impl<S: Scattered, D: Direction> Drop for IovaMapping<'_, S, D> {
    fn drop(&mut self) {
        // SAFETY: `self` is being dropped; it is not used again.
        drop(unsafe { self.take_back() });
    }
}

// SAFETY: `span()` is the memory of this mapping, which `self` owns: it is linked for `dev` and `D` until
// `self` is dropped, and for ever if it is forgotten. The CPU cannot reach it while it is. `D` permits what
// is in the memory, by the only ways to make a mapping.
unsafe impl<S: Scattered, D: Direction> DeviceMemory for IovaMapping<'_, S, D> {
    type Direction = D;

    #[inline(always)]
    fn device(&self) -> &Device<Bound> {
        self.range.dev
    }

    #[inline(always)]
    fn span(&self) -> Span<'_, D> {
        IovaMapping::span(self)
    }
}

/// Reserves a range for `pieces`, links all of them and tells the IOMMU; or leaves nothing.
fn link_all<'bound, D: Direction, I: Iterator<Item = Piece>>(
    dev: &'bound Device<Bound>,
    pieces: impl Fn() -> I,
) -> Result<Range<'bound, D>> {
    let first = pieces().next().ok_or(EINVAL)?;
    let size = pieces()
        .try_fold(0usize, |size, piece| size.checked_add(piece.len))
        .ok_or(EINVAL)?;

    let mut range = Range::reserve(dev, first.phys, size)?;
    // SAFETY: The memory is given up until it is taken back, by the contract of `Scattered`, which is not
    // before `range` is dropped. They are the same pieces, so that this is their size.
    unsafe { range.link_all(pieces())? };
    range.sync()?;

    Ok(range)
}

/// A mapping that is being made, of buffers that come one by one.
///
/// It has the buffers. No device is told of them before [`IovaBuilder::finish`], and dropping it, or
/// an error, unlinks them all.
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
///     buffer::Pages,
///     direction::FromDevice,
///     iova::{
///         IovaBuilder,
///         IovaMapping, //
///     }, //
/// };
///
/// fn receive(dev: &Device<Bound>) -> Result<IovaMapping<'_, KVec<Pages>, FromDevice>> {
///     let page = || Pages::zeroed(0, GFP_KERNEL);
///     let mut builder = IovaBuilder::begin(dev, page()?, 4 * PAGE_SIZE, 4, FromDevice, GFP_KERNEL)?;
///
///     for _ in 1..4 {
///         builder.link(page()?)?;
///     }
///     Ok(builder.finish()?)
/// }
/// ```
pub struct IovaBuilder<'bound, B: Buffer, D: Direction> {
    // INVARIANT: There is a piece, unless the last one was unlinked.
    mapping: IovaMapping<'bound, KVec<B>, D>,
}

impl<'bound, B: Buffer, D: Direction> IovaBuilder<'bound, B, D> {
    /// Reserves addresses for `size` bytes in at most `count` buffers, and links the first of them.
    ///
    /// The range begins as far into a page as `first` does. May sleep, unless `flags` says otherwise;
    /// they are for remembering the buffers.
    ///
    /// # Errors
    ///
    /// The buffer comes back with the error, which is one of [`IovaMapping::map`], or [`ENOSPC`] if it is
    /// longer than `size`.
    ///
    /// C: `dma_iova_try_alloc()`, `dma_iova_link()`; `drivers/iommu/dma-iommu.c`.
    pub fn begin(
        dev: &'bound Device<Bound>,
        first: B,
        size: usize,
        count: usize,
        _direction: D,
        flags: Flags,
    ) -> Result<Self, MapError<B>>
    where
        D: Permits<B::Target>,
    {
        let failed = |error, buffer| Err(MapError { error, buffer });

        // A number of buffers that there cannot be is no reason for a warning.
        let flags = raw::reclaim_flags(flags) | __GFP_NOWARN;
        let Ok(mut buffers) = RawBuffers::with_capacity(count, flags) else {
            return failed(ENOMEM, first);
        };
        let piece = match buffers.push(first) {
            Ok(piece) => piece,
            Err(first) => return failed(ENOSPC, first),
        };

        let linked = Range::reserve(dev, piece.phys, size).and_then(|mut range| {
            // SAFETY: The memory is given up until it is taken back, by the contract of `Buffer`.
            unsafe { range.link(piece)? };
            Ok(range)
        });
        match linked {
            // INVARIANT: The one piece was linked just now.
            Ok(range) => Ok(Self {
                mapping: IovaMapping {
                    range: ManuallyDrop::new(range),
                    raw: ManuallyDrop::new(buffers),
                    _memory: PhantomData,
                },
            }),
            // SAFETY: It is not linked, and its content is what it was. There is one, by `push()` above.
            Err(error) => failed(error, unsafe { buffers.pop().unwrap_unchecked() }),
        }
    }

    /// Links one more buffer, behind those that are linked.
    ///
    /// Does not sleep.
    ///
    /// # Errors
    ///
    /// The buffer comes back with the error, and those that are linked stay so: [`ENOSPC`] if there is no
    /// room left, else one of [`IovaMapping::map`].
    ///
    /// C: `dma_iova_link()`, `drivers/iommu/dma-iommu.c`.
    pub fn link(&mut self, buffer: B) -> Result<(), MapError<B>> {
        let IovaMapping { range, raw, .. } = &mut self.mapping;

        let piece = match raw.push(buffer) {
            Ok(piece) => piece,
            Err(buffer) => {
                return Err(MapError {
                    error: ENOSPC,
                    buffer,
                })
            }
        };

        // SAFETY: The memory is given up until it is taken back, by the contract of `Buffer`.
        unsafe { range.link(piece) }.map_err(|error| MapError {
            error,
            // SAFETY: It is not linked, and its content is what it was. There is one, by `push()` above.
            buffer: unsafe { raw.pop().unwrap_unchecked() },
        })
    }

    /// Unlinks the buffer that was linked last, and returns it; [`None`] if there is none left.
    ///
    /// Does not sleep.
    ///
    /// C: `dma_iova_unlink()`, `drivers/iommu/dma-iommu.c`.
    pub fn unlink(&mut self) -> Option<B> {
        let IovaMapping { range, raw, .. } = &mut self.mapping;
        let piece = raw.last()?;

        // SAFETY: This is the piece that was linked last, and no device was told of it.
        unsafe { range.unlink(piece.len) };

        // SAFETY: It is not linked any more, and its content is what it was.
        unsafe { raw.pop() }
    }

    /// How many bytes are linked.
    pub fn len(&self) -> usize {
        self.mapping.range.linked
    }

    /// Whether nothing is linked, as all was unlinked.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Tells the IOMMU of all that is linked, and makes it a mapping.
    ///
    /// That may be less than was reserved. Does not sleep.
    ///
    /// # Errors
    ///
    /// All buffers come back with the error: [`EINVAL`] if there is none, or what the IOMMU says.
    ///
    /// C: `dma_iova_sync()`, `drivers/iommu/dma-iommu.c`.
    pub fn finish(mut self) -> Result<IovaMapping<'bound, KVec<B>, D>, MapError<KVec<B>>> {
        let synced = if self.is_empty() {
            Err(EINVAL)
        } else {
            self.mapping.range.sync()
        };

        match synced {
            // INVARIANT: The IOMMU was told, and there is a piece.
            Ok(()) => Ok(self.mapping),
            Err(error) => Err(MapError {
                error,
                buffer: self.cancel(),
            }),
        }
    }

    /// Unlinks all buffers and returns them.
    ///
    /// Does not sleep.
    ///
    /// C: `dma_iova_destroy()`, `drivers/iommu/dma-iommu.c`.
    pub fn cancel(self) -> KVec<B> {
        self.mapping.unmap()
    }
}

#[kunit_tests(safe_dma_iova)]
mod tests {
    use super::*;
    use crate::dma::{
        buffer::Pages,
        direction::Bidirectional, //
    };
    use kernel::faux;

    const BOUNDARY: usize = 0xfff;

    #[test]
    fn first_is_where_its_address_is() {
        assert!(follows(0x4000_0000, 0xfff0_0000, 0, BOUNDARY));
        assert!(follows(0x4000_0123, 0xfff0_0123, 0, BOUNDARY));
        assert!(!follows(0x4000_0123, 0xfff0_0000, 0, BOUNDARY));
        assert!(!follows(0x4000_0000, 0xfff0_0800, 0, BOUNDARY));
    }

    #[test]
    fn others_begin_with_a_granule() {
        assert!(follows(0x4000_0000, 0xfff0_0000, 0x1000, BOUNDARY));
        assert!(follows(0x4000_0000, 0xfff0_0c00, 0x400, BOUNDARY));
        // What is linked ends within a granule.
        assert!(!follows(0x4000_0000, 0xfff0_0000, 0x800, BOUNDARY));
        // So it does, and the next goes on there: C warns of that.
        assert!(!follows(0x4000_0800, 0xfff0_0000, 0x800, BOUNDARY));
        assert!(!follows(0x4000_0001, 0xfff0_0000, 0x1000, BOUNDARY));
    }

    #[test]
    fn granules_of_any_size() {
        assert!(!follows(0x4000_1000, 0xfff0_0000, 0, 0xffff));
        assert!(!follows(0x4000_0000, 0xfff0_0000, 0x1000, 0xffff));
        assert!(follows(0x4000_0000, 0xfff0_0000, 0x1_0000, 0xffff));
    }

    /// A device that can do no DMA is refused, and the buffer comes back.
    #[test]
    fn device_without_dma() -> Result {
        let registration = faux::Registration::new(c"safe_dma_iova", None)?;
        let faux: &faux::Device<Bound> = registration.as_ref();
        let page = Pages::zeroed(0, GFP_KERNEL)?;
        let start = page.as_ptr();

        let refused = IovaBuilder::begin(faux.as_ref(), page, 4096, 1, Bidirectional, GFP_KERNEL)
            .err()
            .ok_or(EFAULT)?;
        assert!(refused.error == EIO && refused.buffer.as_ptr() == start);

        let mut pages = KVec::new();
        pages.push(refused.buffer, GFP_KERNEL)?;
        let refused = IovaMapping::map(faux.as_ref(), pages, Bidirectional, GFP_KERNEL)
            .err()
            .ok_or(EFAULT)?;
        assert!(refused.error == EIO && refused.buffer.len() == 1);
        assert!(refused.buffer[0].as_ptr() == start);
        Ok(())
    }
}
