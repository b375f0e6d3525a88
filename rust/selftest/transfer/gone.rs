// SPDX-License-Identifier: GPL-2.0

//! A device whose registers read as all ones: one that is gone, and one that only seems to be.

use super::{
    arrived,
    map,
    unmap,
    SIZE, //
};
use crate::{
    dma::transfer::{
        Transfer,
        WaitError, //
    },
    selftest::{
        evidence::{
            Failure,
            Stop, //
        },
        ktap::Suite,
        scratch::{
            load,
            JOB,
            TIMEOUT, //
        },
        Context, //
    }, //
};
use kernel::{
    bindings,
    device::Bound,
    io::Io,
    pci,
    prelude::*,
    time::Msecs, //
};

/// Much shorter than a transfer.
const SHORT: Msecs = 20;

/// Where the command register is in configuration space.
const COMMAND: usize = 0x04;
const COMMAND_MEMORY: u16 = 0x2;

pub(super) const PLAN: usize = 3;

pub(super) fn run(ctx: &Context<'_>, suite: &mut Suite<'_>) {
    suite.result(fmt!("registers silent"), silent(ctx));
    suite.result(fmt!("device gone, wait"), gone(ctx, true));
    suite.result(fmt!("device gone, abort"), gone(ctx, false));
}

/// A device that does not answer in memory space, until this is dropped.
struct Silent<'a> {
    pdev: &'a pci::Device<Bound>,
    command: u16,
}

impl<'a> Silent<'a> {
    fn new(pdev: &'a pci::Device<Bound>) -> Result<Self> {
        let command = pdev.config_space().try_read16(COMMAND)?;

        pdev.config_space()
            .try_write16(command & !COMMAND_MEMORY, COMMAND)?;
        Ok(Self { pdev, command })
    }

    /// As if the hot-plug driver had found the slot empty.
    fn disconnect(&self) {
        self.set_state(bindings::pci_channel_io_perm_failure);
    }

    fn set_state(&self, state: bindings::pci_channel_state_t) {
        let raw: *mut bindings::pci_dev = core::ptr::from_ref(self.pdev).cast_mut().cast();

        // SAFETY: `pci::Device` is `repr(transparent)` over `struct pci_dev`, and the device is valid. It is
        // being probed: nobody else changes the state, unless it really goes, and then nothing is lost.
        unsafe { (*raw).error_state = state };
    }
}

impl Drop for Silent<'_> {
    fn drop(&mut self) {
        self.set_state(bindings::pci_channel_io_normal);
        // Within configuration space, as it was when this was made.
        let _ = self.pdev.config_space().try_write16(self.command, COMMAND);
    }
}

/// A device that is there is not gone, whatever its registers read as: it is still waited for.
fn silent(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    let edu = ctx.edu()?;
    load(ctx, &[0; SIZE])?;
    let transfer = Transfer::read(edu, map(ctx)?, 0..SIZE, JOB)?;

    let silent = Silent::new(ctx.pdev)?;
    let result = transfer.wait(SHORT);
    drop(silent);

    let Err(WaitError::TimedOut(transfer)) = result else {
        edu.settle()?;
        return Err(Failure::Unexpected("a transfer of 100 ms was over in 20").into());
    };
    arrived(ctx, transfer.wait(TIMEOUT)?)?;

    Ok("wait to_device size 512 witness: round trip, device in its slot")
}

/// A device that is gone moves nothing any more: all that it had comes back at once, and it starts nothing.
///
/// It is there, of course, and at work: what comes back stays mapped until it is done.
fn gone(ctx: &Context<'_>, wait: bool) -> Result<&'static str, Stop> {
    let edu = ctx.edu()?;
    load(ctx, &[0; SIZE])?;
    let (transfer, other) = (Transfer::read(edu, map(ctx)?, 0..SIZE, JOB)?, map(ctx)?);

    let silent = Silent::new(ctx.pdev)?;
    silent.disconnect();
    let result = if wait {
        match transfer.wait(TIMEOUT) {
            Err(WaitError::Failed(error, memory)) if error == ENODEV => Some(memory),
            _ => None,
        }
    } else {
        transfer.abort().ok()
    };
    let refused = Transfer::read(edu, other, 0..SIZE, JOB);
    drop(silent);
    edu.settle()?;

    let memory = result.ok_or(Failure::Unexpected(
        "the device is gone, and its memory too",
    ))?;
    match refused {
        Err(err) if err.error == ENODEV => unmap(ctx, err.memory)?,
        _ => return Err(Failure::Unexpected("a device that is gone was started").into()),
    }
    arrived(ctx, memory)?;

    Ok(if wait {
        "wait to_device failed with ENODEV witness: bytes of the mapping that came back"
    } else {
        "abort to_device witness: bytes of the mapping that came back"
    })
}
