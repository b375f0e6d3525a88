// SPDX-License-Identifier: GPL-2.0

//! The registers of another device, for a device to read and write: from peer to peer.

use super::{
    direction::Direction,
    raw,
    span::Span,
    transfer::DeviceMemory, //
};
use crate::bindings as helpers;
use core::{
    marker::PhantomData,
    ops::Range, //
};
use kernel::{
    bindings,
    device::{
        Bound,
        Device, //
    },
    dma::DmaAddress,
    io::{
        Io,
        IoBackend,
        IoBase,
        MmioBackend,
        PhysAddr, //
    },
    page::PAGE_SIZE,
    pci,
    prelude::*, //
};

/// Memory-mapped registers, or memory, of a device, by the physical address at which the CPU has
/// them.
///
/// They are for the driver of that device to give away, by a promise: what another device writes
/// there has the effect that a write of the CPU has, and may start a transfer to anywhere.
///
/// # Invariants
///
/// The `len` bytes from `phys` on, at least one, are no RAM but a device's for `'a`, and its driver
/// lets others access them.
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
    /// # Errors
    ///
    /// [`EINVAL`] if `range` is empty or not within the BAR, or if the BAR is not mapped in vmalloc
    /// space, which one of I/O ports is not, and on some architectures none is (powerpc).
    ///
    /// C: `vmalloc_to_pfn()`, `mm/vmalloc.c`.
    ///
    /// # Safety
    ///
    /// As of [`MmioRegion::from_raw`]: no safety of a driver that holds this BAR, now or later,
    /// rests on what is written there, or on nobody reading it.
    pub unsafe fn of_bar<const SIZE: usize>(
        bar: &'a pci::Bar<'_, SIZE>,
        range: Range<usize>,
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
        let phys = unsafe { helpers::helper_cpu_addr_to_phys(start) };

        // SAFETY: What a BAR is mapped to is what the device decodes, and nobody else does. While
        // it is held, which is so for `'a`, it is not changed. The rest is as the caller promises.
        // CAST: From at most 64 bits.
        unsafe { Self::from_raw(phys + range.start as PhysAddr, range.end - range.start) }
    }

    /// Returns the `len` bytes at a physical address, for a device that is not on a PCI bus, or a
    /// driver whose registers are not all alike.
    ///
    /// Does not sleep.
    ///
    /// # Errors
    ///
    /// [`EINVAL`] if there is RAM, or what the kernel manages like RAM, or nothing.
    ///
    /// C: `pfn_valid()`, by which the DMA debugger knows RAM; `include/linux/mmzone.h`.
    ///
    /// # Safety
    ///
    /// They are a device's for `'a`, and the driver that has that device lets others access them:
    /// no safety of that driver rests on what is written there, or on nobody reading it. That holds
    /// after `'a`, too: a [`Transfer`](super::transfer::Transfer) that was forgotten goes on.
    pub unsafe fn from_raw(phys: PhysAddr, len: usize) -> Result<Self> {
        // What is RAM is RAM for so many pages, aligned (`SUBSECTION_SIZE`).
        const STEP: PhysAddr = 2 << 20;

        let last = len
            .checked_sub(1)
            .and_then(|more| phys.checked_add(more as PhysAddr))
            .ok_or(EINVAL)?;
        let is_ram = |addr: PhysAddr| {
            // SAFETY: Any number may be asked for.
            unsafe { helpers::helper_pfn_valid((addr / PAGE_SIZE as PhysAddr) as usize) }
        };

        // A BAR can have many GiB: so not page by page.
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

    /// Returns the physical address of the first byte.
    ///
    /// # Safety
    ///
    /// The number is not given to a device: where no IOMMU translates, it is the DMA address, and
    /// for that [`DeviceAddress::as_raw`](super::span::DeviceAddress::as_raw) asks for a promise.
    #[inline(always)]
    pub unsafe fn phys(&self) -> PhysAddr {
        self.phys
    }
}

/// Registers of another device that a device can reach.
///
/// What the device writes there has the effect that a write of the CPU has, which is the affair of those
/// who know the registers. The other device's driver may access them too: that is no memory, and nobody
/// has a reference to it.
///
/// `'bound` is the time for which both drivers are bound. Dropping the mapping ends it; forgetting it
/// leaves the device's address leading to where the registers were, and never to RAM.
///
/// Behind an IOMMU the device reaches all of the pages that the registers are in. Whether what it sends
/// arrives is for what is between the devices: ask `pci_p2pdma_distance()` on hardware that is not known.
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
///     direction::FromDevice,
///     resource::{
///         MmioRegion,
///         ResourceMapping, //
///     }, //
/// };
///
/// /// Lets `peer` ring a doorbell, at 0x1000 of `bar`, which the driver of another device holds.
/// fn doorbell<'a>(
///     peer: &'a Device<Bound>,
///     bar: &'a pci::Bar<'_>,
/// ) -> Result<ResourceMapping<'a, FromDevice>> {
///     // SAFETY: It says that there is work; where that is, the driver has told its device before.
///     let doorbell = unsafe { MmioRegion::of_bar(bar, 0x1000..0x1004)? };
///
///     ResourceMapping::map(peer, doorbell, FromDevice)
/// }
/// ```
///
/// # Invariants
///
/// `addr` is the DMA address of a mapping of `registers` for `dev` as a resource, made with the direction
/// `D`, not unmapped yet.
pub struct ResourceMapping<'bound, D: Direction> {
    dev: &'bound Device<Bound>,
    registers: MmioRegion<'bound>,
    addr: DmaAddress,
    _direction: PhantomData<D>,
}

impl<'bound, D: Direction> ResourceMapping<'bound, D> {
    /// Maps `registers` for `dev`, to be used in the direction that `direction` names: for
    /// [`FromDevice`](super::direction::FromDevice) `dev` writes to them.
    ///
    /// Does not sleep.
    ///
    /// # Errors
    ///
    /// - [`ERANGE`] if no IOMMU translates, and the address is beyond the device's mask, or the
    ///   memory of this guest is encrypted;
    /// - [`ENOMEM`] if the mapping failed: the device's addresses are used up, or it is confined to bounce
    ///   buffers (`swiotlb=force`);
    /// - [`EIO`] if the device can do no DMA at all.
    ///
    /// C: `dma_map_resource()`, `kernel/dma/mapping.c`.
    pub fn map(
        dev: &'bound Device<Bound>,
        registers: MmioRegion<'bound>,
        _direction: D,
    ) -> Result<Self> {
        let MmioRegion { phys, len, .. } = registers;

        if !raw::has_dma(dev) {
            return Err(EIO);
        }
        // An IOMMU gives it another address.
        let beyond = !raw::use_dma_iommu(dev)
            // SAFETY: `dev` is bound and can do DMA.
            && unsafe { helpers::helper_dma_direct_overflow(raw::device(dev), phys, len) };
        if beyond {
            return Err(ERANGE);
        }

        // SAFETY: `dev` is bound. By the invariants of `MmioRegion`, this is no RAM.
        let addr = unsafe {
            bindings::dma_map_resource(
                raw::device(dev),
                phys,
                len,
                D::DIRECTION.into(),
                raw::attrs(raw::no_attrs()),
            )
        };
        // SAFETY: `dev` is bound, and `addr` is what a mapping function just returned for it.
        unsafe { raw::mapping_error(dev, addr)? };

        // INVARIANT: Mapped just now.
        Ok(Self {
            dev,
            registers,
            addr,
            _direction: PhantomData,
        })
    }

    /// What the device is told of the registers.
    #[inline(always)]
    pub fn span(&self) -> Span<'_, D> {
        // SAFETY: By the invariants, these bytes are this mapping, which the span borrows.
        unsafe { Span::new(self.addr, self.registers.len) }
    }

    /// Returns the registers.
    #[inline(always)]
    pub fn region(&self) -> &MmioRegion<'bound> {
        &self.registers
    }

    /// The device that can reach them.
    #[inline(always)]
    pub fn device(&self) -> &'bound Device<Bound> {
        self.dev
    }

    /// Unmaps the registers: what dropping the mapping does, by name. Does not sleep.
    ///
    /// C: `dma_unmap_resource()`, `kernel/dma/mapping.c`.
    #[inline]
    pub fn unmap(self) {}
}

impl<D: Direction> Drop for ResourceMapping<'_, D> {
    fn drop(&mut self) {
        // SAFETY: By the invariants this mapping exists, and was made with these parameters. It is undone
        // once, as `self` is dropped.
        unsafe {
            bindings::dma_unmap_resource(
                raw::device(self.dev),
                self.addr,
                self.registers.len,
                D::DIRECTION.into(),
                raw::attrs(raw::no_attrs()),
            )
        };
    }
}

// SAFETY: `span()` is this mapping, which is there for `dev` and `D` until `self` is dropped, and for ever
// if it is forgotten. It leads to no memory of which Rust knows: what the CPU does there is by MMIO, which
// reads any bytes, and orders nothing with the device's accesses that its driver does not order.
unsafe impl<D: Direction> DeviceMemory for ResourceMapping<'_, D> {
    type Direction = D;

    #[inline(always)]
    fn device(&self) -> &Device<Bound> {
        self.dev
    }

    #[inline(always)]
    fn span(&self) -> Span<'_, D> {
        ResourceMapping::span(self)
    }
}

#[kunit_tests(safe_dma_resource)]
mod tests {
    use super::*;
    use crate::dma::{
        buffer::Pages,
        direction::Bidirectional, //
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
        let phys = unsafe { helpers::helper_cpu_addr_to_phys(pages.as_ptr().cast()) };

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
