// SPDX-License-Identifier: GPL-2.0

//! A device whose registers read as all ones, marked as disconnected or not.

use super::{
    arrived,
    map,
    unmap,
    SIZE, //
};
use crate::selftest::prelude::*;
use kernel::bindings;

/// A timeout that is much shorter than a transfer.
const SHORT: Delta = Delta::from_millis(20);

/// The command register in configuration space.
const COMMAND: usize = 0x04;
const COMMAND_MEMORY: u16 = 0x2;

pub(super) const PLAN: usize = 3;

pub(super) fn run(ctx: &Context<'_>, suite: &mut Suite<'_>) {
    suite.result(fmt!("registers silent"), silent(ctx));
    suite.result(fmt!("device gone, wait"), gone(ctx, true));
    suite.result(fmt!("device gone, abort"), gone(ctx, false));
}

/// A device whose memory space is disabled until this value is dropped.
struct Silent<'a> {
    pdev: &'a pci::Device<Bound>,
    command: u16,
    disconnected: bool,
}

impl<'a> Silent<'a> {
    fn new(pdev: &'a pci::Device<Bound>) -> Result<Self> {
        let command = pdev.config_space().try_read16(COMMAND)?;

        pdev.config_space()
            .try_write16(command & !COMMAND_MEMORY, COMMAND)?;
        Ok(Self {
            pdev,
            command,
            disconnected: false,
        })
    }

    /// Marks the device as disconnected, as the hot-plug driver does for an empty slot.
    fn disconnect(&mut self) {
        self.disconnected = true;
        self.set_state(bindings::pci_channel_io_perm_failure);
    }

    fn set_state(&self, state: bindings::pci_channel_state_t) {
        let raw: *mut bindings::pci_dev = core::ptr::from_ref(self.pdev).cast_mut().cast();

        // SAFETY: `pci::Device` is `repr(transparent)` over `struct pci_dev`, and the device is
        // valid and being probed. Only a real removal writes the state at the same time; both store
        // an aligned word that is valid.
        unsafe { (*raw).error_state = state };
    }
}

impl Drop for Silent<'_> {
    fn drop(&mut self) {
        if self.disconnected {
            self.set_state(bindings::pci_channel_io_normal);
        }
        // This cannot fail, because `new()` has written to the same register.
        let _ = self.pdev.config_space().try_write16(self.command, COMMAND);
    }
}

/// Skips the check if the host bridge does not answer for a silent device with all ones.
fn reads_as_ones(ctx: &Context<'_>) -> Result<(), Stop> {
    let silent = Silent::new(ctx.pdev)?;
    let register = ctx.edu()?.raised();
    drop(silent);

    if register != u32::MAX {
        return Err(Stop::Skip(
            "the registers of a silent device do not read as all ones",
        ));
    }
    Ok(())
}

/// Checks that a device that is not marked as disconnected is still waited for.
fn silent(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    let edu = ctx.edu()?;
    reads_as_ones(ctx)?;
    load(ctx, &[0; SIZE])?;
    let transfer = Transfer::to_device(edu.channel(), map(ctx)?, 0..SIZE, JOB)?;

    let silent = Silent::new(ctx.pdev)?;
    let result = transfer.wait(SHORT);
    drop(silent);

    let Err(WaitError::InFlight(_, transfer)) = result else {
        edu.settle()?;
        return fail("a transfer of 100 ms ended within 20 ms");
    };
    arrived(ctx, transfer.wait(TIMEOUT)?)?;

    Ok("wait to_device size 512 witness: round trip, device in its slot")
}

/// Checks that the memory of a disconnected device is returned at once, and that no transfer is
/// started.
///
/// In this check the device does continue, so the memory must stay mapped until it is done.
fn gone(ctx: &Context<'_>, wait: bool) -> Result<&'static str, Stop> {
    let edu = ctx.edu()?;
    reads_as_ones(ctx)?;
    load(ctx, &[0; SIZE])?;
    let (transfer, other) = (
        Transfer::to_device(edu.channel(), map(ctx)?, 0..SIZE, JOB)?,
        map(ctx)?,
    );

    let mut silent = Silent::new(ctx.pdev)?;
    silent.disconnect();
    let result = if wait {
        match transfer.wait(TIMEOUT) {
            Err(WaitError::Failed(error, memory)) if error == ENODEV => Some(memory),
            _ => None,
        }
    } else {
        transfer.abort().ok()
    };
    let refused = Transfer::to_device(edu.channel(), other, 0..SIZE, JOB);
    drop(silent);
    edu.settle()?;

    let memory = result.ok_or(Failure::Unexpected(
        "the memory of a disconnected device is lost",
    ))?;
    match refused {
        Err(err) if err.error == ENODEV => unmap(ctx, err.value)?,
        _ => return fail("a disconnected device was started"),
    }
    arrived(ctx, memory)?;

    Ok(if wait {
        "wait to_device failed with ENODEV witness: bytes of the mapping that came back"
    } else {
        "abort to_device witness: bytes of the mapping that came back"
    })
}
