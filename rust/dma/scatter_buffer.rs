// SPDX-License-Identifier: GPL-2.0

//! Scattered memory that can be mapped as a list.

use super::{
    phys_vec::vmalloc_to_phys,
    Buffer,
    PhysVec, //
};
use core::{
    mem::MaybeUninit,
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
    page::PAGE_SIZE,
    prelude::*,
    ptr::KnownSize, //
};

/// Scattered memory that may be mapped together, and that is in its raw form while it is.
///
/// Implemented for [`VVec`], whose pages are anywhere, for [`KVec`] of any [`Buffer`]: pages, boxes
/// and vectors, of which each is one range, for [`CoherentMemory`](crate::dma::CoherentMemory) of
/// another device, and for [`UserPages`](crate::dma::UserPages).
///
/// # Safety
///
/// - The bytes of [`ScatterBuffer::phys_vecs`] have a `struct page`, but none of a stack or, unless
///   [`ScatterBuffer::Element`] keeps devices from writing to them, of the kernel's image. They are
///   the same at every call. Whether they are initialized is for [`Permits`](crate::dma::Permits)
///   to ask, before they are mapped.
/// - They stay allocated, and stay where they are, from [`ScatterBuffer::into_raw`] to
///   [`ScatterBuffer::from_raw`], as long as the raw form is not dropped, and for ever if it is
///   forgotten.
/// - No byte is in two ranges, and nothing else reads or writes them in between. Or they are memory
///   of others, such as a process, that may read and write it at any time: then neither `Self` nor
///   [`ScatterBuffer::Raw`] ever makes a reference to the bytes or lets others make one, so that
///   they are only copied, and [`ScatterBuffer::Element`] is valid whatever those others write. It
///   is [`FromBytes`](kernel::transmute::FromBytes) only if they let the kernel and devices write.
/// - They are values of [`ScatterBuffer::Element`], or of slices of it, and nothing else.
/// - A range that is in memory from `kmalloc()` begins there, and nothing reads or writes the rest
///   of that memory in between. If there is such a rest, the range says that it may be a part.
/// - [`ScatterBuffer::phys_vecs`] may be called from any thread, and from several at a time. If
///   `Self` is [`Send`], the raw form may be turned back or dropped in any thread.
/// - What is said here need only hold for devices for which [`ScatterBuffer::is_mappable_for`]
///   returns `true`, which is asked before each mapping.
/// - [`ScatterBuffer::Raw`] gives out no reference to the memory, and [`ScatterBuffer::into_raw`]
///   alone makes one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be mapped as scattered memory",
    label = "not a list of memory",
    note = "`VVec<T>`, and `KVec<B>` where `B` is a buffer (`KBox<T>`, `KVec<T>`, `Pages`) can; a \
            single buffer is mapped with `dma::Mapping`"
)]
pub unsafe trait ScatterBuffer: Sized {
    /// The type of the elements.
    type Element: ?Sized;

    /// The memory without a reference to it.
    type Raw;

    /// Whether the memory has a mapping already, for another device.
    ///
    /// The one that is made of it then does not sync on its own (`DMA_ATTR_SKIP_CPU_SYNC`), as the
    /// DMA debugger takes a second mapping that does for a mistake; [`SgMapping`](super::SgMapping)
    /// syncs it when it has mapped it, and before it unmaps it.
    const SKIP_CPU_SYNC: bool = false;

    /// Returns whether the memory can be mapped for `dev`, as far as that depends on its origin.
    #[inline]
    fn is_mappable_for(&self, _dev: &Device<Bound>) -> bool {
        true
    }

    /// Converts into the raw form; the counterpart of [`ScatterBuffer::from_raw`].
    ///
    /// Returns the memory if the raw form cannot be allocated.
    fn into_raw(self, flags: Flags) -> Result<Self::Raw, Self>;

    /// Takes the memory back.
    ///
    /// # Safety
    ///
    /// The memory is valid for [`ScatterBuffer::Element`], and no device accesses it any more.
    unsafe fn from_raw(raw: Self::Raw) -> Self;

    /// Returns the physical ranges of the memory, in order.
    fn phys_vecs(raw: &Self::Raw) -> impl Iterator<Item = PhysVec> + Clone;
}

/// A [`VVec`] without a reference to its memory.
pub struct RawVec<T> {
    ptr: NonNull<T>,
    len: usize,
    capacity: usize,
}

// SAFETY: `VVec` is memory from `vmalloc()`, which is made of pages of its own and not moved while
// the vector is in its raw form. Its first `len` elements, which are what is mapped, are valid. The
// vector is consumed, and only its raw parts kept. No architecture that Rust supports
// has caches in which such an address and that of the linear map differ, so that
// `flush_kernel_vmap_range()` is not needed: it does something on parisc, sh, some MIPS, and Arm
// before version 7.
unsafe impl<T> ScatterBuffer for VVec<T> {
    type Element = T;
    type Raw = RawVec<T>;

    #[inline]
    fn into_raw(self, _flags: Flags) -> Result<RawVec<T>, Self> {
        let (ptr, len, capacity) = self.into_raw_parts();

        Ok(RawVec {
            // SAFETY: The pointer of a vector is never null; it dangles when nothing is allocated.
            ptr: unsafe { NonNull::new_unchecked(ptr) },
            len,
            capacity,
        })
    }

    #[inline]
    unsafe fn from_raw(raw: RawVec<T>) -> Self {
        // SAFETY: These are the parts of one vector, since only `into_raw()` makes a `RawVec`. By
        // the caller's promise its elements are valid.
        unsafe { Vec::<T, Vmalloc>::from_raw_parts(raw.ptr.as_ptr(), raw.len, raw.capacity) }
    }

    fn phys_vecs(raw: &RawVec<T>) -> impl Iterator<Item = PhysVec> + Clone {
        let start = raw.ptr.cast::<u8>();
        let size = raw.len * size_of::<T>();

        // Memory from `vmalloc()` begins at the start of a page.
        (0..size).step_by(PAGE_SIZE).map(move |offset| PhysVec {
            // SAFETY: The offset is within the allocation, which is in vmalloc space.
            phys: unsafe { vmalloc_to_phys(start.add(offset).as_ptr().cast()) },
            len: PAGE_SIZE.min(size - offset),
            may_share_cacheline: false,
        })
    }
}

/// Space for a buffer, with the raw form of one.
///
/// # Invariants
///
/// It has the pair of a call of [`Buffer::into_raw`] that was not passed to [`Buffer::from_raw`].
#[repr(transparent)]
struct Slot<B>(MaybeUninit<B>);

impl<B: Buffer> Slot<B> {
    /// Consumes a buffer.
    #[inline]
    fn new(buffer: B) -> Self {
        const {
            assert!(
                size_of::<(NonNull<B::Target>, B::Rest)>() <= size_of::<B>()
                    && align_of::<(NonNull<B::Target>, B::Rest)>() <= align_of::<B>(),
                "the raw form of a buffer does not fit where the buffer was"
            );
        }
        let mut space = MaybeUninit::<B>::uninit();

        // SAFETY: There is space for it, as checked above.
        unsafe { space.as_mut_ptr().cast::<(_, _)>().write(buffer.into_raw()) };
        // INVARIANT: Just written.
        Self(space)
    }

    #[inline]
    fn raw(&self) -> (NonNull<B::Target>, B::Rest) {
        // SAFETY: By the invariants it is there.
        unsafe { self.0.as_ptr().cast::<(_, _)>().read() }
    }

    /// Returns the memory of the buffer.
    #[inline]
    fn phys_vec(&self) -> PhysVec {
        let (data, rest) = self.raw();
        // SAFETY: By the invariants the pair is from `into_raw()`, and not passed to `from_raw()`.
        // The number becomes part of a `PhysVec`, which returns it for a promise only.
        let phys = unsafe { B::phys(data, rest) };

        PhysVec::new(phys, B::Target::size(data.as_ptr()), B::MAY_SHARE_CACHELINE)
    }

    /// Returns the buffer.
    ///
    /// # Safety
    ///
    /// Its memory is valid for [`Buffer::Target`], and no device accesses it any more. The slot is
    /// not used again.
    #[inline]
    unsafe fn take(&self) -> B {
        let (data, rest) = self.raw();

        // SAFETY: By the invariants the pair is from one call of `into_raw()`, and is passed on
        // once, as the slot is not used again. The memory is valid by the safety requirements.
        unsafe { B::from_raw(data, rest) }
    }
}

/// A [`KVec`] of buffers without a reference to their memory.
///
/// The raw form of each buffer is in the memory of the vector. Dropping this leaks the buffers.
pub struct RawBuffers<B: Buffer>(KVec<Slot<B>>);

impl<B: Buffer> RawBuffers<B> {
    /// Allocates space for `count` buffers.
    pub(in crate::dma) fn with_capacity(count: usize, flags: Flags) -> Result<Self, AllocError> {
        Ok(Self(KVec::with_capacity(count, flags)?))
    }

    /// Consumes a buffer, and returns its memory; or the buffer, if there is no space for it.
    pub(in crate::dma) fn push(&mut self, buffer: B) -> Result<PhysVec, B> {
        if self.0.len() >= self.0.capacity() {
            return Err(buffer);
        }

        let slot = Slot::new(buffer);
        let phys_vec = slot.phys_vec();
        // There is space, by the check above.
        let _ = self.0.push_within_capacity(slot);
        Ok(phys_vec)
    }

    /// Returns the memory of the last buffer.
    pub(in crate::dma) fn last(&self) -> Option<PhysVec> {
        self.0.last().map(Slot::phys_vec)
    }

    /// Returns the last buffer.
    ///
    /// # Safety
    ///
    /// Its memory is valid for [`Buffer::Target`], and no device accesses it any more.
    pub(in crate::dma) unsafe fn pop(&mut self) -> Option<B> {
        // SAFETY: By the safety requirements the memory is valid, and no device accesses it. The
        // slot is dropped here.
        self.0.pop().map(|slot| unsafe { slot.take() })
    }
}

// SAFETY: Each buffer is physically contiguous and stays where it is, by the contract of `Buffer`.
// Each owns its memory, so that no two have a byte in common. All are consumed, and only the raw
// form of each is kept.
unsafe impl<B: Buffer> ScatterBuffer for KVec<B> {
    type Element = B::Target;
    type Raw = RawBuffers<B>;

    #[inline]
    fn into_raw(self, _flags: Flags) -> Result<RawBuffers<B>, Self> {
        let (buffers, len, capacity) = self.into_raw_parts();
        let slots = buffers.cast::<Slot<B>>();

        for index in 0..len {
            // SAFETY: The vector had so many buffers. This one is moved out, and replaced by a
            // slot, which has the same layout.
            unsafe { slots.add(index).write(Slot::new(buffers.add(index).read())) };
        }
        // SAFETY: These are the parts of one vector, of which each element is a slot now.
        Ok(RawBuffers(unsafe {
            KVec::from_raw_parts(slots, len, capacity)
        }))
    }

    #[inline]
    unsafe fn from_raw(raw: RawBuffers<B>) -> Self {
        let (slots, len, capacity) = raw.0.into_raw_parts();
        let buffers = slots.cast::<B>();

        for index in 0..len {
            // SAFETY: There are so many slots. This one is replaced by its buffer, which has the
            // same layout. By the safety requirements its memory is valid, and no device accesses
            // it.
            unsafe { buffers.add(index).write((*slots.add(index)).take()) };
        }
        // SAFETY: These are the parts of one vector, of which each element is a buffer again.
        unsafe { Self::from_raw_parts(buffers, len, capacity) }
    }

    #[inline]
    fn phys_vecs(raw: &RawBuffers<B>) -> impl Iterator<Item = PhysVec> + Clone {
        raw.0.iter().map(Slot::phys_vec)
    }
}

#[kunit_tests(safe_dma_scatter_buffer)]
mod tests {
    use super::*;
    use crate::bindings as helpers;

    /// The pointer of a buffer without a byte dangles, and its physical address is not looked up.
    #[test]
    fn empty_buffer_is_nowhere() -> Result {
        let slot = Slot::new(KVec::<u32>::new());
        let empty = slot.phys_vec();
        assert!(empty.phys == 0 && empty.len == 0);
        // SAFETY: No device has it, and the slot is not used again.
        drop(unsafe { slot.take() });

        let slot = Slot::new(KBox::new((), GFP_KERNEL)?);
        let empty = slot.phys_vec();
        assert!(empty.phys == 0 && empty.len == 0);
        // SAFETY: No device has it, and the slot is not used again.
        drop(unsafe { slot.take() });
        Ok(())
    }

    /// The elements of a vector are mapped, and not its spare capacity.
    #[test]
    fn vector_is_its_elements() -> Result {
        let mut vec = KVec::with_capacity(100, GFP_KERNEL)?;
        vec.resize(7, 0u32, GFP_KERNEL)?;
        // SAFETY: The address is in the linear map.
        let phys = unsafe { helpers::helper_virt_to_phys(vec.as_ptr().cast()) };
        let slot = Slot::new(vec);

        let found = slot.phys_vec();
        assert!(found.phys == phys && found.len == 28 && found.may_share_cacheline);

        // SAFETY: No device has it, and the slot is not used again.
        drop(unsafe { slot.take() });
        Ok(())
    }
}
