// SPDX-License-Identifier: GPL-2.0

//! Coherent memory is refused as a buffer where it cannot be one.

use crate::selftest::{
    direction_test,
    prelude::*,
    sg::Bytes, //
};
use kernel::faux;

/// Returns the errors with which memory of this device is refused for `other`; checks that the
/// memory comes back.
fn refusal(ctx: &Context<'_>, other: &Device<Bound>) -> Result<[Error; 2], Stop> {
    let mut memory = CoherentMemory::<[u8]>::zeroed_slice(ctx.dev, PAGE_SIZE, GFP_KERNEL)?;
    memory.fill(direction_test::DATA);

    let Err(ErrorWith {
        error,
        value: buffer,
    }) = SgMapping::map(other, memory, Bidirectional, GFP_KERNEL)
    else {
        return fail("mapped for a device for which it cannot be");
    };
    let Err(mut err) = IovaMapping::map(other, buffer, Bidirectional, GFP_KERNEL) else {
        return fail("mapped for a device for which it cannot be");
    };
    err.value.compare(direction_test::DATA)?;
    Ok([error, err.error])
}

/// Checks that memory is refused for its own device, and for any device if it is uncached.
pub(super) fn refused(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    if refusal(ctx, ctx.dev)? != [EINVAL; 2] {
        return fail("the owner was refused with another error");
    }

    // The faux device cannot do DMA: that is the error, unless the memory is refused first.
    let registration = faux::Registration::new(c"safe_dma_shared", None)?;
    let faux: &faux::Device<Bound> = registration.as_ref();
    let expected = if limits::is_coherent(ctx.dev) {
        EIO
    } else {
        EINVAL
    };
    if refusal(ctx, faux.as_ref())? != [expected; 2] {
        return fail("another device was refused with another error");
    }
    Ok("dma_map_sgtable refused with EINVAL witness: memory came back intact")
}
