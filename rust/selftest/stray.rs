// SPDX-License-Identifier: GPL-2.0

//! Transfers of addresses that no mapping owns.

use super::prelude::*;
use crate::dma::Wait;
use kernel::time::{
    Instant,
    Monotonic, //
};

/// A transfer of an address without a mapping.
pub(super) struct Started<'a>(Channel<'a, &'a Edu<'a>>);

impl<'a> Started<'a> {
    /// # Safety
    ///
    /// As for [`Channel::start`].
    pub(super) unsafe fn new(
        ctx: &Context<'a>,
        addr: DmaAddress,
        len: usize,
        to_memory: bool,
    ) -> Result<Self, Stop> {
        let channel = ctx.edu()?.channel();

        // SAFETY: By the caller's promise.
        unsafe { channel.start(addr, len, JOB, to_memory)? };
        Ok(Self(channel))
    }

    /// Waits for the end of the transfer.
    pub(super) fn finish(self) -> Result<(), Stop> {
        let start = Instant::<Monotonic>::now();

        loop {
            if let Some((_, result)) = self.0.poll() {
                return Ok(result?);
            }
            let left = TIMEOUT - start.elapsed();
            if left.is_negative() {
                return Err(ETIMEDOUT.into());
            }
            self.0.wait(left)?;
        }
    }
}

/// Makes the device read the bytes at `addr`, an address of RAM or of a mapped page, and returns
/// them in `seen`, which is at most as large as the device's buffer.
pub(super) fn read(ctx: &Context<'_>, addr: DmaAddress, seen: &mut [u8]) -> Result<(), Stop> {
    // SAFETY: The device only reads memory, and nothing relies on the bytes that it receives.
    unsafe { Started::new(ctx, addr, seen.len(), false)? }.finish()?;
    fetch(ctx, seen)
}
