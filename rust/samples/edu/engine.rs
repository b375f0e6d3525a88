// SPDX-License-Identifier: GPL-2.0

//! The DMA engine of QEMU's `edu` device, the part that differs for each hardware.
//!
//! Hardware: `docs/specs/edu.rst` of QEMU.

use crate::dma::{
    AnySegments,
    CommandId,
    Engine,
    Opened,
    Untrusted,
    Wait, //
};
use core::cell::Cell;
use kernel::{
    device::{
        Bound,
        Device, //
    },
    dma::DataDirection,
    io::{
        poll::read_poll_timeout,
        register,
        Io, //
    },
    pci,
    prelude::*,
    time::Delta,
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

    /// Returns the engine for one transfer.
    pub(super) fn channel(&self) -> Channel<'_> {
        Channel {
            edu: self,
            in_flight: Cell::new(None),
        }
    }

    fn is_busy(&self) -> bool {
        // `readl()` orders later reads of memory after this.
        self.bar.read(DMA_COMMAND).run()
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

/// The engine for one transfer.
pub(super) struct Channel<'a> {
    edu: &'a Edu<'a>,
    /// The identifier of the transfer that was started and not completed.
    in_flight: Cell<Option<CommandId>>,
}

/// A transfer, as the registers take it.
pub(super) struct Registers {
    src: u32,
    dst: u32,
    count: u32,
    command: DMA_COMMAND,
}

// SAFETY: `dev` is the device with the registers in `bar`. It accesses the bytes at the address and
// in the direction that `issue()` has written, and nothing else. The device does not truncate the
// address, as the module's parameter promises that the mask has no more bits than the device. All
// accesses happen before `run` reads as clear. `prepare()` requires `run` to be clear, and only one
// thread starts transfers, so that `run` is the state of the last transfer, and all earlier ones
// are complete. `next_completion()` and `stop()` succeed only when `run` is clear, and the
// identifier is of a transfer that was issued. `readl()` and `writel()` have the barriers.
unsafe impl Engine for Channel<'_> {
    type Command = ();
    type Entry = (CommandId, Registers);
    type Status = Result;
    type Submission = ();
    type Completion = ();

    const TAG_BITS: u32 = 16;

    fn device(&self) -> &Device<Bound> {
        self.edu.dev
    }

    unsafe fn open(&mut self) -> Result<((), ())> {
        Ok(((), ()))
    }

    unsafe fn prepare(
        &self,
        _: &mut Opened<()>,
        id: CommandId,
        segments: AnySegments<'_>,
        (): (),
    ) -> Result<Self::Entry> {
        let (direction, addr, len) = segments.single().ok_or(EINVAL)?;
        let to_memory = match direction {
            DataDirection::ToDevice => false,
            DataDirection::FromDevice => true,
            _ => return Err(EINVAL),
        };
        // SAFETY: The memory stays mapped until the device is done, by the caller's promise.
        let addr = u32::try_from(unsafe { addr.as_raw() })?;
        if len > BUFFER_SIZE {
            return Err(EINVAL);
        }
        if self.in_flight.get().is_some() || self.edu.is_busy() {
            return Err(EBUSY);
        }

        let (src, dst) = if to_memory {
            (BUFFER, addr)
        } else {
            (addr, BUFFER)
        };
        let registers = Registers {
            src,
            dst,
            // CAST: At most `BUFFER_SIZE`, by the check above.
            count: len as u32,
            command: DMA_COMMAND::zeroed()
                .with_run(true)
                .with_to_memory(to_memory),
        };
        Ok((id, registers))
    }

    unsafe fn issue(&self, _: &mut Opened<()>, (id, registers): Self::Entry) {
        let bar = &self.edu.bar;

        self.in_flight.set(Some(id));
        bar.write_reg(DMA_SRC::from(registers.src));
        bar.write_reg(DMA_DST::from(registers.dst));
        bar.write_reg(DMA_COUNT::from(registers.count));
        // `writel()` orders this after earlier writes to memory.
        bar.write_reg(registers.command);
    }

    fn next_completion(&self, _: &mut Opened<()>) -> Option<(Untrusted<u16>, Result)> {
        let id = self.in_flight.get().filter(|_| !self.edu.is_busy())?;

        self.in_flight.set(None);
        Some((Untrusted::new(id.as_u16()), Ok(())))
    }

    fn stop(&self, _: &mut Opened<()>, _: &mut Opened<()>) -> Result {
        // The device cannot be stopped; it completes the transfer soon.
        self.edu.settle(Delta::from_secs(10))?;
        self.in_flight.set(None);
        Ok(())
    }
}

impl Wait for Channel<'_> {
    fn wait(&self, timeout: Delta) -> Result {
        // `ETIMEDOUT` is no reason to give up: the caller has the timeout.
        let _ = self.edu.settle(timeout);
        Ok(())
    }
}
