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
    io::PhysAddr,
    page::PAGE_SIZE,
    pci,
    prelude::*, //
};

/// Registers, or memory, of a device, by the physical address at which the CPU has them.
///
/// # Invariants
///
/// The `len` bytes from `phys` on, at least one, are no RAM but a device's for `'a`.
#[derive(Clone, Copy)]
pub struct Registers<'a> {
    phys: PhysAddr,
    len: usize,
    _device: PhantomData<&'a Device<Bound>>,
}

impl<'a> Registers<'a> {
    /// The bytes of `range` of a BAR, counted from its start.
    ///
    /// While its driver is bound the device stays where it is, and so do its BARs.
    ///
    /// # Errors
    ///
    /// [`EINVAL`] if there is no such BAR, it is of I/O ports or has got no address, or `range` is empty or not
    /// within it.
    ///
    /// C: `pci_resource_start()`, `pci_resource_len()`, `pci_resource_flags()`; `include/linux/pci.h`.
    pub fn of_bar(pdev: &'a pci::Device<Bound>, bar: u32, range: Range<usize>) -> Result<Self> {
        let start = pdev.resource_start(bar)?;
        let len = usize::try_from(pdev.resource_len(bar)?)?;

        if range.start >= range.end || range.end > len {
            return Err(EINVAL);
        }
        // SAFETY: `pci::Device` is `repr(transparent)` over `struct pci_dev`, and the device is valid. There
        // is such a BAR, or its start could not be had. CAST: So it is a small number.
        if !unsafe { helpers::helper_pci_bar_is_mem(raw::pci_device(pdev), bar as i32) } {
            return Err(EINVAL);
        }

        // SAFETY: A BAR with an address in memory space is what the device decodes, and nobody else does. It is
        // not changed while its driver is bound, which is so for `'a`. CAST: From at most 64 bits.
        unsafe { Self::from_raw(start + range.start as PhysAddr, range.end - range.start) }
    }

    /// The `len` bytes at a physical address, for a device that is not on a PCI bus.
    ///
    /// # Errors
    ///
    /// [`EINVAL`] if there is RAM, or what the kernel manages like RAM, or nothing.
    ///
    /// C: `pfn_valid()`, by which the DMA debugger knows RAM; `include/linux/mmzone.h`.
    ///
    /// # Safety
    ///
    /// They are a device's for `'a`, and the driver that has that device lets others access them.
    pub unsafe fn from_raw(phys: PhysAddr, len: usize) -> Result<Self> {
        let last = len
            .checked_sub(1)
            .and_then(|more| phys.checked_add(more as PhysAddr))
            .ok_or(EINVAL)?;
        let pfn = |addr: PhysAddr| addr / PAGE_SIZE as PhysAddr;

        // SAFETY: Any number may be asked for.
        if (pfn(phys)..=pfn(last)).any(|pfn| unsafe { helpers::helper_pfn_valid(pfn as usize) }) {
            return Err(EINVAL);
        }

        // INVARIANT: By the caller's promise, and the check above.
        Ok(Self {
            phys,
            len,
            _device: PhantomData,
        })
    }

    /// The physical address of the first byte; for tests, logs and people.
    pub fn phys(&self) -> PhysAddr {
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
///         Registers,
///         ResourceMapping, //
///     }, //
/// };
///
/// /// Where `dev` can ring the doorbell of `other`, at 0x1000 of BAR 2.
/// fn doorbell<'a>(
///     dev: &'a Device<Bound>,
///     other: &'a pci::Device<Bound>,
/// ) -> Result<ResourceMapping<'a, FromDevice>> {
///     let doorbell = Registers::of_bar(other, 2, 0x1000..0x1004)?;
///
///     ResourceMapping::map(dev, doorbell, FromDevice)
/// }
/// ```
///
/// # Invariants
///
/// `addr` is the DMA address of a mapping of `registers` for `dev` as a resource, made with the direction
/// `D`, not unmapped yet.
pub struct ResourceMapping<'bound, D: Direction> {
    dev: &'bound Device<Bound>,
    registers: Registers<'bound>,
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
    /// - [`ERANGE`] if no IOMMU translates, and the address is beyond the device's mask;
    /// - [`ENOMEM`] if the mapping failed: the device's addresses are used up, or it is confined to bounce
    ///   buffers (`swiotlb=force`);
    /// - [`EIO`] if the device can do no DMA at all.
    ///
    /// C: `dma_map_resource()`, `kernel/dma/mapping.c`.
    pub fn map(
        dev: &'bound Device<Bound>,
        registers: Registers<'bound>,
        _direction: D,
    ) -> Result<Self> {
        let Registers { phys, len, .. } = registers;

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

        // SAFETY: `dev` is bound. By the invariants of `Registers`, this is no RAM.
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

    /// The registers.
    #[inline(always)]
    pub fn registers(&self) -> &Registers<'bound> {
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

    fn registers(phys: PhysAddr, len: usize) -> Result<Registers<'static>> {
        // SAFETY: No device is told of it.
        unsafe { Registers::from_raw(phys, len) }
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
        assert!(registers(NOWHERE, 4).is_ok_and(|found| found.phys() == NOWHERE && found.len == 4));
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
