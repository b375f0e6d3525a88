// SPDX-License-Identifier: GPL-2.0

//! `edu` as a DMA engine.

use super::{
    completion::Completion,
    regs, //
};
use crate::dma::{
    direction::{
        FromDevice,
        ToDevice, //
    },
    limits,
    resource::MmioRegion,
    span::Span,
    transfer::{
        Engine,
        Progress, //
    }, //
};
use core::ops::{
    Range,
    RangeInclusive, //
};
use kernel::{
    bindings,
    device::{
        Bound,
        Device, //
    },
    dma::DmaAddress,
    io::{
        poll::read_poll_timeout,
        Io, //
    },
    irq::{
        self,
        IrqReturn, //
    },
    pci,
    prelude::*,
    sync::{
        atomic::{
            Acquire,
            Atomic,
            Full,
            Relaxed,
            Release, //
        },
        new_spinlock,
        Arc,
        SpinLock, //
    },
    time::{
        Delta,
        Msecs, //
    }, //
};

/// The registers of the device.
pub type Bar0<'bound> = pci::Bar<'bound, { regs::END }>;

/// The size in bytes of the device's buffer, which is also the maximum of a transfer.
pub const BUFFER_SIZE: usize = 4096;

/// The valid numbers of DMA address bits: enough for all concurrent mappings of the checks and for
/// the MSI doorbell, and at most what an SMMU translates.
pub const DMA_BITS: RangeInclusive<u8> = 24..=48;

/// The value of the identification register's lowest byte.
const MAGIC: u32 = 0xed;

/// An `edu`: its registers, and the state of its transfer.
#[pin_data]
pub struct Edu<'bound> {
    pdev: &'bound pci::Device<Bound>,
    bar: Bar0<'bound>,
    /// The last DMA address that the device can drive.
    mask: u64,
    /// The number of the last transfer; locked while a transfer is started.
    #[pin]
    last: SpinLock<u64>,
    #[pin]
    done: Completion,
    /// Whether the handler raises the next interrupt of a transfer a second time.
    again: Atomic<bool>,
    closed: Atomic<bool>,
    /// The number of handled interrupts, of any kind.
    handled: Atomic<usize>,
}

/// The number of a transfer of [`Edu`], which does one at a time.
pub struct Started(u64);

/// A register that other devices may read and write by DMA, because it starts nothing.
#[derive(Clone, Copy)]
pub enum OpenRegister {
    /// The argument and result of the factorial.
    Factorial,
    /// The state of the computation.
    Status,
}

impl OpenRegister {
    /// Returns its range in BAR 0.
    pub fn range(self) -> Range<usize> {
        match self {
            Self::Factorial => regs::FACTORIAL_RANGE,
            Self::Status => regs::STATUS_RANGE,
        }
    }

    /// Returns this register of `pdev` as a target of DMA.
    ///
    /// # Safety
    ///
    /// `pdev` is an `edu`, and this driver is bound to it for `'a`.
    pub unsafe fn of<'a>(self, pdev: &'a pci::Device<Bound>) -> Result<MmioRegion<'a>> {
        let range = self.range();

        // SAFETY: BAR 0 of an `edu` is in memory space, and keeps its address while this driver is
        // bound. The driver relies on neither register: one holds a factorial, the other its status
        // and whether it ends with an interrupt. CAST: From at most 64 bits.
        unsafe { MmioRegion::from_raw(pdev.resource_start(0)? + range.start as u64, range.len()) }
    }
}

/// The identity that the device reports.
pub struct Identity {
    /// The value of the identification register.
    pub id: u32,
    /// Major and minor number of the revision.
    pub revision: (u32, u32),
}

impl<'bound> Edu<'bound> {
    /// Creates an initializer for an idle device, whose DMA mask was set.
    pub fn new(pdev: &'bound pci::Device<Bound>, bar: Bar0<'bound>) -> impl PinInit<Self> + 'bound {
        pin_init!(Self {
            pdev,
            bar,
            mask: limits::mask(pdev.as_ref()),
            last <- new_spinlock!(0),
            done <- Completion::new(),
            again: Atomic::new(false),
            closed: Atomic::new(false),
            handled: Atomic::new(0),
        })
    }

    /// Reads the identification, and checks that the device answers.
    ///
    /// Returns [`ENODEV`] if it is not an `edu`.
    pub fn identify(&self) -> Result<Identity> {
        let id = self.bar.read(regs::ID);

        // A register that merely stores a value, or reads as all ones, fails for one of the two.
        for probe in [0x5a5a_1234u32, 0xa5a5_edcb] {
            self.bar.write_reg(regs::LIVENESS::from(probe));
            if self.bar.read(regs::LIVENESS).into_raw() != !probe {
                return Err(ENODEV);
            }
        }

        if !is_magic(id) {
            return Err(ENODEV);
        }

        Ok(Identity {
            id: id.into_raw(),
            revision: (id.major().get(), id.minor().get()),
        })
    }

    /// Returns the registers in `range` as a target of DMA.
    ///
    /// # Safety
    ///
    /// No device writes a value there that starts this device or changes a transfer in flight.
    pub unsafe fn registers(&self, range: Range<usize>) -> Result<MmioRegion<'_>> {
        // SAFETY: By the caller's promise; all other writes to registers of an `edu` are harmless.
        unsafe { MmioRegion::of_bar(&self.bar, range) }
    }

    /// Writes a number to a register that the device ignores, as a mark in QEMU's trace.
    pub fn mark(&self, number: u32) {
        self.bar.write_reg(regs::MARK::from(number));
    }

    /// Waits until the current computation ends, and returns the factorial. Sleeps.
    pub fn factorial(&self) -> Result<u32> {
        // The device computes in a thread of the host, and guest time can pass much faster than
        // host time.
        poll(
            || !self.bar.read(regs::STATUS).computing(),
            Delta::from_millis(1),
            Delta::from_secs(600),
        )?;
        Ok(self.bar.read(regs::FACTORIAL).into_raw())
    }

    /// Starts a transfer of the `len` bytes at `addr`.
    ///
    /// # Safety
    ///
    /// Until the transfer is done, the device may access these bytes, or the IOMMU blocks the
    /// access, or nothing depends on their contents.
    pub unsafe fn start(
        &self,
        addr: DmaAddress,
        len: usize,
        job: Job,
        to_memory: bool,
    ) -> Result<Started> {
        let end = job.offset.checked_add(len).ok_or(EINVAL)?;
        if len == 0 || end > BUFFER_SIZE {
            return Err(EINVAL);
        }
        // CAST: At most the size of the device's buffer.
        let last = addr.checked_add(len as DmaAddress - 1).ok_or(ERANGE)?;
        if last > self.mask {
            return Err(ERANGE);
        }

        // Ask the device: a forgotten transfer, even one of an earlier driver, may still be in
        // flight, and a busy device ignores some of the writes below.
        let mut last = self.last.lock();
        if self.closed.load(Acquire) {
            return Err(ENODEV);
        }
        match self.state() {
            State::Idle => {}
            State::Busy => return Err(EBUSY),
            State::Gone => return Err(ENODEV),
        }
        *last += 1;

        // CAST: Within the device's buffer, by the check above.
        let buffer = regs::BUFFER + job.offset as u64;
        let (src, dst) = if to_memory {
            (buffer, addr)
        } else {
            (addr, buffer)
        };

        self.bar.try_write_reg(regs::DMA_SRC::from(src))?;
        self.bar.try_write_reg(regs::DMA_DST::from(dst))?;
        self.bar.write_reg(regs::DMA_COUNT::from(len as u32));
        self.again
            .store(matches!(job.interrupt, Interrupt::Twice), Relaxed);

        // `writel()` orders this after all earlier CPU writes to memory.
        self.bar.write_reg(
            regs::DMA_COMMAND::zeroed()
                .with_run(true)
                .with_to_memory(to_memory)
                .with_interrupt(!matches!(job.interrupt, Interrupt::Never)),
        );

        Ok(Started(*last))
    }

    /// Waits until the device is idle. Sleeps.
    ///
    /// A transfer that was forgotten may still be in flight.
    pub fn settle(&self) -> Result {
        poll_transfer(|| !matches!(self.state(), State::Busy))
    }

    /// Prevents new transfers, and wakes all waiters, which abort a transfer that is not done.
    pub fn close(&self) {
        self.closed.store(true, Release);
        self.done.complete();
    }

    /// Makes the device raise the interrupts in `bits`.
    pub fn raise(&self, bits: u32) {
        self.bar.write_reg(regs::IRQ_RAISE::from(bits));
    }

    /// Returns the bits of the pending interrupts.
    pub fn raised(&self) -> u32 {
        self.bar.read(regs::IRQ_STATUS).into_raw()
    }

    /// Acknowledges the pending interrupts, and returns their bits. May be called from an
    /// interrupt.
    pub fn acknowledge(&self) -> u32 {
        let raised = self.raised();

        // A read returns all ones if the device is gone, but also if all interrupts are pending.
        // The latter must be acknowledged, or all later interrupts look like a device that is gone.
        if raised == u32::MAX && !is_magic(self.bar.read(regs::ID)) {
            return 0;
        }
        if raised != 0 {
            self.bar.write_reg(regs::IRQ_ACK::from(raised));
        }
        raised
    }

    /// Returns the number of handled interrupts, of any kind.
    pub fn handled(&self) -> usize {
        self.handled.load(Acquire)
    }

    /// Wakes the next waiter if this wake-up may have been meant for another one.
    fn wake_others(&self, transfer: &Started) {
        if transfer.0 != *self.last.lock() || self.closed.load(Acquire) {
            self.done.complete();
        }
    }

    /// Returns the progress of `transfer`. The last transfer is done when the device is idle; all
    /// earlier ones are done because a later one was started.
    fn progress(&self, transfer: &Started) -> Progress {
        let last = self.last.lock();

        if transfer.0 != *last {
            return Progress::Done;
        }
        match self.state() {
            State::Busy => Progress::Pending,
            State::Idle => Progress::Done,
            State::Gone => Progress::Failed(ENODEV),
        }
    }

    /// Returns the state of the device.
    fn state(&self) -> State {
        // `readl()` orders all later CPU reads from memory after this.
        let command = self.bar.read(regs::DMA_COMMAND);

        // The register has three bits. A read without a device returns all ones.
        if command.into_raw() == u32::MAX && !self.is_present() {
            State::Gone
        } else if command.run() {
            State::Busy
        } else {
            State::Idle
        }
    }

    /// Returns whether the device is still in its slot: it answers configuration reads, and the
    /// hot-plug driver has not marked it as disconnected.
    fn is_present(&self) -> bool {
        // `pci::Device` is `repr(transparent)` over `Opaque<bindings::pci_dev>`.
        let raw = core::ptr::from_ref(self.pdev).cast_mut().cast();

        // SAFETY: The device is valid, because `self.pdev` is a reference to it.
        unsafe { bindings::pci_device_is_present(raw) }
    }
}

/// Returns whether the identification is that of an `edu`; all ones is not.
fn is_magic(id: regs::ID) -> bool {
    id.magic().get() == MAGIC
}

/// The state of the device, from its command register and its slot.
enum State {
    /// No transfer is in flight.
    Idle,
    /// A transfer is in flight, or the device is present but does not answer.
    Busy,
    /// The device is gone.
    Gone,
}

/// Calls `done` every `interval` until it returns `true`. Sleeps.
fn poll(mut done: impl FnMut() -> bool, interval: Delta, timeout: Delta) -> Result {
    read_poll_timeout(|| Ok(done()), |done| *done, interval, timeout)?;
    Ok(())
}

/// Waits until a transfer is `done`, which takes 100 ms, or longer on a busy host. Sleeps.
fn poll_transfer(done: impl FnMut() -> bool) -> Result {
    poll(done, Delta::from_millis(10), Delta::from_secs(10))
}

/// The interrupts at the end of a transfer.
#[derive(Clone, Copy)]
pub enum Interrupt {
    /// One interrupt.
    Once,
    /// No interrupt, as if it were lost.
    Never,
    /// A second, spurious interrupt.
    Twice,
}

/// Parameters of a transfer besides the memory.
#[derive(Clone, Copy)]
pub struct Job {
    /// The offset of the data in the device's buffer.
    pub offset: usize,
    /// The interrupt at the end of the transfer.
    pub interrupt: Interrupt,
}

// SAFETY: The device has one DMA engine, and is `pdev`. A transfer accesses only the bytes that its
// address and count select, in its direction. Addresses are not truncated: `start()` rejects those
// beyond the DMA mask that probe has set, of no more bits than the device drives, as the module's
// parameter promises. The device transfers all bytes at once and then clears `run`, so a transfer
// is done when `run` reads as clear, and `start()` starts no other before that. `wait()` and
// `abort()` report the end only after `run` was read as clear, by them or, under the lock, by a
// later `start()`. Interrupts only wake waiters, so their number and time do not matter.
//
// A transfer has also ended when the device is gone. All ones in the command register do not prove
// that: a device that temporarily does not decode its memory space reads the same, and may still be
// writing. A device that does not answer configuration reads either is out of its slot, in reset,
// or behind a link that is down. It cannot reach memory, its earlier writes arrive before the
// register read completes, and if it comes back it has lost the transfer. The hot-plug driver marks
// a device as disconnected when its slot is empty, so another device in the same slot is not taken
// for it. A device that is present and always answers all ones stays `Busy`: its memory is leaked,
// not freed.
//
// `writel()` and `readl()` order the register accesses with accesses to memory.
unsafe impl Engine for Edu<'_> {
    type Job = Job;
    type Token = Started;

    fn device(&self) -> &Device<Bound> {
        self.pdev.as_ref()
    }

    unsafe fn start_read(&self, from: Span<'_, ToDevice>, job: Job) -> Result<Started> {
        // SAFETY: By the caller's promise, the memory stays valid and unchanged until the device is
        // done. The address is given only to the device for which it is mapped.
        unsafe { self.start(from.address().as_raw(), from.len(), job, false) }
    }

    unsafe fn start_write(&self, to: Span<'_, FromDevice>, job: Job) -> Result<Started> {
        // SAFETY: By the caller's promise, only the device accesses the memory until it is done.
        // The address is given only to the device for which it is mapped.
        unsafe { self.start(to.address().as_raw(), to.len(), job, true) }
    }

    unsafe fn wait(&self, token: &mut Started, timeout: Msecs) -> Progress {
        let mut progress = Progress::Pending;

        // An interrupt may be late, lost, or that of another transfer, so only the register
        // decides.
        let over = self.done.wait_until(timeout, || {
            progress = self.progress(token);
            !matches!(progress, Progress::Pending) || self.closed.load(Acquire)
        });
        if over {
            self.wake_others(token);
        }
        progress
    }

    unsafe fn abort(&self, token: &mut Started) -> Result {
        // The device has no abort, but is done soon.
        poll_transfer(|| !matches!(self.progress(token), Progress::Pending))
    }
}

/// The interrupt handler of an [`Edu`].
pub struct Handler<'bound>(pub Arc<Edu<'bound>>);

impl irq::Handler for Handler<'_> {
    fn handle(&self) -> IrqReturn {
        let edu = &self.0;
        let raised = edu.acknowledge();
        if raised == 0 {
            return IrqReturn::None;
        }

        if raised & regs::DMA_INTERRUPT != 0 {
            if edu.again.xchg(false, Full) {
                edu.raise(regs::DMA_INTERRUPT);
            }
            edu.done.complete();
        }
        edu.handled.fetch_add(1, Full);

        IrqReturn::Handled
    }
}
