// SPDX-License-Identifier: GPL-2.0

//! The registers of a controller.

use kernel::{
    device::{
        Bound,
        Device, //
    },
    io::{
        poll::read_poll_timeout,
        Io, //
    },
    pci,
    prelude::*,
    sync::atomic::{
        Acquire,
        Atomic,
        Release, //
    },
    time::Delta, //
};
use safe_dma::block;

const CAP: usize = 0x00;
const CAP_HIGH: usize = 0x04;
const CC: usize = 0x14;
const CSTS: usize = 0x1c;
const AQA: usize = 0x24;
const ASQ: usize = 0x28;
const ACQ: usize = 0x30;
const DOORBELLS: usize = 0x1000;

/// Entries of 64 bytes in submission rings, of 16 in completion rings; pages of 4 KiB.
const CC_FORMAT: u32 = 6 << 16 | 4 << 20;
const CC_ENABLE: u32 = 1;
const CC_SHUTDOWN: u32 = 1 << 14;
const CSTS_READY: u32 = 1;
const CSTS_FATAL: u32 = 2;
const CSTS_SHUTDOWN: u32 = 3 << 2;
const CSTS_SHUTDOWN_DONE: u32 = 2 << 2;
/// What a device that is gone reads as.
const GONE: u32 = u32::MAX;

const INTERVAL: Delta = Delta::from_millis(1);

/// The registers of a controller.
pub(crate) struct Regs<'bound> {
    dev: &'bound pci::Device<Bound>,
    // Up to the doorbells of the admin queue. Those of others are checked when they are written.
    bar: pci::Bar<'bound, { DOORBELLS + 8 }>,
    cap: u32,
    cap_high: u32,
    /// Set when bus mastering was cleared, as the controller could not be disabled.
    is_cut_off: Atomic<bool>,
}

impl<'bound> Regs<'bound> {
    pub(crate) fn new(dev: &'bound pci::Device<Bound>) -> Result<Self> {
        let bar = dev.iomap_region_sized(0, c"rust_nvme")?;
        let regs = Self {
            dev,
            cap: bar.read32(CAP),
            cap_high: bar.read32(CAP_HIGH),
            bar,
            is_cut_off: Atomic::new(false),
        };

        // The smallest page, 4 KiB at least, and whether there is the NVM command set.
        if regs.cap_high >> 16 & 0xf != 0 || regs.cap_high >> 5 & 1 == 0 {
            dev_err!(dev, "no NVMe controller for pages of 4 KiB\n");
            return Err(ENODEV);
        }
        Ok(regs)
    }

    pub(crate) fn device(&self) -> &'bound Device<Bound> {
        self.dev.as_ref()
    }

    /// Returns how many entries a ring may have, at least 2.
    pub(crate) fn max_entries(&self) -> u32 {
        (self.cap & 0xffff).max(1) + 1
    }

    /// Writes the addresses of the admin queue, whose rings have `entries` entries.
    pub(crate) fn set_admin_queue(&self, entries: u16, [submission, completion]: [u64; 2]) {
        // The last entry of both.
        self.bar.write32(u32::from(entries - 1) * 0x1_0001, AQA);
        for (offset, addr) in [(ASQ, submission), (ACQ, completion)] {
            // CAST: The halves.
            let _ = self.bar.try_write32(addr as u32, offset);
            let _ = self.bar.try_write32((addr >> 32) as u32, offset + 4);
        }
    }

    /// Writes a doorbell of a queue: the tail of its submission ring, or the head of its completion
    /// ring.
    ///
    /// Earlier writes to memory are visible to the controller first, as by `writel()`.
    pub(crate) fn write_doorbell(&self, queue: u16, is_completion: bool, value: u16) {
        let number = 2 * usize::from(queue) + usize::from(is_completion);
        let offset = DOORBELLS + (number << (2 + (self.cap_high & 0xf)));

        // A controller without that register has no such queue.
        let _ = self.bar.try_write32(value.into(), offset);
    }

    /// Enables the controller. Sleeps.
    pub(crate) fn enable(&self) -> Result {
        self.bar.write32(CC_FORMAT | CC_ENABLE, CC);
        let bits = CSTS_READY | CSTS_FATAL;
        self.wait(self.timeout(), |status| status & bits == CSTS_READY)
    }

    /// Ends the controller's access to memory: disables it, or else clears bus mastering. Sleeps.
    ///
    /// # Errors
    ///
    /// If it was not disabled. It has no access to memory then either. Only a driver that is bound
    /// anew enables it again.
    pub(crate) fn disable(&self) -> Result {
        if self.is_cut_off.load(Acquire) {
            return Err(ENODEV);
        }
        if self.bar.read32(CC) & CC_ENABLE != 0 {
            self.bar.write32(CC_FORMAT, CC);
        }
        self.wait(self.timeout(), |status| status & CSTS_READY == 0)
            .inspect_err(|_| {
                dev_err!(self.dev, "cannot be disabled\n");
                block::clear_master(self.dev);
                self.is_cut_off.store(true, Release);
            })
    }

    /// Makes the controller write its cache to the medium, before power may fail. Sleeps.
    pub(crate) fn shut_down(&self, timeout: Delta) -> Result {
        if self.bar.read32(CC) & CC_ENABLE == 0 {
            return Ok(());
        }
        self.bar.write32(CC_FORMAT | CC_ENABLE | CC_SHUTDOWN, CC);
        self.wait(timeout, |status| {
            status & CSTS_SHUTDOWN == CSTS_SHUTDOWN_DONE
        })
    }

    /// Returns whether the controller will not answer: it is gone, or has a fatal error.
    pub(crate) fn has_failed(&self) -> bool {
        // The registers of one that is gone have all bits set.
        self.bar.read32(CSTS) & CSTS_FATAL != 0
    }

    /// Returns how long enabling and disabling may take: CAP.TO, in units of 500 ms.
    fn timeout(&self) -> Delta {
        Delta::from_millis(500 * i64::from((self.cap >> 24).max(1)))
    }

    fn wait(&self, timeout: Delta, done: impl Fn(u32) -> bool) -> Result {
        let status = read_poll_timeout(
            || Ok(self.bar.read32(CSTS)),
            |status| *status == GONE || done(*status),
            INTERVAL,
            timeout,
        )?;
        if status == GONE {
            return Err(ENODEV);
        }
        Ok(())
    }
}
