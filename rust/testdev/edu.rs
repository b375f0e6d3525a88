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

/// The size of the device's buffer, and so the maximum of a transfer, in bytes.
pub const BUFFER_SIZE: usize = 4096;

/// How many bits an address may have: enough for all that the checks map at once and for the page of the
/// interrupt, and no more than an SMMU translates.
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
    /// The number of the transfer that was started last; locked while one is started.
    #[pin]
    last: SpinLock<u64>,
    #[pin]
    done: Completion,
    /// Whether the handler raises the next interrupt of a transfer once more.
    again: Atomic<bool>,
    closed: Atomic<bool>,
    /// How many interrupts were handled, of any kind.
    handled: Atomic<usize>,
}

/// A transfer of [`Edu`], by its number; there is one at a time.
pub struct Started(u64);

/// A register of the device that other devices may read and write by DMA: it starts nothing.
#[derive(Clone, Copy)]
pub enum OpenRegister {
    /// The argument and result of the factorial.
    Factorial,
    /// The state of the computation.
    Status,
}

impl OpenRegister {
    /// Returns where it is in BAR 0.
    pub fn range(self) -> Range<usize> {
        match self {
            Self::Factorial => regs::FACTORIAL_RANGE,
            Self::Status => regs::STATUS_RANGE,
        }
    }

    /// Returns the register of a device, as the target of DMA.
    ///
    /// # Safety
    ///
    /// `pdev` is an `edu`, and this driver is bound to it for `'a`.
    pub unsafe fn of<'a>(self, pdev: &'a pci::Device<Bound>) -> Result<MmioRegion<'a>> {
        let range = self.range();

        // SAFETY: BAR 0 of an `edu` is in memory space, and stays where it is while its driver is
        // bound. This is its driver, and nothing that it relies on depends on these registers: one
        // computes a factorial, the other says whether that is done, and whether it ends with an
        // interrupt. CAST: From at most 64 bits.
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

        // Two patterns, so that no register that merely keeps a value, or reads as all ones, passes.
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

    /// Returns the bytes of `range` of the registers, as the target of DMA.
    ///
    /// # Safety
    ///
    /// No device writes there what starts this one, or changes what it was started with.
    pub unsafe fn registers(&self, range: Range<usize>) -> Result<MmioRegion<'_>> {
        // SAFETY: By the caller's promise; all else that is written to registers of an `edu` harms
        // nobody.
        unsafe { MmioRegion::of_bar(&self.bar, range) }
    }

    /// Writes a number to a register that the device ignores, for a trace of its registers.
    pub fn mark(&self, number: u32) {
        self.bar.write_reg(regs::MARK::from(number));
    }

    /// Waits until the factorial is computed, of whatever number, and returns it. Sleeps.
    pub fn factorial(&self) -> Result<u32> {
        // It computes in a thread of the host, and the guest's time can pass much faster than the host's.
        poll(
            || !self.bar.read(regs::STATUS).computing(),
            Delta::from_millis(1),
            Delta::from_secs(600),
        )?;
        Ok(self.bar.read(regs::FACTORIAL).into_raw())
    }

    /// Starts the device on `len` bytes of memory from `addr`.
    ///
    /// # Safety
    ///
    /// Until it is done the device may access these bytes, or it does not matter what becomes of them,
    /// or the IOMMU stops it.
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

        // The device knows best: the one that it is busy with may have been forgotten, even by an earlier
        // driver. It would ignore some of what is written now.
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

        // `writel()` orders this after all that the CPU wrote to memory before.
        self.bar.write_reg(
            regs::DMA_COMMAND::zeroed()
                .with_run(true)
                .with_to_memory(to_memory)
                .with_interrupt(!matches!(job.interrupt, Interrupt::Never)),
        );

        Ok(Started(*last))
    }

    /// Waits until the device is at rest, whoever started it. Sleeps.
    ///
    /// A transfer may have been forgotten, and then nobody else waits for its end.
    pub fn settle(&self) -> Result {
        poll_transfer(|| !matches!(self.state(), State::Busy))
    }

    /// Starts nothing from now on, and wakes all who wait for a transfer: it is over, or they have to
    /// abort it.
    pub fn close(&self) {
        self.closed.store(true, Release);
        self.done.complete();
    }

    /// Raises the interrupts of `bits`, without work of the device.
    pub fn raise(&self, bits: u32) {
        self.bar.write_reg(regs::IRQ_RAISE::from(bits));
    }

    /// Returns the interrupts that were raised and not acknowledged.
    pub fn raised(&self) -> u32 {
        self.bar.read(regs::IRQ_STATUS).into_raw()
    }

    /// Acknowledges the interrupts that are raised, and returns their bits. May be called from an
    /// interrupt.
    pub fn acknowledge(&self) -> u32 {
        let raised = self.raised();

        // All ones is what the bus answers when no device does; but all interrupts may be raised,
        // too. What is not acknowledged then hides every interrupt to come.
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

    /// Wakes the next one who waits, if the wake-up that this one had may have been for another.
    fn wake_others(&self, transfer: &Started) {
        if transfer.0 != *self.last.lock() || self.closed.load(Acquire) {
            self.done.complete();
        }
    }

    /// How far the device is with `transfer`. It is done with the last one when it is idle, and with those
    /// before when another could be started.
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
        // `readl()` orders what the CPU reads from memory after this.
        let command = self.bar.read(regs::DMA_COMMAND);

        // The register has three bits. All ones is what the bus answers when no device does.
        if command.into_raw() == u32::MAX && !self.is_present() {
            State::Gone
        } else if command.run() {
            State::Busy
        } else {
            State::Idle
        }
    }

    /// Whether the device is still in its slot: the hot-plug driver has not seen it leave, and it says
    /// who it is.
    fn is_present(&self) -> bool {
        // `pci::Device` is `repr(transparent)` over `Opaque<bindings::pci_dev>`.
        let raw = core::ptr::from_ref(self.pdev).cast_mut().cast();

        // SAFETY: The device is valid, as there is a reference to it.
        unsafe { bindings::pci_device_is_present(raw) }
    }
}

/// Whether the identification is that of an `edu`, and not all ones.
fn is_magic(id: regs::ID) -> bool {
    id.magic().get() == MAGIC
}

/// The state of the device, from its command register and its slot.
enum State {
    /// It moves no data.
    Idle,
    /// It moves data, or does not say.
    Busy,
    /// There is no device any more.
    Gone,
}

/// Looks every `interval` whether the device is `done`; sleeps.
fn poll(mut done: impl FnMut() -> bool, interval: Delta, timeout: Delta) -> Result {
    read_poll_timeout(|| Ok(done()), |done| *done, interval, timeout)?;
    Ok(())
}

/// Looks until a transfer is `done`, which takes 100 ms, and more if the host is busy; sleeps.
fn poll_transfer(done: impl FnMut() -> bool) -> Result {
    poll(done, Delta::from_millis(10), Delta::from_secs(10))
}

/// The interrupts at the end of a transfer.
#[derive(Clone, Copy)]
pub enum Interrupt {
    /// One.
    Once,
    /// None, like a lost one.
    Never,
    /// One too many.
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

// SAFETY: The device has one DMA engine, and is `pdev`. It uses the address that it is started with, and
// count and direction as given, and nothing else: `start()` refuses addresses beyond the mask that probe
// has set, of no more bits than the device can drive, as the module's parameter promises, so that no
// address is cut. It moves all data at
// one moment and clears `run` after that: when `run` reads as clear, it is done, and `start()` starts
// nothing before. `wait()` and `abort()` say so only after that was read, by them or, under the lock,
// by a later `start()`. Interrupts only wake them, so that it does not matter how many come, or when.
//
// Or the device is gone. All ones in the command register is no proof: it reads so from a device, too,
// that does not decode its memory for a while, and may still be writing. But one that does not answer in
// configuration space either is not in its slot, or is in a reset, or behind a link that is down: it has
// no way to memory, what it sent before has gone its way when the read of its register is given up, and if
// it ever comes back it has forgotten the transfer. The hot-plug driver marks a device as disconnected
// when its slot is empty, so that another one in the same slot is not taken for it. What is there, and
// answers all ones for good, stays `Busy`: its memory is leaked and not freed.
//
// The registers are accessed by `writel()` and `readl()`, which order accesses to memory before and after.
unsafe impl Engine for Edu<'_> {
    type Job = Job;
    type Token = Started;

    fn device(&self) -> &Device<Bound> {
        self.pdev.as_ref()
    }

    unsafe fn start_read(&self, from: Span<'_, ToDevice>, job: Job) -> Result<Started> {
        // SAFETY: By the caller's promise, the memory stays as it is until the device is done,
        // which is given the number for that.
        unsafe { self.start(from.address().as_raw(), from.len(), job, false) }
    }

    unsafe fn start_write(&self, to: Span<'_, FromDevice>, job: Job) -> Result<Started> {
        // SAFETY: By the caller's promise, nobody else accesses the memory until the device is
        // done, which is given the number for that.
        unsafe { self.start(to.address().as_raw(), to.len(), job, true) }
    }

    unsafe fn wait(&self, token: &mut Started, timeout: Msecs) -> Progress {
        let mut progress = Progress::Pending;

        // An interrupt may be left from a transfer that was aborted, or have been taken for another
        // one's, or be lost: only the register counts.
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
        // The device cannot be stopped, but will be done soon.
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
