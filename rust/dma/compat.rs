// SPDX-License-Identifier: GPL-2.0

//! Access to private parts of `kernel`, and inline functions of C.
//!
//! The C representation of a type of `kernel` is private to that crate ([`device`], [`attrs`],
//! [`gfp`], [`no_attrs`]): in the kernel tree these functions are deleted. The others are inline
//! functions of C, written in Rust since a helper is a call each time: with
//! `CONFIG_RUST_INLINE_HELPERS` they become helpers.

use crate::bindings as helpers;
use core::mem;
#[cfg(not(CONFIG_ARM64))]
use kernel::sync::barrier;
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
    prelude::*, //
};

/// Returns the `struct device` of `dev`, which is valid for as long as `dev` is.
#[inline]
pub(crate) fn device<Ctx: device::DeviceContext>(
    dev: &device::Device<Ctx>,
) -> *mut bindings::device {
    // `device::Device` is `repr(transparent)` over `Opaque<bindings::device>`, which lets C change
    // what a shared reference points to.
    core::ptr::from_ref(dev).cast_mut().cast()
}

/// Returns whether `dev` can do DMA. C warns of a mapping for a device that cannot.
#[inline]
pub(crate) fn is_dma_capable(dev: &device::Device<device::Bound>) -> bool {
    // SAFETY: `dev` is valid. Its bus has set the pointer before a driver was bound, and leaves it
    // as it is until none is.
    unsafe { !(*device(dev)).dma_mask.is_null() }
}

/// Returns the highest DMA address that `dev` can use for streaming mappings.
///
/// C: `*dev->dma_mask`; `dma_get_mask()` of
/// [`include/linux/dma-mapping.h`](srctree/include/linux/dma-mapping.h) takes 32 bits for 0.
///
/// # Safety
///
/// `dev` can do DMA.
#[inline]
pub(super) unsafe fn mask(dev: &device::Device<device::Bound>) -> u64 {
    // SAFETY: `dev` is valid, and has a mask by the caller's promise.
    unsafe { (*device(dev)).dma_mask.read() }
}

/// Returns whether memory is encrypted, against devices or the host.
///
/// C: `cc_platform_has()`, [`include/linux/cc_platform.h`](srctree/include/linux/cc_platform.h).
pub(super) fn is_memory_encrypted() -> bool {
    // SAFETY: May be called in any context.
    unsafe { helpers::helper_cc_platform_has(helpers::cc_attr_CC_ATTR_MEM_ENCRYPT) }
}

/// Orders earlier writes to memory before later ones, as a device sees them.
///
/// As `dma_mb(Write)` of [`kernel::sync::barrier`], which is a function call each time.
///
/// C: `dma_wmb()`, [`include/asm-generic/barrier.h`](srctree/include/asm-generic/barrier.h).
#[inline]
pub(super) fn dma_wmb() {
    #[cfg(CONFIG_ARM64)]
    // SAFETY: A barrier has no preconditions. By default, the compiler takes it to access memory.
    unsafe {
        core::arch::asm!("dmb oshst", options(nostack, preserves_flags))
    };
    #[cfg(not(CONFIG_ARM64))]
    barrier::dma_mb(barrier::Write);
}

/// Orders earlier reads of memory that a device writes before later ones.
///
/// As `dma_mb(Read)` of [`kernel::sync::barrier`], which is a function call each time.
///
/// C: `dma_rmb()`, [`include/asm-generic/barrier.h`](srctree/include/asm-generic/barrier.h).
#[inline]
pub(super) fn dma_rmb() {
    #[cfg(CONFIG_ARM64)]
    // SAFETY: As in `dma_wmb()`.
    unsafe {
        core::arch::asm!("dmb oshld", options(nostack, preserves_flags))
    };
    #[cfg(not(CONFIG_ARM64))]
    barrier::dma_mb(barrier::Read);
}

/// Returns whether a flag of the device is set.
///
/// C: `test_bit()` of `struct device::flags`,
/// [`include/linux/device.h`](srctree/include/linux/device.h).
#[inline]
fn flag(dev: &device::Device<device::Bound>, number: bindings::struct_device_flags) -> bool {
    const BITS: usize = c_ulong::BITS as usize;
    // CAST: A small number.
    let number = number as usize;

    // SAFETY: `dev` is valid. The word is read once, as C reads it, since others may change its
    // bits meanwhile.
    let word = unsafe { (&raw const (*device(dev)).flags[number / BITS]).read_volatile() };

    word >> (number % BITS) & 1 != 0
}

/// Returns whether the addresses of mappings for `dev` are those of an IOMMU.
///
/// C: `use_dma_iommu()`, [`include/linux/iommu-dma.h`](srctree/include/linux/iommu-dma.h). It is
/// asked here, as there it is no call either.
#[inline]
pub(super) fn use_dma_iommu(dev: &device::Device<device::Bound>) -> bool {
    cfg!(CONFIG_IOMMU_DMA) && flag(dev, bindings::struct_device_flags_DEV_FLAG_DMA_IOMMU)
}

/// Returns whether syncing for `dev` has any effect.
///
/// C clears the flag before it makes the first mapping that must be synced, one that is bounced.
/// `dma_set_mask()` sets it again: see the known limits in `rust/README.md`.
///
/// C: `dma_dev_need_sync()`, [`include/linux/dma-mapping.h`](srctree/include/linux/dma-mapping.h).
/// The sync functions ask the same.
#[inline]
pub(super) fn dev_need_sync(dev: &device::Device<device::Bound>) -> bool {
    cfg!(CONFIG_DMA_NEED_SYNC)
        && (cfg!(CONFIG_DMA_API_DEBUG)
            || !flag(dev, bindings::struct_device_flags_DEV_FLAG_DMA_SKIP_SYNC))
}

/// Returns the maximum length of a segment in bytes, and the boundary that it must not cross.
///
/// C: `dma_get_max_seg_size()`, `dma_get_seg_boundary()`;
/// [`include/linux/dma-mapping.h`](srctree/include/linux/dma-mapping.h).
#[inline]
pub(super) fn seg_limits(dev: &device::Device<device::Bound>) -> (u32, u64) {
    const DEFAULT: (u32, u64) = (64 << 10, c_ulong::MAX as u64);

    // SAFETY: `dev` is valid. Its bus has set the pointer before a driver was bound, and leaves it
    // and what it points to until none is.
    unsafe {
        let parms = (*device(dev)).dma_parms;

        if parms.is_null() {
            return DEFAULT;
        }
        (
            match (*parms).max_segment_size {
                0 => DEFAULT.0,
                size => size,
            },
            match (*parms).segment_boundary_mask {
                0 => DEFAULT.1,
                // CAST: From at most 64 bits.
                boundary => boundary as u64,
            },
        )
    }
}

/// Checks that `addr` is an address, and not an error.
///
/// Compares `addr`; calls C only for the DMA debugger, which records the check.
///
/// C: `dma_mapping_error()`, [`include/linux/dma-mapping.h`](srctree/include/linux/dma-mapping.h).
///
/// # Errors
///
/// [`ENOMEM`], as in C.
///
/// # Safety
///
/// `addr` is what a mapping function returned for `dev`.
#[inline]
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

/// Converts a C return value to [`Result`].
///
/// As [`kernel::error::to_result`], which is a call each time.
#[inline]
pub(super) fn to_result(err: c_int) -> Result {
    if err == 0 {
        return Ok(());
    }
    Err(Error::from_errno(err))
}

/// Returns `attrs` for C.
#[inline]
pub(super) fn attrs(attrs: Attrs) -> c_ulong {
    // SAFETY: `Attrs` is `repr(transparent)` over `u32`, for which every value is valid;
    // `transmute` refuses to build should the size ever differ.
    let raw: u32 = unsafe { mem::transmute(attrs) };

    // CAST: From 32 bits to `unsigned long`, which has at least as many.
    raw as c_ulong
}

/// Returns `flags` for C.
#[inline]
pub(super) fn gfp(flags: Flags) -> bindings::gfp_t {
    // SAFETY: `Flags` has one field, a `u32`, for which every value is valid. `transmute` refuses
    // to build unless the sizes are equal, and then the field can only be at the start.
    unsafe { mem::transmute(flags) }
}

/// Returns no attribute.
#[inline]
pub(super) fn no_attrs() -> Attrs {
    attrs::DMA_ATTR_NO_WARN & !attrs::DMA_ATTR_NO_WARN
}

#[kunit_tests(safe_dma_compat)]
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
        let registration = faux::Registration::new(c"safe_dma_compat", None)?;
        let faux: &faux::Device<Bound> = registration.as_ref();

        // SAFETY: The device is registered, and has a name, a C string, that stays as it is.
        let name = unsafe { CStr::from_char_ptr(bindings::dev_name(device(faux.as_ref()))) };
        assert_eq!(name, c"safe_dma_compat");
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
