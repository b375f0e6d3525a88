// SPDX-License-Identifier: GPL-2.0

//! The DMA ranges of memory, as a device gets them at submission.

use super::{
    direction::{
        Bidirectional,
        DeviceReads,
        DeviceWrites,
        Direction,
        FromDevice,
        ToDevice, //
    },
    range::{
        Address,
        Range, //
    },
    scatterlist::Entries, //
};
use core::{
    marker::PhantomData,
    ops,
    slice, //
};
use kernel::{
    bindings,
    device::{
        Bound,
        Device, //
    },
    dma::{
        DataDirection,
        DmaAddress, //
    }, //
};

/// Memory that is mapped for a device, in any number of segments and for any direction.
///
/// # Safety
///
/// - [`Memory::segments`] are mapped for [`Memory::device`], in their direction, until `self` is
///   dropped or consumed, wherever it is moved to, and for ever if it is forgotten. So `self` owns
///   the mapping, and borrows nothing that could undo it, also when that is dropped after `self`
///   was forgotten. Device and segments are the same at every call.
/// - The direction of the segments is [`Memory::Direction`], unless that is `()`.
/// - `self` holds no reference or box to the memory. Memory that belongs to others, such as pages
///   of a process, may be accessed by them meanwhile, and is only copied. All other memory is
///   reached through `self` only, is initialized, and what `self` shows of it is valid whatever a
///   device writes that may.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be given to a device",
    label = "does not own mapped memory",
    note = "a command in flight owns what the device uses: give it the `Mapping`, `SgMapping`, \
            `CoherentMemory` or another owner itself, which comes back when the command has ended"
)]
pub unsafe trait Memory {
    /// The [`Direction`] of the segments, or `()` if only [`Memory::segments`] tells it, at run
    /// time.
    type Direction;

    /// Returns the device for which the memory is mapped.
    fn device(&self) -> &Device<Bound>;

    /// Returns the segments of all the memory, by direction.
    fn segments(&self) -> AnySegments<'_>;
}

/// [`Segments`] by the direction of the memory, which for some is known only at run time.
#[derive(Clone)]
pub enum AnySegments<'a> {
    /// The device reads the memory, if there is any.
    ToDevice(Segments<'a, ToDevice>),
    /// The device writes the memory.
    FromDevice(Segments<'a, FromDevice>),
    /// The device reads and writes the memory.
    Bidirectional(Segments<'a, Bidirectional>),
}

impl<'a, D: Direction> From<Range<'a, D>> for AnySegments<'a> {
    #[inline]
    fn from(range: Range<'a, D>) -> Self {
        Segments::from(range).into()
    }
}

impl<'a, D: Direction> From<Segments<'a, D>> for AnySegments<'a> {
    #[inline]
    fn from(segments: Segments<'a, D>) -> Self {
        match D::DIRECTION {
            DataDirection::ToDevice => Self::ToDevice(segments.cast()),
            DataDirection::FromDevice => Self::FromDevice(segments.cast()),
            // `Direction` is sealed, and there is no other.
            _ => Self::Bidirectional(segments.cast()),
        }
    }
}

impl<'a> AnySegments<'a> {
    /// Returns whether there are no segments.
    #[inline]
    pub fn is_empty(&self) -> bool {
        match self {
            Self::ToDevice(segments) => segments.is_empty(),
            Self::FromDevice(segments) => segments.is_empty(),
            Self::Bidirectional(segments) => segments.is_empty(),
        }
    }

    /// Returns the direction, the address and the length in bytes, if there is exactly one segment.
    ///
    /// For an engine that takes a single range.
    #[inline]
    pub fn single(self) -> Option<(DataDirection, Address, usize)> {
        fn parts<D: Direction>(
            segments: Segments<'_, D>,
        ) -> Option<(DataDirection, Address, usize)> {
            let range = segments.single()?;

            Some((D::DIRECTION, range.address(), range.len()))
        }

        match self {
            Self::ToDevice(segments) => parts(segments),
            Self::FromDevice(segments) => parts(segments),
            Self::Bidirectional(segments) => parts(segments),
        }
    }

    /// Returns the address and the length in bytes of each segment, if the device may read them or
    /// need not, and write them or need not.
    ///
    /// For an engine whose descriptors have no direction.
    #[inline]
    pub fn ranges(
        self,
        reads: bool,
        writes: bool,
    ) -> Option<impl Iterator<Item = (Address, usize)> + use<'a>> {
        let (segments, may_read, may_write) = match self {
            Self::ToDevice(segments) => (segments.cast(), true, false),
            Self::FromDevice(segments) => (segments.cast(), false, true),
            Self::Bidirectional(segments) => (segments, true, true),
        };

        ((may_read || !reads) && (may_write || !writes))
            .then(|| segments.map(|range| (range.address(), range.len())))
    }

    /// Returns the segments if the device may read them.
    #[inline]
    pub fn to_device(self) -> Option<Segments<'a, ToDevice>> {
        match self {
            Self::ToDevice(segments) => Some(segments),
            Self::FromDevice(_) => None,
            Self::Bidirectional(segments) => Some(segments.to_device()),
        }
    }

    /// Returns the segments if the device may write them.
    #[inline]
    pub fn from_device(self) -> Option<Segments<'a, FromDevice>> {
        match self {
            Self::ToDevice(_) => None,
            Self::FromDevice(segments) => Some(segments),
            Self::Bidirectional(segments) => Some(segments.from_device()),
        }
    }
}

/// A DMA address and a length in bytes: an entry of a list of segments.
#[derive(Clone, Copy)]
pub(crate) struct DmaVec {
    pub(crate) addr: DmaAddress,
    pub(crate) len: u32,
}

impl DmaVec {
    /// Creates an entry.
    #[cfg_attr(not(CONFIG_BLOCK), allow(dead_code, reason = "for block requests"))]
    #[inline]
    pub(crate) fn new(addr: DmaAddress, len: u32) -> Self {
        Self { addr, len }
    }
}

/// The list that segments are read from.
#[derive(Clone)]
enum Source<'a> {
    /// One range at most, which ends the list.
    One(Option<(DmaAddress, usize)>),
    #[cfg_attr(not(CONFIG_BLOCK), allow(dead_code, reason = "for block requests"))]
    List(slice::Iter<'a, DmaVec>),
    /// The entries of a mapped scatterlist.
    Table(Entries<'a>),
}

impl Iterator for Source<'_> {
    type Item = (DmaAddress, usize);

    #[inline]
    fn next(&mut self) -> Option<(DmaAddress, usize)> {
        match self {
            Self::One(range) => range.take(),
            // CAST: From 32 bits to at least as many.
            Self::List(list) => list.next().map(|vec| (vec.addr, vec.len as usize)),
            Self::Table(entries) => entries.next().map(|entry| {
                // SAFETY: By the safety requirements of `Segments::from_table()` the entry is
                // mapped. CAST: From 32 bits to at least as many.
                unsafe {
                    (
                        bindings::sg_dma_address(entry),
                        bindings::sg_dma_len(entry) as usize,
                    )
                }
            }),
        }
    }
}

/// The segments of mapped memory, in order: an iterator over their DMA [ranges](Range).
///
/// # Invariants
///
/// The bytes that `source` lists, from `skip` on, `len` bytes long, lie within mappings that live
/// for `'a`. Those mappings allow the device the accesses of `D`.
#[derive(Clone)]
pub struct Segments<'a, D: Direction> {
    source: Source<'a>,
    skip: usize,
    len: usize,
    _direction: PhantomData<(&'a (), D)>,
}

impl<'a, D: Direction> From<Range<'a, D>> for Segments<'a, D> {
    #[inline]
    fn from(range: Range<'a, D>) -> Self {
        // SAFETY: The number is for a list with the same promise.
        let addr = unsafe { range.address().as_raw() };

        // INVARIANT: By those of the range its bytes are within one mapping for `D`.
        Self::from_source(Source::One(Some((addr, range.len()))), range.len())
    }
}

impl<'a, D: Direction> Segments<'a, D> {
    /// Returns no segments, for a command without data.
    #[inline]
    pub fn empty() -> Self {
        // INVARIANT: There are no bytes.
        Self::from_source(Source::One(None), 0)
    }

    /// Creates segments from `list`, of `len` bytes together.
    ///
    /// # Safety
    ///
    /// As of [`Range::new`], for each of the entries.
    #[cfg_attr(not(CONFIG_BLOCK), allow(dead_code, reason = "for block requests"))]
    #[inline]
    pub(crate) unsafe fn from_list(list: &'a [DmaVec], len: usize) -> Self {
        // INVARIANT: By the safety requirements.
        Self::from_source(Source::List(list.iter()), len)
    }

    /// Creates a list from the `nents` entries of a mapped scatterlist, of `len` bytes together.
    ///
    /// C: `for_each_sgtable_dma_sg()`,
    /// [`include/linux/scatterlist.h`](srctree/include/linux/scatterlist.h).
    ///
    /// # Safety
    ///
    /// As of [`Range::new`], for each of the entries from `sgl` on, which are valid for `'a`.
    #[inline]
    pub(super) unsafe fn from_table(
        sgl: *mut bindings::scatterlist,
        nents: u32,
        len: usize,
    ) -> Self {
        // SAFETY: By the safety requirements; an entry that is mapped has memory.
        let entries = unsafe { Entries::new(sgl, nents) };

        // INVARIANT: By the safety requirements.
        Self::from_source(Source::Table(entries), len)
    }

    #[inline]
    fn from_source(source: Source<'a>, len: usize) -> Self {
        Self {
            source,
            skip: 0,
            len,
            _direction: PhantomData,
        }
    }

    /// Returns the length of all segments together, in bytes.
    #[inline]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Returns whether there are no segments.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Returns the segment, if there is exactly one.
    #[inline]
    pub fn single(mut self) -> Option<Range<'a, D>> {
        let range = self.next()?;
        self.is_empty().then_some(range)
    }

    /// Returns the segments of the bytes of `range`, counted from the start of these.
    ///
    /// Returns [`None`] if `range` is not within these segments.
    #[inline]
    pub fn slice(self, range: ops::Range<usize>) -> Option<Self> {
        if range.start > range.end || range.end > self.len {
            return None;
        }

        // INVARIANT: Within `self`, by the check above. Memory is not larger than `usize` counts.
        Some(Self {
            skip: self.skip.wrapping_add(range.start),
            len: range.end - range.start,
            ..self
        })
    }

    /// Returns the same segments for the device to read.
    #[inline]
    pub fn to_device(self) -> Segments<'a, ToDevice>
    where
        D: DeviceReads,
    {
        self.cast()
    }

    /// Returns the same segments for the device to write.
    #[inline]
    pub fn from_device(self) -> Segments<'a, FromDevice>
    where
        D: DeviceWrites,
    {
        self.cast()
    }

    #[inline]
    fn cast<E: Direction>(self) -> Segments<'a, E> {
        // INVARIANT: The callers have a bound or a check by which `D` lets the device do what `E`
        // does.
        Segments {
            source: self.source,
            skip: self.skip,
            len: self.len,
            _direction: PhantomData,
        }
    }
}

impl<'a, D: Direction> Iterator for Segments<'a, D> {
    type Item = Range<'a, D>;

    #[inline]
    fn next(&mut self) -> Option<Range<'a, D>> {
        if self.len == 0 {
            return None;
        }
        loop {
            let (addr, len) = self.source.next()?;
            let Some(len) = len.checked_sub(self.skip).filter(|len| *len != 0) else {
                self.skip -= len;
                continue;
            };
            let len = len.min(self.len);
            // CAST: From at most 64 bits.
            let addr = addr.wrapping_add(self.skip as DmaAddress);
            self.skip = 0;
            self.len -= len;

            // SAFETY: By the invariants, these bytes are within one of the mappings.
            return Some(unsafe { Range::new(addr, len) });
        }
    }
}

mod tests;
