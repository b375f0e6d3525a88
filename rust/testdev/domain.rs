// SPDX-License-Identifier: GPL-2.0

//! The IOMMU domain that translates for a device.
//!
//! For debugging only: the type of the domain, and the translation of single addresses.

use crate::bindings as helpers;
use core::ptr::NonNull;
use kernel::{
    bindings,
    device::{
        Bound,
        Core,
        Device,
        DeviceContext, //
    },
    dma::DmaAddress,
    io::PhysAddr,
    prelude::*, //
};

/// The type of an IOMMU domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DomainType {
    /// Translates for the DMA API, and invalidates the TLB at every unmap; `IOMMU_DOMAIN_DMA`.
    DmaStrict,
    /// Translates for the DMA API, and invalidates the TLB later, in batches;
    /// `IOMMU_DOMAIN_DMA_FQ`.
    DmaLazy,
    /// Translates nothing: DMA addresses are physical addresses; `IOMMU_DOMAIN_IDENTITY`.
    Identity,
    /// Something else, by its number in `include/linux/iommu.h`.
    Other(u32),
}

/// The IOMMU domain of a bound device.
///
/// # Invariants
///
/// `domain` is the domain of `dev`, whose driver owns its group's DMA for `'bound`.
pub struct Domain<'bound> {
    domain: NonNull<bindings::iommu_domain>,
    dev: &'bound Device<Bound>,
}

/// Returns the `struct device` of `dev`, which is `repr(transparent)`.
fn as_raw<Ctx: DeviceContext>(dev: &Device<Ctx>) -> *mut bindings::device {
    core::ptr::from_ref(dev).cast_mut().cast()
}

impl<'bound> Domain<'bound> {
    /// The domain of `dev`, or [`None`] if there is no IOMMU in front of it.
    ///
    /// Asks for the [`Core`] context, which a driver has in its callbacks: that the device is bound
    /// is not enough. When a driver's data is dropped, the device still counts as bound, but its
    /// IOMMU group may be given another domain by then.
    ///
    /// C: `iommu_get_domain_for_dev()`, `drivers/iommu/iommu.c`.
    pub fn of(dev: &'bound Device<Core<'_>>) -> Option<Self> {
        // SAFETY: `dev` is a valid device in a callback of its driver, before `dma_cleanup` of its
        // bus: the driver is an owner of the group's DMA, which keeps the group from being given
        // another domain.
        let domain = unsafe { bindings::iommu_get_domain_for_dev(as_raw(dev)) };

        // INVARIANT: The reference to `dev` lives for `'bound`, and is one to a `Device<Core>`:
        // that is not `Send`, so that it ends with the callback, before the driver gives up the
        // group's DMA.
        NonNull::new(domain).map(|domain| Self { domain, dev })
    }

    /// Returns the type of the domain.
    pub fn domain_type(&self) -> DomainType {
        // SAFETY: By the invariants, the domain is valid.
        let number = unsafe { helpers::helper_iommu_domain_type(self.domain.as_ptr()) };

        match number {
            bindings::IOMMU_DOMAIN_DMA => DomainType::DmaStrict,
            bindings::IOMMU_DOMAIN_DMA_FQ => DomainType::DmaLazy,
            bindings::IOMMU_DOMAIN_IDENTITY => DomainType::Identity,
            other => DomainType::Other(other),
        }
    }

    /// The name of the IOMMU, if it has one.
    pub fn iommu_name(&self) -> Option<&'bound CStr> {
        // SAFETY: `dev` is a valid device; that it has a domain means that an IOMMU has probed it.
        let name = unsafe { helpers::helper_dev_iommu_name(as_raw(self.dev)) };

        if name.is_null() {
            return None;
        }

        // SAFETY: The name of a device is a C string, and that of an IOMMU is not changed nor freed
        // while a device behind it is bound.
        Some(unsafe { CStr::from_char_ptr(name) })
    }

    /// Returns the physical address behind a DMA address, or [`None`] if it is not mapped.
    ///
    /// C: `iommu_iova_to_phys()`, `drivers/iommu/iommu.c`.
    ///
    /// # Safety
    ///
    /// The number is not given to a device. Nothing is unmapped in this domain during the call: the
    /// page table is walked without a lock, and unmapping frees parts of it.
    pub unsafe fn iova_to_phys(&self, iova: DmaAddress) -> Option<PhysAddr> {
        // Never a mapping's, and the page table's walk cannot end behind the last address there is:
        // the C function then returns what it has not set.
        if iova == DmaAddress::MAX {
            return None;
        }

        // SAFETY: By the invariants, the domain is valid. No part of its page table is freed during
        // the call, by the caller's promise. Any other address may be asked for.
        let phys = unsafe { bindings::iommu_iova_to_phys(self.domain.as_ptr(), iova) };

        // The C function has no other way to say that there is nothing.
        (phys != 0).then_some(phys)
    }
}
