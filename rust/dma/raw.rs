// SPDX-License-Identifier: GPL-2.0

//! The C representation of types whose own accessors are private to the `kernel` crate.

use core::mem;
use kernel::{
    alloc::Flags,
    bindings,
    device,
    dma::{
        attrs,
        Attrs, //
    },
    ffi::c_ulong, //
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

/// No attribute at all.
#[inline(always)]
pub(super) fn no_attrs() -> Attrs {
    attrs::DMA_ATTR_NO_WARN & !attrs::DMA_ATTR_NO_WARN
}
