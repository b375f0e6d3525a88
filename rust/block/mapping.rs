// SPDX-License-Identifier: GPL-2.0

//! The data of requests, mapped for a device.

use super::{
    operations::Refused,
    request::{
        Operation,
        Pdu,
        Request,
        Status, //
    }, //
};
use crate::{
    bindings as helpers,
    dma::{
        compat,
        segments::DmaVec,
        AnySegments,
        Direction,
        FromDevice,
        Memory,
        Range,
        Segments,
        ToDevice, //
    }, //
};
use core::{
    mem::{
        ManuallyDrop,
        MaybeUninit, //
    },
    slice, //
};
use kernel::{
    bindings,
    device::{
        Bound,
        Device, //
    },
    ffi::c_ulong, //
};

const _: () = assert!(size_of::<DmaVec>() <= Pdu::ENTRY && align_of::<DmaVec>() <= 8);

/// A block request whose data is mapped for a device.
///
/// It owns the request, so that it does not end while the device accesses the data. As the memory
/// of a command in flight it is out of the driver's reach, and comes back when the device is done.
/// A request without data, such as a flush, has no segments.
///
/// Behind an IOMMU the segments are one range where the limits of the disk have a
/// `virt_boundary_mask` that allows for it.
///
/// Dropping it unmaps the data, and ends the request with [`Status::IOERR`]. Neither sleeps. Memory
/// and mapping are in the request: nothing is allocated.
///
/// # Invariants
///
/// The `Pdu` of `request` says what is mapped for `dev`: `count` ranges in its list, of `len`
/// bytes together; or with a `state` that is used one range, of `len` bytes from its address on; or
/// nothing, with a `len` of 0. The direction is that of the operation.
pub struct RequestMapping<'bound> {
    request: ManuallyDrop<Request>,
    dev: &'bound Device<Bound>,
}

impl<'bound> RequestMapping<'bound> {
    /// Maps the data of a request. Does not sleep.
    ///
    /// # Errors
    ///
    /// The request comes back; with [`Status::RESOURCE`] if address space or memory is used up for
    /// now.
    ///
    /// C: `blk_rq_dma_map_iter_start()`, `blk_rq_dma_map_iter_next()`,
    /// [`block/blk-mq-dma.c`](srctree/block/blk-mq-dma.c); for a single segment `dma_map_phys()`,
    /// [`kernel/dma/mapping.c`](srctree/kernel/dma/mapping.c).
    #[inline]
    pub fn map(dev: &'bound Device<Bound>, request: Request) -> Result<Self, Refused> {
        if !compat::is_dma_capable(dev) {
            return Err(Refused {
                status: Status::IOERR,
                request,
            });
        }
        // INVARIANT: Nothing is mapped, as `reset()` says.
        let mut mapping = Self {
            request: ManuallyDrop::new(request),
            dev,
        };
        mapping.pdu_mut().reset();

        if !mapping.request.operation().has_data() || mapping.request.bytes() == 0 {
            return Ok(mapping);
        }
        if mapping.map_single() {
            return Ok(mapping);
        }
        match mapping.map_all() {
            Status::OK => Ok(mapping),
            status => Err(Refused {
                status,
                request: mapping.unmap(),
            }),
        }
    }

    /// Maps the data, of which there is some, if it is one segment. Returns whether it was mapped.
    ///
    /// A range of addresses of an IOMMU is invalidated when it is freed, also where that is
    /// deferred for others: one segment is cheaper without.
    #[inline]
    fn map_single(&mut self) -> bool {
        let (rq, dev) = (self.request.as_raw(), compat::device(self.dev));
        let (len, (list, _)) = (self.request.bytes(), self.list());
        let mut addr = 0;

        // SAFETY: The request is the driver's, and has data; the device is bound.
        if !unsafe { helpers::helper_blk_rq_dma_map_single(rq, dev, &mut addr) } {
            return false;
        }
        // SAFETY: A list has one entry at least, and the owner of the request alone accesses it.
        unsafe { list.write(DmaVec::new(addr, len)) };
        // INVARIANT: The range is mapped, and in the list. CAST: From 32 bits to at least as many.
        let pdu = self.pdu_mut();
        pdu.count = 1;
        pdu.len = len as usize;
        true
    }

    /// Maps the data, of which there is some; or a part of it, with an error.
    fn map_all(&mut self) -> Status {
        let (rq, dev) = (self.request.as_raw(), compat::device(self.dev));
        let (list, capacity) = self.list();
        let state = &raw mut self.pdu_mut().state;
        let mut iter = MaybeUninit::<helpers::blk_dma_iter>::uninit();
        let iter = iter.as_mut_ptr();

        // SAFETY: The request is the driver's, and has data; the device is bound. The state is kept
        // with the request.
        if !unsafe { helpers::blk_rq_dma_map_iter_start(rq, dev, state, iter) } {
            // C destroys the range of addresses after an error, and leaves the state as it is.
            self.pdu_mut().state = bindings::dma_iova_state::default();
            // SAFETY: C has written the status.
            return Status::from_raw(unsafe { (*iter).status });
        }
        // SAFETY: C has written this, and address and length of the range that it has mapped.
        self.pdu_mut().map = unsafe { (*iter).p2pdma.map };
        if self.is_one_range() {
            // SAFETY: As before. INVARIANT: All data is in this range. CAST: From 32 bits to at
            // least as many.
            self.pdu_mut().len = unsafe { (*iter).len as usize };
            return Status::OK;
        }

        loop {
            // SAFETY: C has mapped a range, and written its address and length.
            let (addr, len) = unsafe { ((*iter).addr, (*iter).len) };
            // CAST: From 32 bits to at least as many, here and below.
            let count = self.pdu().count as usize;

            if count == capacity {
                self.unmap_range(addr, len);
                return Status::IOERR;
            }
            // SAFETY: Within the list, which the owner of the request alone accesses.
            unsafe { list.add(count).write(DmaVec::new(addr, len)) };
            // INVARIANT: The range is mapped, and in the list.
            let pdu = self.pdu_mut();
            pdu.count += 1;
            pdu.len += len as usize;

            // SAFETY: As for the start; the last call has mapped a range.
            if !unsafe { helpers::blk_rq_dma_map_iter_next(rq, dev, iter) } {
                // SAFETY: C has written the status.
                return Status::from_raw(unsafe { (*iter).status });
            }
        }
    }

    /// Returns the request. Does not sleep.
    ///
    /// C: `blk_rq_dma_unmap()`, [`include/linux/blk-mq-dma.h`](srctree/include/linux/blk-mq-dma.h);
    /// `dma_unmap_phys()`, [`kernel/dma/mapping.c`](srctree/kernel/dma/mapping.c).
    #[inline]
    pub fn unmap(self) -> Request {
        let mut mapping = ManuallyDrop::new(self);

        mapping.unmap_all();
        // SAFETY: Taken once, as the mapping is not dropped.
        unsafe { ManuallyDrop::take(&mut mapping.request) }
    }

    /// Returns the request, which a device may be accessing.
    #[inline]
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// Unmaps what is mapped. The request has not ended, so that its direction is known.
    #[inline]
    fn unmap_all(&mut self) {
        let (rq, dev) = (self.request.as_raw(), compat::device(self.dev));
        let pdu = self.pdu_mut();

        if pdu.len == 0 {
            return;
        }
        // For one range in the list C has nothing to decide.
        let is_done = pdu.count != 1 && {
            // SAFETY: By the invariants this is mapped. The state is not used again.
            unsafe {
                helpers::helper_blk_rq_dma_unmap(rq, dev, &raw mut pdu.state, pdu.len, pdu.map)
            }
        };
        if !is_done {
            for DmaVec { addr, len } in self.vecs().iter().copied() {
                self.unmap_range(addr, len);
            }
        }
    }

    /// Unmaps a range of the list.
    fn unmap_range(&self, addr: bindings::dma_addr_t, len: u32) {
        let attrs = match self.pdu().map {
            helpers::pci_p2pdma_map_type_PCI_P2PDMA_MAP_BUS_ADDR => return,
            helpers::pci_p2pdma_map_type_PCI_P2PDMA_MAP_THRU_HOST_BRIDGE => bindings::DMA_ATTR_MMIO,
            _ => 0,
        };
        let dir = if self.is_written() {
            FromDevice::DIRECTION
        } else {
            ToDevice::DIRECTION
        };

        // SAFETY: By the invariants it is mapped, and is unmapped once. CAST: From 32 bits.
        unsafe {
            bindings::dma_unmap_phys(
                compat::device(self.dev),
                addr,
                len as usize,
                dir.into(),
                attrs as c_ulong,
            )
        };
    }

    /// Returns whether the device writes the data.
    ///
    /// C: `rq_dma_dir()`, [`include/linux/blk-mq.h`](srctree/include/linux/blk-mq.h).
    #[inline]
    fn is_written(&self) -> bool {
        matches!(
            self.request.operation(),
            Operation::Read | Operation::DriverIn
        )
    }

    /// Returns whether the data has one range of addresses, of an IOMMU.
    ///
    /// C: `dma_use_iova()`, [`include/linux/dma-mapping.h`](srctree/include/linux/dma-mapping.h).
    #[inline]
    fn is_one_range(&self) -> bool {
        self.pdu().state.__size != 0
    }

    #[inline]
    fn pdu(&self) -> &Pdu {
        // SAFETY: The memory is initialized with the tag set, and stays until the request ends. The
        // owner of the request alone accesses it, which is `self`.
        unsafe { &*self.request.pdu() }
    }

    #[inline]
    fn pdu_mut(&mut self) -> &mut Pdu {
        // SAFETY: As for `pdu()`; `self` is borrowed exclusively.
        unsafe { &mut *self.request.pdu() }
    }

    #[inline]
    fn list(&self) -> (*mut DmaVec, usize) {
        let (list, capacity) = self.request.list();

        (list.cast(), capacity)
    }

    /// Returns the ranges of the list.
    #[inline]
    fn vecs(&self) -> &[DmaVec] {
        // SAFETY: By the invariants these were written. They do not change until `self` is
        // unmapped. CAST: From 32 bits to at least as many.
        unsafe { slice::from_raw_parts(self.list().0, self.pdu().count as usize) }
    }

    /// Returns the segments, in the direction `D`.
    ///
    /// # Safety
    ///
    /// `D` is the direction of the operation.
    #[inline]
    unsafe fn segments_of<D: Direction>(&self) -> AnySegments<'_> {
        let pdu = self.pdu();

        if self.is_one_range() {
            // SAFETY: By the invariants this is mapped, in the direction of the operation, for
            // `dev`.
            unsafe { Range::<D>::new(pdu.state.addr, pdu.len) }.into()
        } else {
            // SAFETY: By the invariants each is mapped in this direction for `dev`, and they have
            // `len` bytes together.
            unsafe { Segments::<D>::from_list(self.vecs(), pdu.len) }.into()
        }
    }
}

impl Drop for RequestMapping<'_> {
    #[inline]
    fn drop(&mut self) {
        self.unmap_all();
        // SAFETY: Dropped once.
        unsafe { ManuallyDrop::drop(&mut self.request) };
    }
}

// SAFETY: `self` owns the request, which does not end before it is unmapped, wherever it is moved
// to; a request that is forgotten never ends. So its data, which belongs to others, stays allocated
// and mapped for `dev`. No reference to it is made. The segments are in the request, which does not
// move.
unsafe impl Memory for RequestMapping<'_> {
    // Known only at run time.
    type Direction = ();

    #[inline]
    fn device(&self) -> &Device<Bound> {
        self.dev
    }

    #[inline]
    fn segments(&self) -> AnySegments<'_> {
        if self.is_written() {
            // SAFETY: The device writes.
            unsafe { self.segments_of::<FromDevice>() }
        } else {
            // SAFETY: The device reads, or accesses nothing.
            unsafe { self.segments_of::<ToDevice>() }
        }
    }
}
