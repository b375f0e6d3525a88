// SPDX-License-Identifier: GPL-2.0

//! The C representation of types whose own accessors are private to the `kernel` crate.

use crate::bindings as helpers;
use core::mem;
use kernel::{
    alloc::Flags,
    bindings,
    device,
    dma::{
        attrs,
        Attrs,
        DmaAddress, //
    },
    ffi::{
        c_int,
        c_ulong, //
    },
    page::PAGE_SIZE,
    pci,
    prelude::*, //
};

/// The `struct device` behind `dev`; valid for as long as `dev` is.
#[inline(always)]
pub(super) fn device<Ctx: device::DeviceContext>(
    dev: &device::Device<Ctx>,
) -> *mut bindings::device {
    // `device::Device` is `repr(transparent)` over `Opaque<bindings::device>`, which lets C change
    // what a shared reference points to.
    core::ptr::from_ref(dev).cast_mut().cast()
}

/// The `struct pci_dev` behind `pdev`; valid for as long as `pdev` is.
#[inline(always)]
pub(super) fn pci_device<Ctx: device::DeviceContext>(
    pdev: &pci::Device<Ctx>,
) -> *mut bindings::pci_dev {
    // `pci::Device` is `repr(transparent)` over `Opaque<bindings::pci_dev>`.
    core::ptr::from_ref(pdev).cast_mut().cast()
}

/// Whether `dev` can do DMA. C warns of a mapping for a device that cannot.
#[inline(always)]
pub(super) fn has_dma(dev: &device::Device<device::Bound>) -> bool {
    // SAFETY: `dev` is valid. Its bus has set the pointer before a driver was bound, and leaves it as
    // it is until none is.
    unsafe { !(*device(dev)).dma_mask.is_null() }
}

/// Whether a flag of the device is set.
///
/// C: `test_bit()` of `struct device::flags`, `include/linux/device.h`.
#[inline(always)]
fn flag(dev: &device::Device<device::Bound>, number: bindings::struct_device_flags) -> bool {
    const BITS: usize = c_ulong::BITS as usize;
    // CAST: A small number.
    let number = number as usize;

    // SAFETY: `dev` is valid. The word is read once, as C reads it, since others may change its bits meanwhile.
    let word = unsafe { (&raw const (*device(dev)).flags[number / BITS]).read_volatile() };

    word >> (number % BITS) & 1 != 0
}

/// Whether what a mapping for `dev` is given are addresses of an IOMMU.
///
/// C: `use_dma_iommu()`, `include/linux/iommu-dma.h`. It is asked here, as there it is no call either.
#[inline(always)]
pub(super) fn use_dma_iommu(dev: &device::Device<device::Bound>) -> bool {
    cfg!(CONFIG_IOMMU_DMA) && flag(dev, bindings::struct_device_flags_DEV_FLAG_DMA_IOMMU)
}

/// Whether a sync for `dev` can come to anything.
///
/// The flag is cleared before the first mapping is there that has to be synced, one that is bounced. Until
/// `dma_set_mask()` is called again, which is for a device that has none.
///
/// C: `dma_dev_need_sync()`, `include/linux/dma-mapping.h`. The sync functions ask the same.
#[inline(always)]
pub(super) fn dev_need_sync(dev: &device::Device<device::Bound>) -> bool {
    cfg!(CONFIG_DMA_NEED_SYNC)
        && (cfg!(CONFIG_DMA_API_DEBUG)
            || !flag(dev, bindings::struct_device_flags_DEV_FLAG_DMA_SKIP_SYNC))
}

/// Whether `addr` is an address, and not an error.
///
/// That is a comparison, and a call where the DMA debugger wants to see that it is made.
///
/// C: `dma_mapping_error()`, `include/linux/dma-mapping.h`.
///
/// # Errors
///
/// [`ENOMEM`], as C has it.
///
/// # Safety
///
/// `addr` is what a mapping function returned for `dev`.
#[inline(always)]
pub(super) unsafe fn mapping_error(
    dev: &device::Device<device::Bound>,
    addr: DmaAddress,
) -> Result {
    // What C has for that is all ones.
    const DMA_MAPPING_ERROR: DmaAddress = DmaAddress::MAX;

    if cfg!(CONFIG_DMA_API_DEBUG) {
        // SAFETY: `dev` is bound, and the address is for it, by the caller's promise.
        return to_result(unsafe { helpers::helper_dma_mapping_error(device(dev), addr) });
    }
    if addr == DMA_MAPPING_ERROR {
        return Err(ENOMEM);
    }
    Ok(())
}

/// What a C function says that returns 0 or an error.
///
/// As [`kernel::error::to_result`], which is a call each time.
#[inline(always)]
pub(super) fn to_result(err: c_int) -> Result {
    if err == 0 {
        return Ok(());
    }
    Err(Error::from_errno(err))
}

/// The `unsigned long` that C takes for `attrs`.
#[inline(always)]
pub(super) fn attrs(attrs: Attrs) -> c_ulong {
    // SAFETY: `Attrs` is `repr(transparent)` over `u32`, for which every value is valid; `transmute`
    // refuses to build should the size ever differ.
    let raw: u32 = unsafe { mem::transmute(attrs) };

    // CAST: From 32 bits to `unsigned long`, which has at least as many.
    raw as c_ulong
}

/// The `gfp_t` that C takes for `flags`.
#[inline(always)]
pub(super) fn gfp(flags: Flags) -> bindings::gfp_t {
    // SAFETY: `Flags` has one field, a `u32`, for which every value is valid. `transmute` refuses to
    // build unless the sizes are equal, and then the field can only be at the start.
    unsafe { mem::transmute(flags) }
}

/// Of `flags`, what says how hard to try for memory.
///
/// That is [`GFP_KERNEL`], [`GFP_KERNEL_ACCOUNT`], [`GFP_ATOMIC`], [`GFP_NOWAIT`] and [`__GFP_NOWARN`].
/// No zone, which C refuses or which has no addresses in the kernel, no compound pages, of which C warns, and
/// nothing that leaves pages as they were.
#[inline(always)]
pub(super) fn effort(flags: Flags) -> Flags {
    flags & (GFP_KERNEL_ACCOUNT | GFP_ATOMIC | GFP_NOWAIT | __GFP_NOWARN)
}

/// The `gfp_t` with which memory for DMA is allocated: the [`effort()`] that `flags` ask for.
#[inline(always)]
pub(super) fn page_gfp(flags: Flags) -> bindings::gfp_t {
    gfp(effort(flags))
}

/// Refuses to build for a type that memory from the DMA API is not aligned for: it begins with a page.
#[inline(always)]
pub(super) const fn assert_page_aligns<T>() {
    const {
        assert!(
            align_of::<T>() <= PAGE_SIZE,
            "memory from the DMA API begins with a page, which is not enough for the type's alignment"
        );
    }
}

/// No attribute at all.
#[inline(always)]
pub(super) fn no_attrs() -> Attrs {
    attrs::DMA_ATTR_NO_WARN & !attrs::DMA_ATTR_NO_WARN
}

#[kunit_tests(safe_dma_raw)]
mod tests {
    use super::{
        attrs::*,
        *, //
    };
    use kernel::{
        device::Bound,
        faux, //
    };

    /// What C reads there is the device.
    #[test]
    fn device_is_the_struct_device() -> Result {
        let registration = faux::Registration::new(c"safe_dma_raw", None)?;
        let faux: &faux::Device<Bound> = registration.as_ref();

        // SAFETY: The device is registered, and has a name, a C string, that stays as it is.
        let name = unsafe { CStr::from_char_ptr(bindings::dev_name(device(faux.as_ref()))) };
        assert_eq!(name, c"safe_dma_raw");
        Ok(())
    }

    #[test]
    fn attrs_have_the_numbers_of_c() {
        let numbers = [
            (DMA_ATTR_WEAK_ORDERING, bindings::DMA_ATTR_WEAK_ORDERING),
            (DMA_ATTR_WRITE_COMBINE, bindings::DMA_ATTR_WRITE_COMBINE),
            (DMA_ATTR_SKIP_CPU_SYNC, bindings::DMA_ATTR_SKIP_CPU_SYNC),
            (
                DMA_ATTR_FORCE_CONTIGUOUS,
                bindings::DMA_ATTR_FORCE_CONTIGUOUS,
            ),
            (
                DMA_ATTR_ALLOC_SINGLE_PAGES,
                bindings::DMA_ATTR_ALLOC_SINGLE_PAGES,
            ),
            (DMA_ATTR_NO_WARN, bindings::DMA_ATTR_NO_WARN),
            (DMA_ATTR_PRIVILEGED, bindings::DMA_ATTR_PRIVILEGED),
            (DMA_ATTR_MMIO, bindings::DMA_ATTR_MMIO),
            (
                DMA_ATTR_NO_WARN | DMA_ATTR_MMIO,
                bindings::DMA_ATTR_NO_WARN | bindings::DMA_ATTR_MMIO,
            ),
        ];

        for (attr, number) in numbers {
            assert_eq!(super::attrs(attr), number as c_ulong);
        }
    }

    #[test]
    fn no_attrs_is_zero() {
        assert_eq!(super::attrs(no_attrs()), 0);
    }

    #[test]
    fn gfp_has_the_numbers_of_c() {
        let numbers = [
            (GFP_KERNEL, bindings::GFP_KERNEL),
            (GFP_KERNEL_ACCOUNT, bindings::GFP_KERNEL_ACCOUNT),
            (GFP_ATOMIC, bindings::GFP_ATOMIC),
            (GFP_NOWAIT, bindings::GFP_NOWAIT),
            (__GFP_ZERO, bindings::__GFP_ZERO),
            (__GFP_NOWARN, bindings::__GFP_NOWARN),
            (
                GFP_KERNEL | __GFP_ZERO,
                bindings::GFP_KERNEL | bindings::__GFP_ZERO,
            ),
        ];

        for (flags, number) in numbers {
            assert_eq!(gfp(flags), number);
        }
    }
}
