// SPDX-License-Identifier: GPL-2.0

//! The CPU's turn as a value of its own.
//!
//! A guard such as [`CpuAccess`](super::streaming::CpuAccess) borrows the memory, and so ends in the
//! function that began it. A driver whose CPU has the memory from one call to the next, say from an
//! interrupt to a `read()`, keeps a [`CpuTurn`] in its data instead: it owns the memory.
//!
//! ```text
//!              into_cpu
//!   Mapping --------------> CpuTurn ----> unmap
//!   device  <--------------   CPU
//!             into_device
//! ```
//!
//! | memory | the CPU's turn gives |
//! | --- | --- |
//! | [`Mapping`] | the buffer, by [`Deref`] and [`DerefMut`] |
//! | [`DevicePages`](super::pages::DevicePages), [`VmappedPages`](super::pages::VmappedPages) | the elements, by [`Deref`] and [`DerefMut`] |
//! | [`SgMapping`] | copies: [`CpuTurn::read`] and [`CpuTurn::write`] |
//!
//! [`IovaMapping`](super::iova::IovaMapping) has no turns, and the memory of a
//! [`BufferPool`](super::buffer_pool::BufferPool) has its own.

use self::private::Contiguous;
use super::{
    buffer::Buffer,
    direction::{
        DeviceReads,
        Direction, //
    },
    raw,
    sealed::Sealed,
    sg::{
        Scattered,
        SgMapping, //
    },
    streaming::Mapping, //
};
use core::{
    marker::PhantomData,
    ops::{
        Deref,
        DerefMut, //
    }, //
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    dma::DmaAddress,
    prelude::*,
    transmute::FromBytes, //
};

/// Memory that the CPU and a device have by turns: [`Mapping`], [`SgMapping`],
/// [`DevicePages`](super::pages::DevicePages) or [`VmappedPages`](super::pages::VmappedPages).
pub trait Turns: private::Turns {}

impl<M: private::Turns> Turns for M {}

/// Only this library can implement it: unsafe code relies on what is said here.
pub(super) mod private {
    use super::{
        Direction,
        Sealed, //
    };
    use core::ptr::NonNull;

    #[diagnostic::on_unimplemented(
        message = "`{Self}` is not memory that the CPU and a device have by turns",
        note = "`Mapping`, `SgMapping`, `DevicePages` and `VmappedPages` are"
    )]
    pub trait Turns: Sized {
        /// The direction for which the memory is mapped.
        type Direction: Direction;

        /// What is in the memory.
        type Data: ?Sized;

        /// Makes what the device wrote visible to the CPU.
        fn begin_turn(&mut self, _: Sealed);

        /// Makes what the CPU wrote visible to the device.
        fn end_turn(&mut self, _: Sealed);
    }

    /// Memory that the CPU has at one address.
    ///
    /// # Safety
    ///
    /// [`Contiguous::data`] is memory that `self` owns. It is the same at every call, aligned,
    /// initialized, and a valid [`Turns::Data`] whatever a device does that the direction lets write.
    pub unsafe trait Contiguous: Turns {
        /// The memory, without a reference to it.
        fn data(&self) -> NonNull<Self::Data>;
    }
}

/// Mapped memory in the hands of the CPU, with its mapping.
///
/// Returned by [`Mapping::into_cpu`], [`SgMapping::into_cpu`],
/// [`DevicePages::into_cpu`](super::pages::DevicePages::into_cpu) and
/// [`VmappedPages::into_cpu`](super::pages::VmappedPages::into_cpu). All of the memory is synced.
///
/// It is not memory for a [`Transfer`](super::transfer::Transfer): [`CpuTurn::into_device`] has to end the
/// turn first. All directions can be read. What the CPU writes goes somewhere only if the device reads
/// it: `FromDevice` memory is read-only.
///
/// Dropping it does what dropping the memory does; forgetting it leaks the memory with its mapping.
///
/// # Examples
///
/// ```
/// use kernel::prelude::*;
/// use safe_dma::dma::{
///     direction::FromDevice,
///     streaming::Mapping,
///     transfer::{
///         Engine,
///         Transfer, //
///     },
///     turn::CpuTurn, //
/// };
///
/// type Frame<'bound> = Mapping<'bound, KVec<u8>, FromDevice>;
///
/// /// What a driver has in its data between two calls.
/// enum Receiver<'bound, E: Engine> {
///     Receiving(Transfer<E, Frame<'bound>>),
///     Received(CpuTurn<Frame<'bound>>),
/// }
///
/// impl<'bound, E: Engine> Receiver<'bound, E> {
///     /// The frame is there, and the CPU's until it is done with it.
///     fn received(self) -> Result<Self> {
///         match self {
///             Self::Receiving(transfer) => {
///                 Ok(Self::Received(transfer.wait(1000)?.into_cpu()))
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
///     /// The same memory for the next frame.
///     fn receive(frame: CpuTurn<Frame<'bound>>, engine: E, job: E::Job) -> Result<Self> {
///         let memory = frame.into_device();
///         let len = memory.span().len();
///
///         Ok(Self::Receiving(Transfer::write(engine, memory, 0..len, job)?))
///     }
/// }
/// ```
///
/// # Invariants
///
/// `memory` was synced for the CPU, and no device has been given it since.
pub struct CpuTurn<M: Turns> {
    memory: M,
    // What can be shared and sent is as if this were the memory itself.
    _data: PhantomData<M::Data>,
}

impl<M: Turns> CpuTurn<M> {
    /// Gives the memory to the CPU.
    ///
    /// This is what `into_cpu()` of each kind of memory does, for code that takes any of them.
    /// What the device wrote is visible to the CPU when this returns. Does not sleep.
    ///
    /// C: `dma_sync_single_for_cpu()`, and for memory in pieces `dma_sync_sgtable_for_cpu()`;
    /// `kernel/dma/mapping.c`, `include/linux/dma-mapping.h`.
    #[inline]
    pub fn begin(mut memory: M) -> Self {
        memory.begin_turn(Sealed(()));

        // INVARIANT: Synced just now, and it is the caller's: no device has it.
        Self {
            memory,
            _data: PhantomData,
        }
    }

    /// Gives the memory to the device.
    ///
    /// What the CPU wrote is visible to the device when this returns. Does not sleep.
    ///
    /// C: `dma_sync_single_for_device()`, and for memory in pieces `dma_sync_sgtable_for_device()`;
    /// `kernel/dma/mapping.c`, `include/linux/dma-mapping.h`.
    #[inline]
    pub fn into_device(mut self) -> M {
        self.memory.end_turn(Sealed(()));

        self.memory
    }

    /// The memory as the device knows it, to look at.
    #[inline(always)]
    pub fn mapping(&self) -> &M {
        &self.memory
    }
}

impl<M: Turns + Contiguous> Deref for CpuTurn<M> {
    type Target = M::Data;

    #[inline(always)]
    fn deref(&self) -> &M::Data {
        // SAFETY: By the contract of `Contiguous` this is memory that `self` owns, and valid. By the invariants
        // it is the CPU's. Nobody else refers to it: `memory` lends it to those only who have it exclusively.
        unsafe { self.memory.data().as_ref() }
    }
}

impl<M: Turns<Direction: DeviceReads> + Contiguous> DerefMut for CpuTurn<M> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut M::Data {
        // SAFETY: As for `deref()`; `self` is borrowed exclusively.
        unsafe { self.memory.data().as_mut() }
    }
}

impl<B: Buffer, D: Direction> CpuTurn<Mapping<'_, B, D>> {
    /// Unmaps the buffer, as the CPU has left it.
    ///
    /// There is nothing to sync: the memory is the CPU's already. [`Mapping::unmap`] in its place would
    /// bring back what the device has, and so undo what the CPU wrote in its turn to memory that
    /// is `Bidirectional`. Does not sleep.
    ///
    /// C: `dma_unmap_single_attrs()` with `DMA_ATTR_SKIP_CPU_SYNC`, `kernel/dma/mapping.c`.
    #[inline]
    pub fn unmap(self) -> B {
        // SAFETY: By the invariants it is the CPU's.
        unsafe { self.memory.unmap_synced() }
    }
}

impl<S: Scattered, D: Direction> CpuTurn<SgMapping<'_, S, D>> {
    /// Unmaps the memory, as the CPU has left it.
    ///
    /// There is nothing to sync; see [`CpuTurn::unmap`] of a [`Mapping`]. Does not sleep.
    ///
    /// C: `dma_unmap_sgtable()` with `DMA_ATTR_SKIP_CPU_SYNC`, `include/linux/dma-mapping.h`.
    pub fn unmap(self) -> S {
        // SAFETY: By the invariants it is the CPU's.
        unsafe { self.memory.unmap_synced() }
    }

    /// The length of all pieces together, in bytes.
    pub fn len(&self) -> usize {
        self.memory.len()
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
        // SAFETY: By the invariants the memory is the CPU's, and nobody writes to it: `write()`
        // borrows `self` exclusively.
        unsafe { self.memory.copy_to(offset, bytes) }
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
        // SAFETY: By the invariants the memory is the CPU's.
        unsafe { self.memory.copy_from(offset, bytes) }
    }
}

/// Syncs a part of a mapping for the CPU.
///
/// # Safety
///
/// The `size` bytes from `offset` on are within a mapping for `dev` and `D`, not unmapped yet, with the
/// DMA address `addr`.
#[inline(always)]
pub(super) unsafe fn sync_range_for_cpu<D: Direction>(
    dev: &Device<Bound>,
    addr: DmaAddress,
    offset: usize,
    size: usize,
) {
    // Where nothing is ever synced.
    let _ = (addr, offset, size);

    if raw::dev_need_sync(dev) {
        // What `dma_sync_single_range_for_cpu()` comes to, which asks the same.
        #[cfg(CONFIG_DMA_NEED_SYNC)]
        // SAFETY: By the caller's promise. CAST: From at most 64 bits.
        unsafe {
            kernel::bindings::__dma_sync_single_for_cpu(
                raw::device(dev),
                addr + offset as DmaAddress,
                size,
                D::DIRECTION.into(),
            )
        };
    }
}

/// Syncs a part of a mapping for the device.
///
/// # Safety
///
/// As for [`sync_range_for_cpu`].
#[inline(always)]
pub(super) unsafe fn sync_range_for_device<D: Direction>(
    dev: &Device<Bound>,
    addr: DmaAddress,
    offset: usize,
    size: usize,
) {
    // Where nothing is ever synced.
    let _ = (addr, offset, size);

    if raw::dev_need_sync(dev) {
        // What `dma_sync_single_range_for_device()` comes to, which asks the same.
        #[cfg(CONFIG_DMA_NEED_SYNC)]
        // SAFETY: By the caller's promise. CAST: From at most 64 bits.
        unsafe {
            kernel::bindings::__dma_sync_single_for_device(
                raw::device(dev),
                addr + offset as DmaAddress,
                size,
                D::DIRECTION.into(),
            )
        };
    }
}

#[kunit_tests(safe_dma_turn)]
mod tests {
    use super::{
        super::direction::ToDevice,
        *, //
    };
    use core::{
        cell::Cell,
        mem, //
    };

    /// What has happened to memory, so often.
    #[derive(Default)]
    struct Counts {
        begun: Cell<u32>,
        ended: Cell<u32>,
        dropped: Cell<u32>,
    }

    impl Counts {
        fn are(&self, begun: u32, ended: u32, dropped: u32) -> bool {
            (self.begun.get(), self.ended.get(), self.dropped.get()) == (begun, ended, dropped)
        }
    }

    fn add(count: &Cell<u32>) {
        count.set(count.get() + 1);
    }

    /// Memory that no device has.
    struct Memory<'a>(&'a Counts);

    impl private::Turns for Memory<'_> {
        type Direction = ToDevice;
        type Data = [u8];

        fn begin_turn(&mut self, _: Sealed) {
            add(&self.0.begun);
        }

        fn end_turn(&mut self, _: Sealed) {
            add(&self.0.ended);
        }
    }

    impl Drop for Memory<'_> {
        fn drop(&mut self) {
            add(&self.0.dropped);
        }
    }

    /// Each turn is one sync for the CPU and one for the device, however it is moved in between.
    #[test]
    fn one_sync_each() {
        let counts = Counts::default();

        let turn = CpuTurn::begin(Memory(&counts));
        assert!(counts.are(1, 0, 0));
        let kept = [turn];
        assert!(core::ptr::eq(kept[0].mapping().0, &counts));
        let [turn] = kept;
        let memory = turn.into_device();
        assert!(counts.are(1, 1, 0));

        let memory = CpuTurn::begin(memory).into_device();
        assert!(counts.are(2, 2, 0));
        drop(memory);
        assert!(counts.are(2, 2, 1));
    }

    /// What becomes of the memory is its own affair, and happens once.
    #[test]
    fn dropped_in_the_turn() {
        let counts = Counts::default();

        drop(CpuTurn::begin(Memory(&counts)));
        assert!(counts.are(1, 0, 1));
    }

    #[test]
    fn forgotten_in_the_turn() {
        let counts = Counts::default();

        mem::forget(CpuTurn::begin(Memory(&counts)));
        assert!(counts.are(1, 0, 0));
    }

    /// To keep the turn takes no more room than to keep the memory.
    #[test]
    fn no_larger_than_the_memory() {
        assert_eq!(size_of::<CpuTurn<Memory<'_>>>(), size_of::<Memory<'_>>());
    }
}
