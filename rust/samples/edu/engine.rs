// SPDX-License-Identifier: GPL-2.0

//! The DMA engine of QEMU's `edu` device, the part that differs for each hardware.
//!
//! Hardware: `docs/specs/edu.rst` of QEMU.

use crate::dma::prelude::*;
use kernel::{
    device::{
        Bound,
        Device, //
    },
    io::{
        poll::read_poll_timeout,
        register,
        Io, //
    },
    pci,
    prelude::*,
    time::{
        Delta,
        Msecs, //
    },
    types::NotThreadSafe, //
};

register! {
    DMA_SRC(u32) @ 0x80 { 31:0 addr; }
    DMA_DST(u32) @ 0x88 { 31:0 addr; }
    DMA_COUNT(u32) @ 0x90 { 31:0 bytes; }
    /// Starts a transfer. `run` reads as set until the transfer ends.
    DMA_COMMAND(u32) @ 0x98 { 0:0 run => bool; 1:1 to_memory => bool; }
}

/// The internal buffer of the device.
const BUFFER: u32 = 0x40000;
const BUFFER_SIZE: usize = 4096;

/// The DMA engine of one device: one transfer at a time, started by one thread.
pub(super) struct Edu<'a> {
    dev: &'a Device<Bound>,
    bar: pci::Bar<'a, 0xa0>,
    _one_thread: NotThreadSafe,
}

impl<'a> Edu<'a> {
    /// Returns the engine of `pdev` when it is idle.
    pub(super) fn new(pdev: &'a pci::Device<Bound>) -> Result<Self> {
        let edu = Self {
            dev: pdev.as_ref(),
            bar: pdev.iomap_region_sized(0, c"sample_dma")?,
            _one_thread: NotThreadSafe,
        };
        edu.settle(Delta::from_secs(1))?;
        Ok(edu)
    }

    fn is_busy(&self) -> bool {
        // `readl()` orders later reads of memory after this.
        self.bar.read(DMA_COMMAND).run()
    }

    /// Starts a transfer.
    ///
    /// # Safety
    ///
    /// The device may access `len` bytes at `addr` until it is idle.
    unsafe fn start(&self, addr: DeviceAddress, len: usize, to_memory: bool) -> Result {
        // SAFETY: The device accesses these bytes as the caller has promised.
        let addr = u32::try_from(unsafe { addr.as_raw() })?;
        if len > BUFFER_SIZE {
            return Err(EINVAL);
        }
        if self.is_busy() {
            return Err(EBUSY);
        }

        let (src, dst) = if to_memory {
            (BUFFER, addr)
        } else {
            (addr, BUFFER)
        };
        self.bar.write_reg(DMA_SRC::from(src));
        self.bar.write_reg(DMA_DST::from(dst));
        // CAST: At most `BUFFER_SIZE`, by the check above.
        self.bar.write_reg(DMA_COUNT::from(len as u32));
        // `writel()` orders this after earlier writes to memory.
        let command = DMA_COMMAND::zeroed().with_run(true);
        self.bar.write_reg(command.with_to_memory(to_memory));
        Ok(())
    }

    fn settle(&self, timeout: Delta) -> Result {
        read_poll_timeout(
            || Ok(self.is_busy()),
            |busy| !busy,
            Delta::from_millis(10),
            timeout,
        )?;
        Ok(())
    }
}

// SAFETY: `dev` is the device with the registers in `bar`. It accesses `len` bytes at the address
// and in the direction that a start has written, and nothing else. The device does not truncate the
// address, as the module's parameter promises that the mask has no more bits than the device. All
// accesses happen before `run` reads as clear. A start requires `run` to be clear, and only one
// thread starts transfers, so that `run` is the state of the last transfer, and all earlier ones
// have ended. `wait()` and `abort()` report the end only when `run` is clear. `readl()` and
// `writel()` have the barriers.
unsafe impl Engine for Edu<'_> {
    type Job = ();
    type Token = ();

    fn device(&self) -> &Device<Bound> {
        self.dev
    }

    unsafe fn start_read(&self, from: Span<'_, ToDevice>, (): ()) -> Result {
        // SAFETY: By the caller's promise, until the device is done.
        unsafe { self.start(from.address(), from.len(), false) }
    }

    unsafe fn start_write(&self, to: Span<'_, FromDevice>, (): ()) -> Result {
        // SAFETY: By the caller's promise, until the device is done.
        unsafe { self.start(to.address(), to.len(), true) }
    }

    unsafe fn wait(&self, (): &mut (), timeout: Msecs) -> Progress {
        match self.settle(Delta::from_millis(timeout.into())) {
            Ok(()) => Progress::Done,
            Err(_) => Progress::Pending,
        }
    }

    unsafe fn abort(&self, (): &mut ()) -> Result {
        // The device cannot be stopped; the transfer ends soon.
        self.settle(Delta::from_secs(10))
    }
}
