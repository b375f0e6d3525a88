// SPDX-License-Identifier: GPL-2.0

//! Memory in several pieces.

use crate::{
    bindings as helpers,
    dma::{
        buffer::Buffer,
        cache_line,
        direction::Direction,
        streaming::MapError, //
    }, //
};
use core::{
    mem::{
        ManuallyDrop,
        MaybeUninit, //
    },
    ptr::NonNull, //
};
use kernel::{
    alloc::{
        allocator::Vmalloc,
        AllocError,
        Flags, //
    },
    device::{
        Bound,
        Device, //
    },
    io::PhysAddr,
    page::PAGE_SIZE,
    prelude::*,
    ptr::KnownSize, //
};

/// Physically contiguous memory, a part of what is mapped.
#[derive(Clone, Copy)]
pub struct Piece {
    pub(in crate::dma) phys: PhysAddr,
    pub(in crate::dma) len: usize,
    pub(in crate::dma) may_be_part: bool,
}

impl Piece {
    /// Describes the `len` bytes from `phys` on, for an implementation of [`Scattered`].
    ///
    /// `may_be_part` says whether they may be only a part of a piece of memory from `kmalloc()`;
    /// see [`Buffer::MAY_BE_PART`].
    #[inline(always)]
    pub fn new(phys: PhysAddr, len: usize, may_be_part: bool) -> Self {
        Self {
            phys,
            len,
            may_be_part,
        }
    }

    /// Returns the length in bytes.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Returns whether there is no byte in it.
    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Returns the physical address of the first byte.
    ///
    /// # Safety
    ///
    /// The number is not given to a device: where no IOMMU translates, it is the DMA address, and
    /// for that [`DeviceAddress::as_raw`](crate::dma::span::DeviceAddress::as_raw) asks for a
    /// promise.
    #[inline(always)]
    pub unsafe fn phys_addr(&self) -> PhysAddr {
        self.phys
    }

    /// Whether mapping it for `dev` and `D` would let the device and somebody else write to the same cache
    /// line.
    pub(in crate::dma) fn is_shared<D: Direction>(&self, dev: &Device<Bound>) -> bool {
        // CAST: As far as alignment to a cache line goes, any part of the address will do.
        cache_line::is_written::<D>()
            && self.may_be_part
            && cache_line::is_shared::<D>(dev, self.phys as usize, self.len)
    }
}

/// Memory in pieces that may be mapped together, and that gives itself up while it is.
///
/// Implemented for [`VVec`], whose pages are anywhere, for [`KVec`] of any [`Buffer`]: pages, boxes and
/// vectors, of which each is a piece, and for [`CoherentMemory`](crate::dma::coherent::CoherentMemory)
/// of another device.
///
/// # Safety
///
/// - The bytes of [`Scattered::pieces`] have a `struct page`, but none of a stack or of the
///   kernel's image. They are the same at every call, and no byte is in two pieces. Whether they
///   are initialized is for [`Permits`](crate::dma::direction::Permits) to ask, before they are
///   mapped.
/// - They stay allocated, and stay where they are, from [`Scattered::into_raw`] to
///   [`Scattered::from_raw`], as long as the raw form is not dropped, and for ever if it is
///   forgotten. Nothing else reads or writes them in between.
/// - They are values of [`Scattered::Element`], or of slices of it, and nothing else.
/// - A piece that is in memory from `kmalloc()` begins there, and nothing reads or writes the rest of
///   that memory in between. If there is such a rest, the piece says that it may be a part.
/// - [`Scattered::pieces`] may be called from any thread, and from several at a time.
/// - What is said here need only hold for devices for which [`Scattered::may_be_mapped_for`] returns
///   `true`, which is asked before each mapping.
/// - [`Scattered::Raw`] shows nobody a reference to the memory, and [`Scattered::into_raw`] alone
///   makes one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be mapped as a list of pieces",
    label = "not memory in pieces",
    note = "`VVec<T>`, and `KVec<B>` where `B` is a buffer (`KBox<T>`, `KVec<T>`, `Pages`) can; a single \
            buffer is mapped with `dma::streaming::Mapping`"
)]
pub unsafe trait Scattered: Sized {
    /// What the memory is made of.
    type Element: ?Sized;

    /// The memory without a reference to it.
    type Raw;

    /// Whether the memory has a mapping already, for another device.
    ///
    /// The one that is made of it then does not sync on its own (`DMA_ATTR_SKIP_CPU_SYNC`), as the DMA
    /// debugger takes a second mapping that does for a mistake; [`SgMapping`](super::SgMapping) syncs it
    /// when it has mapped it, and before it unmaps it.
    const HAS_OTHER_MAPPING: bool = false;

    /// Whether the memory can be mapped for `dev`, as far as that depends on where it is from.
    #[inline(always)]
    fn may_be_mapped_for(&self, _dev: &Device<Bound>) -> bool {
        true
    }

    /// Gives the memory up; the counterpart of [`Scattered::from_raw`].
    ///
    /// Returns it if there is no memory to remember it by.
    fn into_raw(self, flags: Flags) -> Result<Self::Raw, Self>;

    /// Takes the memory back.
    ///
    /// # Safety
    ///
    /// The memory is valid for [`Scattered::Element`], and no device accesses it any more.
    unsafe fn from_raw(raw: Self::Raw) -> Self;

    /// The pieces, in their order.
    fn pieces(raw: &Self::Raw) -> impl Iterator<Item = Piece>;
}

/// Gives `memory` up, and lets `map` map its pieces for `dev`; the memory comes back with an error.
///
/// # Safety
///
/// If `map` fails, it leaves nothing mapped, and no device was told of the memory.
#[inline]
pub(in crate::dma) unsafe fn give_up<S: Scattered, M>(
    dev: &Device<Bound>,
    memory: S,
    flags: Flags,
    map: impl FnOnce(&S::Raw) -> Result<M>,
) -> Result<(S::Raw, M), MapError<S>> {
    let failed = |error, buffer| Err(MapError { error, buffer });

    if !memory.may_be_mapped_for(dev) {
        return failed(EINVAL, memory);
    }
    let raw = match memory.into_raw(flags) {
        Ok(raw) => raw,
        Err(memory) => return failed(ENOMEM, memory),
    };

    match map(&raw) {
        Ok(mapping) => Ok((raw, mapping)),
        // SAFETY: `raw` is from `into_raw()` above and is taken back once. By the caller's promise no device
        // has seen it, so that its content is what it was.
        Err(error) => failed(error, unsafe { S::from_raw(raw) }),
    }
}

/// A [`VVec`] while a device has its memory.
pub struct RawVVec<T> {
    ptr: NonNull<T>,
    len: usize,
    capacity: usize,
}

// SAFETY: `VVec` is memory from `vmalloc()`, which is made of pages of its own and not moved while
// the vector is not in anybody's hands. Its first `len` elements, which are what is mapped, are
// valid. The vector is consumed, and only its raw parts kept. No architecture that Rust supports
// has caches in which such an address and that of the linear map differ, so that
// `flush_kernel_vmap_range()` is not needed: it does something on parisc, sh, some MIPS, and Arm
// before version 7.
unsafe impl<T> Scattered for VVec<T> {
    type Element = T;
    type Raw = RawVVec<T>;

    #[inline]
    fn into_raw(self, _flags: Flags) -> Result<RawVVec<T>, Self> {
        let (ptr, len, capacity) = self.into_raw_parts();

        Ok(RawVVec {
            // SAFETY: The pointer of a vector is never null; it dangles when nothing is allocated.
            ptr: unsafe { NonNull::new_unchecked(ptr) },
            len,
            capacity,
        })
    }

    #[inline]
    unsafe fn from_raw(raw: RawVVec<T>) -> Self {
        // SAFETY: These are the parts of one vector, since only `into_raw()` makes a `RawVVec`. By the
        // caller's promise its elements are valid.
        unsafe { Vec::<T, Vmalloc>::from_raw_parts(raw.ptr.as_ptr(), raw.len, raw.capacity) }
    }

    fn pieces(raw: &RawVVec<T>) -> impl Iterator<Item = Piece> {
        let start = raw.ptr.cast::<u8>();
        let size = raw.len * size_of::<T>();

        // Memory from `vmalloc()` begins at the start of a page.
        (0..size).step_by(PAGE_SIZE).map(move |offset| Piece {
            // SAFETY: The offset is within the allocation, which is in vmalloc space.
            phys: unsafe { helpers::helper_cpu_addr_to_phys(start.add(offset).as_ptr().cast()) },
            len: PAGE_SIZE.min(size - offset),
            may_be_part: false,
        })
    }
}

/// A [`KVec`] of buffers while a device has their memory.
///
/// What is left of them is in the places in which they were.
///
/// # Invariants
///
/// - `places` is the memory of a [`KVec`] with room for `capacity` elements.
/// - The first `len` of the places have what [`Buffer::into_raw`] has made of a buffer each, which was not
///   taken back yet.
pub struct RawBuffers<B: Buffer> {
    places: NonNull<B>,
    len: usize,
    capacity: usize,
}

/// Returns what is mapped of a buffer.
///
/// # Safety
///
/// `raw` is from [`Buffer::into_raw`], and has not been taken back.
#[inline(always)]
unsafe fn piece<B: Buffer>(raw: B::Raw) -> Piece {
    // SAFETY: By the caller's promise. The number goes into a `Piece`, which gives it out for a
    // promise only.
    let (target, phys) = unsafe { (B::target(raw), B::phys(raw)) };

    Piece::new(phys, B::Target::size(target.as_ptr()), B::MAY_BE_PART)
}

impl<B: Buffer> RawBuffers<B> {
    /// Of none yet, with room for `count`.
    pub(in crate::dma) fn with_capacity(count: usize, flags: Flags) -> Result<Self, AllocError> {
        Ok(Self::of(KVec::with_capacity(count, flags)?))
    }

    /// The buffers of `vec`.
    #[inline]
    fn of(vec: KVec<B>) -> Self {
        let (places, count, capacity) = vec.into_raw_parts();

        // INVARIANT: The memory of a vector, and nothing of it is counted yet.
        let mut this = Self {
            // SAFETY: The pointer of a vector is never null.
            places: unsafe { NonNull::new_unchecked(places) },
            len: 0,
            capacity,
        };
        for index in 0..count {
            // SAFETY: The vector had a buffer in each of these places. It is moved out, and not dropped there.
            let buffer = unsafe { this.places.add(index).read() };

            // SAFETY: This is the next place, and there is room, as there was a buffer in it.
            unsafe { this.put(buffer.into_raw()) };
        }
        this
    }

    /// The place with that number, as what is left of a buffer.
    ///
    /// # Safety
    ///
    /// `index` is less than `capacity`.
    #[inline(always)]
    unsafe fn place(&self, index: usize) -> NonNull<B::Raw> {
        const {
            assert!(
                size_of::<B::Raw>() <= size_of::<B>() && align_of::<B::Raw>() <= align_of::<B>(),
                "what is left of a buffer does not fit where the buffer was"
            );
        }

        // SAFETY: By the caller's promise, and the invariants.
        unsafe { self.places.add(index) }.cast()
    }

    /// What is left of the buffer with that number.
    ///
    /// # Safety
    ///
    /// `index` is less than `len`.
    #[inline(always)]
    unsafe fn raw(&self, index: usize) -> B::Raw {
        // SAFETY: By the invariants there is one.
        unsafe { self.place(index).read() }
    }

    /// Puts what is left of a buffer into the next place.
    ///
    /// # Safety
    ///
    /// There is room, with no buffer in it, and `raw` is from [`Buffer::into_raw`].
    #[inline(always)]
    unsafe fn put(&mut self, raw: B::Raw) {
        // SAFETY: The place is memory of the vector, by the caller's promise, and large enough.
        unsafe { self.place(self.len).write(raw) };
        // INVARIANT: Just written.
        self.len += 1;
    }

    /// Gives up one more buffer, and returns what is to be mapped of it; or the buffer, if there is no
    /// room for it.
    pub(in crate::dma) fn push(&mut self, buffer: B) -> Result<Piece, B> {
        if self.len >= self.capacity {
            return Err(buffer);
        }

        let raw = buffer.into_raw();
        // SAFETY: There is room, by the check above, in which nothing is by the invariants. It is from `into_raw()`.
        unsafe { self.put(raw) };
        // SAFETY: From `into_raw()` above.
        Ok(unsafe { piece::<B>(raw) })
    }

    /// What is mapped of the buffer that was given up last.
    pub(in crate::dma) fn last(&self) -> Option<Piece> {
        let index = self.len.checked_sub(1)?;

        // SAFETY: Less than `len`; by the invariants it was not taken back.
        Some(unsafe { piece::<B>(self.raw(index)) })
    }

    /// Takes back the buffer that was given up last.
    ///
    /// # Safety
    ///
    /// Its memory is valid for [`Buffer::Target`], and no device accesses it any more.
    pub(in crate::dma) unsafe fn pop(&mut self) -> Option<B> {
        // INVARIANT: It is taken back below.
        self.len = self.len.checked_sub(1)?;

        // SAFETY: It is from `Buffer::into_raw()`, and is taken back once, as its place is not counted any
        // more. The rest is as the caller promises.
        Some(unsafe { B::from_raw(self.place(self.len).read()) })
    }
}

impl<B: Buffer> Drop for RawBuffers<B> {
    fn drop(&mut self) {
        // SAFETY: By the invariants this is the memory of a vector. What is left of buffers that were not
        // taken back needs no drop, and so leaks them.
        drop(unsafe { KVec::<B>::from_raw_parts(self.places.as_ptr(), 0, self.capacity) });
    }
}

// SAFETY: Each buffer is physically contiguous and where it was, by the contract of `Buffer`. Each
// owns its memory, so that no two have a byte in common. All are consumed, and only what
// `Buffer::into_raw()` leaves is kept.
unsafe impl<B: Buffer> Scattered for KVec<B> {
    type Element = B::Target;
    type Raw = RawBuffers<B>;

    #[inline]
    fn into_raw(self, _flags: Flags) -> Result<RawBuffers<B>, Self> {
        Ok(RawBuffers::of(self))
    }

    #[inline]
    unsafe fn from_raw(raw: RawBuffers<B>) -> Self {
        let raw = ManuallyDrop::new(raw);

        for index in 0..raw.len {
            // SAFETY: Each is from `Buffer::into_raw()`, and taken back once. By the caller's promise its
            // memory is valid, and no device accesses it.
            let buffer = unsafe { B::from_raw(raw.raw(index)) };

            // SAFETY: It is where it came from, of which nothing is left there.
            unsafe { raw.places.add(index).write(buffer) };
        }

        // SAFETY: By the invariants this is the memory of a vector, and `raw` is not dropped. So many places
        // have a buffer again.
        unsafe { Self::from_raw_parts(raw.places.as_ptr(), raw.len, raw.capacity) }
    }

    #[inline]
    fn pieces(raw: &RawBuffers<B>) -> impl Iterator<Item = Piece> {
        let places = raw.places.cast::<MaybeUninit<B>>().as_ptr();

        // SAFETY: By the invariants there are so many places, of which nothing is said here.
        unsafe { core::slice::from_raw_parts(places, raw.len) }
            .iter()
            // SAFETY: By the invariants that is what each of them has, and it was not taken back.
            .map(|place| unsafe { piece::<B>(place.as_ptr().cast::<B::Raw>().read()) })
    }
}

#[kunit_tests(safe_dma_sg_pieces)]
mod tests {
    use super::*;

    /// A buffer without a byte has a pointer that leads nowhere, and is not asked where that is.
    #[test]
    fn empty_buffer_is_nowhere() -> Result {
        let vec = Buffer::into_raw(KVec::<u32>::new());
        // SAFETY: It is from `into_raw()`, and taken back below.
        let empty = unsafe { piece::<KVec<u32>>(vec) };
        assert!(empty.phys == 0 && empty.len == 0);
        // SAFETY: It is from `into_raw()`, and taken back once.
        drop(unsafe { <KVec<u32> as Buffer>::from_raw(vec) });

        let boxed = Buffer::into_raw(KBox::new((), GFP_KERNEL)?);
        // SAFETY: It is from `into_raw()`, and taken back below.
        let empty = unsafe { piece::<KBox<()>>(boxed) };
        assert!(empty.phys == 0 && empty.len == 0);
        // SAFETY: As above.
        drop(unsafe { <KBox<()> as Buffer>::from_raw(boxed) });
        Ok(())
    }

    /// The elements are what is mapped, and not the room for more.
    #[test]
    fn vector_is_its_elements() -> Result {
        let mut vec = KVec::with_capacity(100, GFP_KERNEL)?;
        vec.resize(7, 0u32, GFP_KERNEL)?;
        let start = vec.as_ptr();
        let vec = Buffer::into_raw(vec);

        // SAFETY: It is from `into_raw()`, and taken back below.
        let found = unsafe { piece::<KVec<u32>>(vec) };
        // SAFETY: The address is in the linear map.
        let phys = unsafe { helpers::helper_cpu_addr_to_phys(start.cast()) };
        assert!(found.phys == phys && found.len == 28 && found.may_be_part);

        // SAFETY: It is from `into_raw()`, and taken back once.
        drop(unsafe { <KVec<u32> as Buffer>::from_raw(vec) });
        Ok(())
    }
}
