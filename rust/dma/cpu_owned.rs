// SPDX-License-Identifier: GPL-2.0

//! Mapped memory that the CPU owns.
//!
//! [`CpuAccess`] is a guard, which ends in the function that created it. [`CpuOwned`] is a value,
//! for a driver in which the CPU owns the memory across calls, for example from an interrupt to a
//! `read()`.
//!
//! ```text
//!              into_cpu
//!   Mapping --------------> CpuOwned ----> unmap
//!   device  <--------------   CPU
//!             into_device
//! ```
//!
//! | memory | access |
//! | --- | --- |
//! | [`Mapping`](super::Mapping) | the buffer, by [`Deref`] and [`DerefMut`] |
//! | [`DevicePages`](super::DevicePages), [`VmappedPages`](super::VmappedPages) | the elements, by [`Deref`] and [`DerefMut`] |
//! | [`SgMapping`](super::SgMapping) | copies: [`CpuOwned::read`] and [`CpuOwned::write`] |
//!
//! [`IovaMapping`](super::IovaMapping) cannot be synced, and a buffer of a
//! [`BufferPool`](super::BufferPool) that the CPU owns is a [`CpuBuffer`](super::CpuBuffer).

use self::private::CpuMapped;
use super::{
    direction::{
        DeviceReads,
        Direction, //
    },
    sealed::Sealed, //
};
use core::{
    marker::PhantomData,
    ops::{
        self,
        Deref,
        DerefMut, //
    },
    ptr::NonNull, //
};
use kernel::prelude::*;

/// Mapped memory that can be synced for the CPU: [`Mapping`](super::Mapping),
/// [`SgMapping`](super::SgMapping), [`DevicePages`](super::DevicePages) or
/// [`VmappedPages`](super::VmappedPages).
pub trait SyncForCpu: private::SyncForCpu {}

impl<M: private::SyncForCpu> SyncForCpu for M {}

/// Traits that only the library can implement, since unsafe code relies on them.
pub(super) mod private {
    use super::{
        Direction,
        Part,
        Sealed, //
    };

    #[diagnostic::on_unimplemented(
        message = "`{Self}` cannot be synced for the CPU",
        note = "`Mapping`, `SgMapping`, `DevicePages` and `VmappedPages` can be"
    )]
    pub trait SyncForCpu: Sized {
        /// The direction for which the memory is mapped.
        type Direction: Direction;

        /// The type of the memory.
        type Data: ?Sized;

        /// A part of the memory that is synced alone; `()` if it is synced as a whole.
        type Part: Copy;

        /// Returns all of the memory.
        fn whole(&self, _: Sealed) -> Self::Part;

        /// Makes device writes visible to the CPU.
        ///
        /// # Safety
        ///
        /// `part` is of this memory.
        unsafe fn sync_for_cpu(&mut self, part: Self::Part, _: Sealed);

        /// Makes CPU writes visible to the device.
        ///
        /// # Safety
        ///
        /// `part` is of this memory.
        unsafe fn sync_for_device(&mut self, part: Self::Part, _: Sealed);
    }

    /// Memory that is mapped for the CPU at one address.
    ///
    /// # Safety
    ///
    /// [`SyncForCpu::whole`] is memory that `self` owns. It is the same at every call, aligned,
    /// initialized, and a valid [`SyncForCpu::Data`] whatever a device writes that may write.
    pub unsafe trait CpuMapped: SyncForCpu<Part = Part<<Self as SyncForCpu>::Data>> {}
}

/// A part of memory at one address, `offset` bytes from the start.
pub struct Part<T: ?Sized> {
    pub(super) offset: usize,
    pub(super) data: NonNull<T>,
}

impl<T: ?Sized> Clone for Part<T> {
    #[inline]
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: ?Sized> Copy for Part<T> {}

// SAFETY: This is an address and a number. Each access has its own argument.
unsafe impl<T: ?Sized> Send for Part<T> {}

// SAFETY: A shared reference gives a copy of the address and the number.
unsafe impl<T: ?Sized> Sync for Part<T> {}

impl<T: ?Sized> Part<T> {
    /// Returns all of the memory at `data`.
    #[inline]
    pub(super) fn whole(data: NonNull<T>) -> Self {
        Self { offset: 0, data }
    }
}

impl<T> Part<[T]> {
    /// Returns the elements of `range`; [`None`] if there are none, or not so many.
    #[inline]
    pub(super) fn slice(self, range: ops::Range<usize>) -> Option<Self> {
        if !has_elements(&range, self.data.len()) {
            return None;
        }

        // Within the elements, so that neither wraps.
        let first = NonNull::new(self.data.as_ptr().cast::<T>().wrapping_add(range.start))?;

        Some(Self {
            offset: self.offset + range.start * size_of::<T>(),
            data: NonNull::slice_from_raw_parts(first, range.end - range.start),
        })
    }
}

/// Returns whether `range` has elements, and all of them are among the first `len`.
#[inline]
fn has_elements(range: &ops::Range<usize>, len: usize) -> bool {
    range.start < range.end && range.end <= len
}

/// Mapped memory that the CPU owns until the guard is dropped.
///
/// Returned by `sync_for_cpu()` of [`Mapping`](super::Mapping), [`SgMapping`](super::SgMapping),
/// [`DevicePages`](super::DevicePages) and [`VmappedPages`](super::VmappedPages), and for a part of
/// the memory by [`Mapping::sync_range_for_cpu`](super::Mapping::sync_range_for_cpu) and
/// [`DevicePages::sync_range_for_cpu`](super::DevicePages::sync_range_for_cpu).
///
/// Dropping it syncs the memory for the device, which owns it again. If it is forgotten, the device
/// owns the memory too, but the device and the CPU itself may not see what the CPU wrote.
///
/// The memory can be read in each direction. CPU writes reach the device only if `D: DeviceReads`:
/// a guard of `FromDevice` memory is read-only.
///
/// # Invariants
///
/// - `part` is of `memory`.
/// - It was synced for the CPU, and no device has been given it since.
pub struct CpuAccess<'a, M: SyncForCpu> {
    pub(super) memory: &'a mut M,
    part: M::Part,
    // `Send` and `Sync` as a reference to the memory.
    _data: PhantomData<&'a mut M::Data>,
}

impl<'a, M: SyncForCpu> CpuAccess<'a, M> {
    /// Syncs a part of `memory` for the CPU.
    ///
    /// # Safety
    ///
    /// `part` is of `memory`.
    #[inline]
    pub(super) unsafe fn new(memory: &'a mut M, part: M::Part) -> Self {
        // SAFETY: By the safety requirements `part` is of `memory`.
        unsafe { memory.sync_for_cpu(part, Sealed(())) };

        // INVARIANT: Synced just now. The memory is borrowed exclusively, so that no device is
        // using it: a transfer would own it.
        Self {
            memory,
            part,
            _data: PhantomData,
        }
    }

    /// Syncs all of `memory` for the CPU.
    #[inline]
    pub(super) fn whole(memory: &'a mut M) -> Self {
        let part = memory.whole(Sealed(()));

        // SAFETY: That is all of it.
        unsafe { Self::new(memory, part) }
    }
}

impl<'a, T, M: CpuMapped + SyncForCpu<Data = [T]>> CpuAccess<'a, M> {
    /// Syncs the elements of `range` for the CPU; [`EINVAL`] if it is empty or not within `memory`.
    #[inline]
    pub(super) fn of_range(memory: &'a mut M, range: ops::Range<usize>) -> Result<Self> {
        let part = memory.whole(Sealed(())).slice(range).ok_or(EINVAL)?;

        // SAFETY: That is a part of it.
        Ok(unsafe { Self::new(memory, part) })
    }
}

impl<M: SyncForCpu + CpuMapped> Deref for CpuAccess<'_, M> {
    type Target = M::Data;

    #[inline]
    fn deref(&self) -> &M::Data {
        // SAFETY: By the invariants this is memory of `memory`, which the CPU owns. By the safety
        // requirements of `CpuMapped` it is valid, and by the exclusive borrow nothing else refers
        // to it.
        unsafe { self.part.data.as_ref() }
    }
}

impl<M: SyncForCpu<Direction: DeviceReads> + CpuMapped> DerefMut for CpuAccess<'_, M> {
    #[inline]
    fn deref_mut(&mut self) -> &mut M::Data {
        // SAFETY: By the invariants the CPU owns this memory, which is valid by the safety
        // requirements of `CpuMapped`. `self` is borrowed exclusively, so that nothing else refers
        // to it.
        unsafe { self.part.data.as_mut() }
    }
}

impl<M: SyncForCpu> Drop for CpuAccess<'_, M> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: By the invariants `part` is of `memory`.
        unsafe { self.memory.sync_for_device(self.part, Sealed(())) };
    }
}

/// Mapped memory that the CPU owns, with its mapping.
///
/// Returned by [`Mapping::into_cpu`](super::Mapping::into_cpu),
/// [`SgMapping::into_cpu`](super::SgMapping::into_cpu),
/// [`DevicePages::into_cpu`](super::DevicePages::into_cpu) and
/// [`VmappedPages::into_cpu`](super::VmappedPages::into_cpu). All of the memory is synced.
///
/// It is not memory for a [`Transfer`](super::Transfer): [`CpuOwned::into_device`] gives it to the
/// device first. The memory can be read in each direction. CPU writes reach the device only if
/// `D: DeviceReads`: `FromDevice` memory is read-only.
///
/// Dropping it drops the mapping, which may undo CPU writes to memory of others, such as
/// [`UserPages`](super::UserPages): use `unmap()` or [`CpuOwned::into_device`]. Forgetting it leaks
/// the memory with its mapping.
///
/// # Examples
///
/// ```
/// use kernel::{
///     prelude::*,
///     time::Delta, //
/// };
/// use safe_dma::dma::{
///     CpuOwned,
///     FromDevice,
///     Mapping,
///     Transfer,
///     Wait, //
/// };
///
/// type Frame<'bound> = Mapping<'bound, KVec<u8>, FromDevice>;
///
/// /// State that a driver keeps between two calls.
/// enum Receiver<'bound, E: Wait> {
///     Receiving(Transfer<E, Frame<'bound>>),
///     Received(CpuOwned<Frame<'bound>>),
/// }
///
/// impl<'bound, E: Wait> Receiver<'bound, E> {
///     /// Gives the received frame to the CPU.
///     fn received(self) -> Result<Self> {
///         match self {
///             Self::Receiving(transfer) => {
///                 Ok(Self::Received(transfer.wait(Delta::from_secs(1))?.into_cpu()))
///             }
///             received => Ok(received),
///         }
///     }
///
///     fn first_byte(&self) -> Option<u8> {
///         match self {
///             Self::Receiving(_) => None,
///             Self::Received(frame) => frame.first().copied(),
///         }
///     }
///
///     /// Receives the next frame into the same memory.
///     fn receive(
///         frame: CpuOwned<Frame<'bound>>,
///         engine: E,
///         command: E::Command,
///     ) -> Result<Self> {
///         let memory = frame.into_device();
///         let len = memory.range().len();
///
///         Ok(Self::Receiving(Transfer::from_device(engine, memory, 0..len, command)?))
///     }
/// }
/// ```
///
/// # Invariants
///
/// `memory` was synced for the CPU, and no device has been given it since.
#[repr(transparent)]
pub struct CpuOwned<M: SyncForCpu> {
    pub(super) memory: M,
    // `Send` and `Sync` as the memory itself.
    _data: PhantomData<M::Data>,
}

impl<M: SyncForCpu> CpuOwned<M> {
    /// Gives the memory to the CPU.
    #[inline]
    pub(super) fn new(mut memory: M) -> Self {
        let whole = memory.whole(Sealed(()));

        // SAFETY: That is all of it.
        unsafe { memory.sync_for_cpu(whole, Sealed(())) };

        // INVARIANT: Synced just now. The caller owns it: no device is using it.
        Self {
            memory,
            _data: PhantomData,
        }
    }

    /// Gives the memory to the device.
    ///
    /// CPU writes are visible to the device when this returns. Does not sleep.
    ///
    /// C: `dma_sync_single_for_device()`, and for an [`SgMapping`](super::SgMapping)
    /// `dma_sync_sgtable_for_device()`;
    /// [`include/linux/dma-mapping.h`](srctree/include/linux/dma-mapping.h).
    #[inline]
    pub fn into_device(mut self) -> M {
        let whole = self.memory.whole(Sealed(()));

        // SAFETY: That is all of it.
        unsafe { self.memory.sync_for_device(whole, Sealed(())) };

        self.memory
    }

    /// Returns the mapping.
    #[inline]
    pub fn mapping(&self) -> &M {
        &self.memory
    }
}

impl<M: SyncForCpu + CpuMapped> Deref for CpuOwned<M> {
    type Target = M::Data;

    #[inline]
    fn deref(&self) -> &M::Data {
        // SAFETY: By the safety requirements of `CpuMapped` this is valid memory that `self` owns.
        // By the invariants the CPU owns it. Nothing else refers to it: `memory` has no method that
        // accesses it by a shared reference.
        unsafe { self.memory.whole(Sealed(())).data.as_ref() }
    }
}

impl<M: SyncForCpu<Direction: DeviceReads> + CpuMapped> DerefMut for CpuOwned<M> {
    #[inline]
    fn deref_mut(&mut self) -> &mut M::Data {
        // SAFETY: By the invariants the CPU owns this memory, which is valid by the safety
        // requirements of `CpuMapped`. `self` is borrowed exclusively, so that nothing else refers
        // to it.
        unsafe { self.memory.whole(Sealed(())).data.as_mut() }
    }
}

mod tests;
