// SPDX-License-Identifier: GPL-2.0

//! Peer-to-peer access: the registers of another device, for a device to read and write.

use super::{
    compat,
    AnySegments,
    Direction,
    Limits,
    Memory,
    PhysVec,
    Range, //
};
use crate::bindings as helpers;
use core::marker::PhantomData;
use kernel::{
    bindings,
    device::{
        Bound,
        Device, //
    },
    dma::{
        attrs::DMA_ATTR_MMIO,
        DmaAddress, //
    },
    ffi::c_int,
    io::PhysAddr,
    page::PAGE_SIZE,
    prelude::*, //
};
#[cfg(CONFIG_PCI)]
use kernel::{
    io::{
        Io,
        IoBackend,
        IoBase,
        MmioBackend, //
    },
    pci, //
};

/// Memory-mapped registers or memory of a device, by physical address.
///
/// Only the driver of that device can let other devices access them, by an `unsafe` call: a write
/// of another device has the effect of a write of the CPU, and may start a transfer to anywhere.
///
/// # Invariants
///
/// The `len` bytes from `phys` on, at least one, are not RAM. They belong to a device for `'a`, and
/// its driver lets others access them. `phys + len` does not wrap.
#[derive(Clone, Copy)]
pub struct MmioRegion<'a> {
    phys: PhysAddr,
    len: usize,
    _device: PhantomData<&'a Device<Bound>>,
}

impl<'a> MmioRegion<'a> {
    /// Returns the bytes of `range` of a BAR, counted from its start.
    ///
    /// The BAR is borrowed, so that it stays claimed for as long as the region is in use. Does not
    /// sleep.
    ///
    /// C: `vmalloc_to_pfn()`, [`mm/vmalloc.c`](srctree/mm/vmalloc.c).
    ///
    /// # Errors
    ///
    /// [`EINVAL`] if `range` is empty or not within the BAR, or if the BAR is not mapped in vmalloc
    /// space. A BAR of I/O ports is not, and on powerpc no BAR is.
    ///
    /// # Safety
    ///
    /// As for [`MmioRegion::from_raw`]: the safety of a driver that holds this BAR, now or later,
    /// depends neither on what is written there nor on its being secret.
    #[cfg(CONFIG_PCI)]
    pub unsafe fn from_bar<const SIZE: usize>(
        bar: &'a pci::Bar<'_, SIZE>,
        range: core::ops::Range<usize>,
    ) -> Result<Self> {
        if range.start >= range.end || range.end > bar.size() {
            return Err(EINVAL);
        }
        let start = MmioBackend::as_ptr(bar.as_view()).cast_const().cast();

        // SAFETY: Any address may be asked for.
        if !unsafe { bindings::is_vmalloc_addr(start) } {
            return Err(EINVAL);
        }
        // SAFETY: By the invariants of `Bar` the registers are mapped there, in a row, and by the
        // check above in vmalloc space.
        let phys = unsafe { super::phys_vec::vmalloc_to_phys(start) };

        // SAFETY: What a BAR is mapped to is decoded by this device alone. It does not change while
        // it is held, for `'a`. The rest is as the caller promises. CAST: From at most 64 bits.
        unsafe { Self::from_raw(phys + range.start as PhysAddr, range.end - range.start) }
    }

    /// Returns the `len` bytes at a physical address, for a device that is not on a PCI bus.
    ///
    /// Does not sleep.
    ///
    /// C: `pfn_valid()`, by which the DMA debugger knows RAM;
    /// [`include/linux/mmzone.h`](srctree/include/linux/mmzone.h).
    ///
    /// # Errors
    ///
    /// [`EINVAL`] if `len` is 0, if the range wraps around, or if a part of it is RAM or managed as
    /// RAM is, with a `struct page`.
    ///
    /// # Safety
    ///
    /// The bytes belong to a device for `'a`, and its driver lets others access them: the safety of
    /// that driver depends neither on what is written there nor on its being secret. That holds
    /// after `'a`, too: a [`Transfer`](super::Transfer) that was forgotten continues.
    pub unsafe fn from_raw(phys: PhysAddr, len: usize) -> Result<Self> {
        // RAM comes in aligned units of this size (`SUBSECTION_SIZE`).
        const STEP: PhysAddr = 2 << 20;

        if len == 0 {
            return Err(EINVAL);
        }
        // CAST: From at most 64 bits.
        let last = phys.checked_add(len as PhysAddr).ok_or(EINVAL)? - 1;
        let is_ram = |addr: PhysAddr| {
            // SAFETY: Any number may be asked for.
            unsafe { helpers::helper_pfn_valid((addr / PAGE_SIZE as PhysAddr) as usize) }
        };

        // Not page by page: a BAR can have many GiB.
        if is_ram(phys)
            || is_ram(last)
            || (phys / STEP..last / STEP).any(|at| is_ram((at + 1) * STEP))
        {
            return Err(EINVAL);
        }

        // INVARIANT: By the caller's promise, and the check above.
        Ok(Self {
            phys,
            len,
            _device: PhantomData,
        })
    }

    /// Returns the physical range of the registers. For debugging only.
    pub fn phys_vec(&self) -> PhysVec {
        PhysVec::new(self.phys, self.len, false)
    }
}

/// Registers of another device that a device can reach.
///
/// A write of the device has the effect of a write of the CPU. The driver of the other device may
/// access the registers, too: no reference to them exists.
///
/// `'bound` is the time for which both drivers are bound. Dropping the mapping unmaps the
/// registers. If it is forgotten, its DMA address still leads to the physical address of the
/// registers, and never to RAM.
///
/// Behind an IOMMU the device can access all of the pages that contain the registers. Whether its
/// accesses arrive depends on the bridges between the devices: C drivers ask
/// `pci_p2pdma_distance()`.
///
/// # Examples
///
/// ```
/// use kernel::{
///     device::{
///         Bound,
///         Device, //
///     },
///     pci,
///     prelude::*, //
/// };
/// use safe_dma::dma::{
///     FromDevice,
///     MmioRegion,
///     ResourceMapping, //
/// };
///
/// /// Lets `peer` ring a doorbell, at 0x1000 of `bar`, which the driver of another device holds.
/// fn doorbell<'a>(
///     peer: &'a Device<Bound>,
///     bar: &'a pci::Bar<'_>,
/// ) -> Result<ResourceMapping<'a, FromDevice>> {
///     // SAFETY: A write to the doorbell only makes the device fetch commands that its driver has
///     // queued.
///     let doorbell = unsafe { MmioRegion::from_bar(bar, 0x1000..0x1004)? };
///
///     ResourceMapping::map(peer, doorbell, FromDevice)
/// }
/// ```
///
/// # Invariants
///
/// `addr` is the DMA address of a mapping of `region` for `dev` as a resource, made with the
/// direction `D`, not unmapped yet.
pub struct ResourceMapping<'bound, D: Direction> {
    dev: &'bound Device<Bound>,
    region: MmioRegion<'bound>,
    addr: DmaAddress,
    _direction: PhantomData<D>,
}

impl<'bound, D: Direction> ResourceMapping<'bound, D> {
    /// Maps `region` for the device to use in the direction that `direction` names: for
    /// [`FromDevice`](super::FromDevice) the device writes to it.
    ///
    /// `dev` is a device or its [`Limits`]. Does not sleep.
    ///
    /// C: `dma_map_resource()`, [`kernel/dma/mapping.c`](srctree/kernel/dma/mapping.c).
    ///
    /// # Errors
    ///
    /// - [`ERANGE`] if no IOMMU translates, and the address is beyond the device's mask, or the
    ///   memory of this guest is encrypted;
    /// - [`ENOMEM`] if the mapping failed: the device's addresses are used up, or it is confined to
    ///   bounce buffers (`swiotlb=force`);
    /// - [`EIO`] if the device can do no DMA at all.
    #[inline]
    pub fn map(
        dev: impl Into<Limits<'bound>>,
        region: MmioRegion<'bound>,
        _direction: D,
    ) -> Result<Self> {
        let limits = dev.into();
        let dev = limits.device();

        let (error, addr) = if is_within_reach(&limits, region) {
            // SAFETY: Just checked.
            (0, unsafe { map_phys::<D>(dev, region) })
        } else {
            map_checked::<D>(dev, region)
        };
        compat::to_result(error)?;
        // SAFETY: `dev` is bound, and `addr` is what a mapping function just returned for it.
        unsafe { compat::mapping_error(dev, addr)? };

        // INVARIANT: Mapped just now.
        Ok(Self {
            dev,
            region,
            addr,
            _direction: PhantomData,
        })
    }

    /// Returns the DMA range of the registers.
    #[inline]
    pub fn range(&self) -> Range<'_, D> {
        // SAFETY: By the invariants, these bytes are this mapping, which the range borrows.
        unsafe { Range::new(self.addr, self.region.len) }
    }

    /// Returns the registers.
    #[inline]
    pub fn region(&self) -> &MmioRegion<'bound> {
        &self.region
    }

    /// Returns the device that can reach them.
    #[inline]
    pub fn device(&self) -> &'bound Device<Bound> {
        self.dev
    }
}

/// Returns whether the device can do DMA, and either has an IOMMU or can address the region at its
/// physical address.
///
/// The mask is read each time, since C warns of an address beyond it.
#[inline]
fn is_within_reach(limits: &Limits<'_>, region: MmioRegion<'_>) -> bool {
    let dev = limits.device();
    // By the invariants of the region it does not wrap. CAST: From at most 64 bits.
    let end = region.phys + region.len as PhysAddr;

    end <= limits.mmio_limit()
        && (compat::use_dma_iommu(dev)
            // SAFETY: By the invariants of `Limits` the device has a mask.
            || end <= unsafe { compat::mask(dev) })
}

/// Maps a region as C does.
///
/// # Safety
///
/// `dev` can do DMA, and either has an IOMMU or can address the region.
#[inline]
unsafe fn map_phys<D: Direction>(dev: &Device<Bound>, region: MmioRegion<'_>) -> DmaAddress {
    // SAFETY: `dev` is bound. By the invariants of `MmioRegion`, this is no RAM. The rest is as the
    // caller promises.
    unsafe {
        bindings::dma_map_phys(
            compat::device(dev),
            region.phys,
            region.len,
            D::DIRECTION.into(),
            compat::attrs(DMA_ATTR_MMIO),
        )
    }
}

/// Maps a region that the device reaches at another address, if at all. Returns an error of C, or 0
/// and the address: a pair is returned in registers, unlike a [`Result`].
#[cold]
#[inline(never)]
fn map_checked<D: Direction>(dev: &Device<Bound>, region: MmioRegion<'_>) -> (c_int, DmaAddress) {
    if !compat::is_dma_capable(dev) {
        return (EIO.to_errno(), 0);
    }
    if !compat::use_dma_iommu(dev) && !is_dma_direct_capable(dev, region) {
        return (ERANGE.to_errno(), 0);
    }

    // SAFETY: `dev` can do DMA, and can address the region.
    (0, unsafe { map_phys::<D>(dev, region) })
}

/// Returns whether `dev`, which can do DMA and has no IOMMU, can address the region. C warns if it
/// cannot.
///
/// C: `dma_capable()`, [`include/linux/dma-direct.h`](srctree/include/linux/dma-direct.h).
fn is_dma_direct_capable(dev: &Device<Bound>, region: MmioRegion<'_>) -> bool {
    let raw = compat::device(dev);

    // A guest with encrypted memory does not share MMIO. This is the condition of
    // `force_dma_unencrypted()`, which is not exported everywhere.
    // SAFETY: May be called in any context.
    let is_encrypted_by_host =
        unsafe { helpers::helper_cc_platform_has(helpers::cc_attr_CC_ATTR_HOST_MEM_ENCRYPT) };
    if compat::is_memory_encrypted() && !is_encrypted_by_host {
        return false;
    }

    // SAFETY: `dev` is bound, and can do DMA.
    let (addr, mask, limit) = unsafe {
        (
            helpers::helper_phys_to_dma_unencrypted(raw, region.phys),
            compat::mask(dev),
            (*raw).bus_dma_limit,
        )
    };
    let limit = if limit == 0 { mask } else { limit.min(mask) };
    // `DMA_MAPPING_ERROR` is all ones. CAST: From at most 64 bits.
    let last = addr.checked_add(region.len as DmaAddress - 1);

    addr != DmaAddress::MAX && last.is_some_and(|last| last <= limit)
}

impl<D: Direction> Drop for ResourceMapping<'_, D> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: By the invariants this mapping exists, and was made with these parameters. It is
        // undone once, as `self` is dropped.
        unsafe {
            bindings::dma_unmap_phys(
                compat::device(self.dev),
                self.addr,
                self.region.len,
                D::DIRECTION.into(),
                compat::attrs(DMA_ATTR_MMIO),
            )
        };
    }
}

// SAFETY: `range()` is this mapping, which exists for `dev` and `D` until `self` is dropped, and
// for ever if it is forgotten. It leads to no memory of the Rust abstract machine: the CPU accesses
// the registers by MMIO, for which any bytes are valid.
unsafe impl<D: Direction> Memory for ResourceMapping<'_, D> {
    type Direction = D;

    #[inline]
    fn device(&self) -> &Device<Bound> {
        self.dev
    }

    #[inline]
    fn segments(&self) -> AnySegments<'_> {
        self.range().into()
    }
}

#[kunit_tests(safe_dma_resource)]
mod tests {
    use super::*;
    use crate::dma::{
        Bidirectional,
        Pages, //
    };
    use kernel::faux;

    /// Where nothing is that the kernel knows.
    const NOWHERE: PhysAddr = 1 << 47;

    fn registers(phys: PhysAddr, len: usize) -> Result<MmioRegion<'static>> {
        // SAFETY: No device is told of it.
        unsafe { MmioRegion::from_raw(phys, len) }
    }

    #[test]
    fn ram_is_refused() -> Result {
        let pages = Pages::zeroed(1, GFP_KERNEL)?;
        // SAFETY: The address is in the linear map.
        let phys = unsafe { helpers::helper_virt_to_phys(pages.as_ptr().cast()) };

        for (start, len) in [
            (0, PAGE_SIZE),
            (0, 1),
            (2 * PAGE_SIZE - 1, 1),
            (1, PAGE_SIZE),
        ] {
            assert!(registers(phys + start as PhysAddr, len).err() == Some(EINVAL));
        }
        Ok(())
    }

    #[test]
    fn lengths() {
        assert!(registers(NOWHERE, 4).is_ok_and(|found| found.phys == NOWHERE && found.len == 4));
        assert!(registers(NOWHERE, 0).err() == Some(EINVAL));
        assert!(registers(PhysAddr::MAX, 2).err() == Some(EINVAL));
    }

    /// Without an IOMMU, the reach of a device ends with its mask, which may change.
    #[test]
    fn mask_limits_the_reach() -> Result {
        let registration = faux::Registration::new(c"safe_dma_reach", None)?;
        let faux: &faux::Device<Bound> = registration.as_ref();
        let dev = compat::device(faux.as_ref());
        let set_mask = |mask| {
            // SAFETY: The device is valid, and is used by this test only.
            unsafe {
                (*dev).coherent_dma_mask = mask;
                (*dev).dma_mask = &raw mut (*dev).coherent_dma_mask;
            }
        };
        set_mask(u64::MAX);
        let limits = Limits::new(faux.as_ref());

        for (mask, len, reached) in [
            (u64::MAX, 0x1000, true),
            (NOWHERE + 0xff, 4, true),
            (NOWHERE + 0xff, 0x1000, false),
            (NOWHERE + 2, 4, false),
        ] {
            set_mask(mask);
            assert_eq!(is_within_reach(&limits, registers(NOWHERE, len)?), reached);
        }
        Ok(())
    }

    /// A device that can do no DMA is refused.
    #[test]
    fn device_without_dma() -> Result {
        let registration = faux::Registration::new(c"safe_dma_resource", None)?;
        let faux: &faux::Device<Bound> = registration.as_ref();

        let refused = ResourceMapping::map(faux.as_ref(), registers(NOWHERE, 4)?, Bidirectional);
        assert!(refused.err() == Some(EIO));
        Ok(())
    }
}
