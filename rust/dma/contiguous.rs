// SPDX-License-Identifier: GPL-2.0

//! Mapped memory that is contiguous for the CPU and for the device: the frame of
//! [`Mapping`](super::Mapping) and [`DevicePages`](super::DevicePages).

use self::private::AsContiguous;
use super::{
    compat,
    cpu_owned::{
        private::{
            CpuMapped,
            SyncForCpu, //
        },
        Part, //
    },
    direction::Direction,
    range::Range,
    sealed::Sealed,
    segments::{
        AnySegments,
        Memory, //
    }, //
};
use core::{
    marker::PhantomData,
    ptr::NonNull, //
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    dma::DmaAddress,
    ptr::KnownSize, //
};

/// Contiguous memory that is mapped for a device.
///
/// # Invariants
///
/// - `addr` is the DMA address of all of `data`, mapped for `dev` and `D`.
/// - The memory is initialized, and a valid `T` whatever a device writes if `D` lets it write.
/// - Its size is not zero.
pub struct Contiguous<'bound, T: ?Sized + KnownSize, D: Direction> {
    pub(super) dev: &'bound Device<Bound>,
    pub(super) data: NonNull<T>,
    pub(super) addr: DmaAddress,
    _direction: PhantomData<D>,
}

// SAFETY: This is the memory and its addresses. The DMA API may be called from any thread.
unsafe impl<T: ?Sized + KnownSize + Send, D: Direction> Send for Contiguous<'_, T, D> {}

// SAFETY: A shared reference returns addresses and a size, and does not access the memory.
unsafe impl<T: ?Sized + KnownSize + Send, D: Direction> Sync for Contiguous<'_, T, D> {}

impl<'bound, T: ?Sized + KnownSize, D: Direction> Contiguous<'bound, T, D> {
    /// Describes mapped memory.
    ///
    /// # Safety
    ///
    /// The invariants hold until the owner of this value unmaps the memory.
    #[inline]
    pub(super) unsafe fn new(
        dev: &'bound Device<Bound>,
        data: NonNull<T>,
        addr: DmaAddress,
    ) -> Self {
        // INVARIANT: By the safety requirements.
        Self {
            dev,
            data,
            addr,
            _direction: PhantomData,
        }
    }

    /// Returns the size in bytes.
    #[inline]
    pub(super) fn size(&self) -> usize {
        T::size(self.data.as_ptr())
    }

    /// Returns the DMA range.
    #[inline]
    pub(super) fn range(&self) -> Range<'_, D> {
        // SAFETY: By the invariants, these bytes are one mapping, which the range borrows.
        unsafe { Range::new(self.addr, self.size()) }
    }

    /// Makes device writes to `size` bytes visible to the CPU.
    ///
    /// # Safety
    ///
    /// The `size` bytes from `offset` on are within the memory.
    #[inline]
    pub(super) unsafe fn sync_for_cpu(&self, offset: usize, size: usize) {
        // Unused where no device needs a sync.
        let _ = (offset, size);

        if compat::dev_need_sync(self.dev) {
            // `dma_sync_single_range_for_cpu()` without its test, which is the same.
            #[cfg(CONFIG_DMA_NEED_SYNC)]
            // SAFETY: By the invariants this is a mapping for `dev` and `D`, and by the safety
            // requirements the bytes are within it. CAST: From at most 64 bits.
            unsafe {
                kernel::bindings::__dma_sync_single_for_cpu(
                    compat::device(self.dev),
                    self.addr + offset as DmaAddress,
                    size,
                    D::DIRECTION.into(),
                )
            };
        }
    }

    /// Makes CPU writes to `size` bytes visible to the device.
    ///
    /// # Safety
    ///
    /// The `size` bytes from `offset` on are within the memory.
    #[inline]
    pub(super) unsafe fn sync_for_device(&self, offset: usize, size: usize) {
        // Unused where no device needs a sync.
        let _ = (offset, size);

        if compat::dev_need_sync(self.dev) {
            // `dma_sync_single_range_for_device()` without its test, which is the same.
            #[cfg(CONFIG_DMA_NEED_SYNC)]
            // SAFETY: By the invariants this is a mapping for `dev` and `D`, and by the safety
            // requirements the bytes are within it. CAST: From at most 64 bits.
            unsafe {
                kernel::bindings::__dma_sync_single_for_device(
                    compat::device(self.dev),
                    self.addr + offset as DmaAddress,
                    size,
                    D::DIRECTION.into(),
                )
            };
        }
    }
}

pub(super) mod private {
    use super::{
        Contiguous,
        Direction,
        KnownSize, //
    };

    /// Owners of contiguous mapped memory.
    ///
    /// # Safety
    ///
    /// `frame()` is the same at every call. Its memory is mapped until `self` is dropped or
    /// consumed, wherever it is moved to, and for ever if it is forgotten. Safe code reaches the
    /// memory through `self` only, by what [`SyncForCpu`](super::SyncForCpu) returns.
    pub unsafe trait AsContiguous {
        /// The type of the memory.
        type Data: ?Sized + KnownSize;

        /// The direction for which the memory is mapped.
        type Direction: Direction;

        /// Returns the frame.
        fn frame(&self) -> &Contiguous<'_, Self::Data, Self::Direction>;
    }
}

#[diagnostic::do_not_recommend]
// SAFETY: By the safety requirements of `AsContiguous`, the range is mapped for as long as `self`
// exists, and no CPU access to it is possible meanwhile. By the invariants of `Contiguous` the
// memory is initialized, and valid whatever a device writes that may.
unsafe impl<M: AsContiguous> Memory for M {
    type Direction = M::Direction;

    #[inline]
    fn device(&self) -> &Device<Bound> {
        self.frame().dev
    }

    #[inline]
    fn segments(&self) -> AnySegments<'_> {
        self.frame().range().into()
    }
}

#[diagnostic::do_not_recommend]
impl<M: AsContiguous> SyncForCpu for M {
    type Direction = M::Direction;
    type Data = M::Data;
    type Part = Part<M::Data>;

    #[inline]
    fn whole(&self, _: Sealed) -> Part<M::Data> {
        Part::whole(self.frame().data)
    }

    #[inline]
    unsafe fn sync_for_cpu(&mut self, part: Part<M::Data>, _: Sealed) {
        // SAFETY: By the safety requirements `part` is of this memory, and so within the mapping.
        unsafe {
            self.frame()
                .sync_for_cpu(part.offset, M::Data::size(part.data.as_ptr()))
        };
    }

    #[inline]
    unsafe fn sync_for_device(&mut self, part: Part<M::Data>, _: Sealed) {
        // SAFETY: By the safety requirements `part` is of this memory, and so within the mapping.
        unsafe {
            self.frame()
                .sync_for_device(part.offset, M::Data::size(part.data.as_ptr()))
        };
    }
}

#[diagnostic::do_not_recommend]
// SAFETY: By the safety requirements of `AsContiguous` and the invariants of `Contiguous`.
unsafe impl<M: AsContiguous> CpuMapped for M {}
