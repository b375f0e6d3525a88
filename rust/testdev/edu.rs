// SPDX-License-Identifier: GPL-2.0

//! `edu` as a DMA engine.

mod channel;

pub use channel::Channel;

use super::{
    completion::Completion,
    regs, //
};
use crate::dma::{
    limits,
    MmioRegion, //
};
use core::{
    mem,
    ops::{
        self,
        RangeInclusive, //
    }, //
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
        new_spinlock_irq,
        Arc,
        SpinLockIrq, //
    },
    time::Delta, //
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
    #[pin]
    turn: SpinLockIrq<Turn>,
    #[pin]
    done: Completion,
    /// Whether the handler raises the next interrupt of a transfer a second time.
    again: Atomic<bool>,
    closed: Atomic<bool>,
    /// The function that the handler calls, see [`Edu::with_hook`].
    #[pin]
    hook: SpinLockIrq<Option<&'static mut Hook<'static>>>,
    /// The number of handled interrupts, of any kind.
    handled: Atomic<usize>,
}

/// A function that is called in the interrupt of a transfer.
type Hook<'a> = dyn FnMut() + Send + 'a;

/// The state of the one DMA engine, under a lock.
struct Turn {
    /// The number of the last transfer.
    last: u64,
    /// Whether a transfer is prepared, and was not started yet.
    is_reserved: bool,
}

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
    pub fn range(self) -> ops::Range<usize> {
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
    ///
    /// # Safety
    ///
    /// `bar` is BAR 0 of `pdev`, and no transfer is started unless [`Edu::identify`] has succeeded.
    pub unsafe fn new(
        pdev: &'bound pci::Device<Bound>,
        bar: Bar0<'bound>,
    ) -> impl PinInit<Self> + 'bound {
        pin_init!(Self {
            pdev,
            bar,
            mask: limits::mask(pdev.as_ref()),
            turn <- new_spinlock_irq!(Turn {
                last: 0,
                is_reserved: false,
            }),
            done <- Completion::new(),
            again: Atomic::new(false),
            closed: Atomic::new(false),
            hook <- new_spinlock_irq!(None),
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
    pub unsafe fn registers(&self, range: ops::Range<usize>) -> Result<MmioRegion<'_>> {
        // SAFETY: By the caller's promise; all other writes to registers of an `edu` are harmless.
        unsafe { MmioRegion::from_bar(&self.bar, range) }
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

    fn device(&self) -> &Device<Bound> {
        self.pdev.as_ref()
    }

    /// Returns the DMA engine, for one transfer.
    pub fn channel(&self) -> Channel<'bound, &Self> {
        Channel::new(self)
    }

    /// Returns the DMA engine, for one transfer of which the driver keeps the state.
    pub fn shared_channel(edu: Arc<Self>) -> Channel<'bound, Arc<Self>> {
        Channel::new(edu)
    }

    /// Checks a transfer of the `len` bytes at `addr`, and reserves the device for it.
    fn reserve(
        &self,
        addr: DmaAddress,
        len: usize,
        job: Job,
        to_memory: bool,
    ) -> Result<Registers> {
        let end = job.offset.checked_add(len).ok_or(EINVAL)?;
        if len == 0 || end > BUFFER_SIZE {
            return Err(EINVAL);
        }
        // CAST: At most the size of the device's buffer.
        let last = addr.checked_add(len as DmaAddress - 1).ok_or(ERANGE)?;
        if last > self.mask {
            return Err(ERANGE);
        }

        let mut turn = self.turn.lock();
        if self.closed.load(Acquire) {
            return Err(ENODEV);
        }
        if turn.is_reserved {
            return Err(EBUSY);
        }
        // Ask the device: a forgotten transfer, even one of an earlier driver, may still be in
        // flight, and a busy device ignores some of the writes of a start.
        match self.state() {
            State::Idle => {}
            State::Busy => return Err(EBUSY),
            State::Gone => return Err(ENODEV),
        }
        turn.is_reserved = true;

        // CAST: Within the device's buffer, by the check above.
        let buffer = regs::BUFFER + job.offset as u64;
        let (src, dst) = if to_memory {
            (buffer, addr)
        } else {
            (addr, buffer)
        };
        Ok(Registers {
            src,
            dst,
            // CAST: At most the size of the device's buffer.
            count: len as u32,
            to_memory,
            interrupt: job.interrupt,
        })
    }

    /// Starts the transfer that was reserved, and passes its number to `store`.
    ///
    /// # Safety
    ///
    /// Until the transfer is done, the device may access the bytes, or the IOMMU blocks the access,
    /// or nothing depends on their contents.
    unsafe fn start(&self, registers: Registers, store: impl FnOnce(u64)) {
        let mut turn = self.turn.lock();

        turn.is_reserved = false;
        turn.last += 1;
        store(turn.last);
        self.again
            .store(matches!(registers.interrupt, Interrupt::Twice), Relaxed);

        // The BAR has these registers, so that the checks at run time pass.
        let _ = self.bar.try_write_reg(regs::DMA_SRC::from(registers.src));
        let _ = self.bar.try_write_reg(regs::DMA_DST::from(registers.dst));
        self.bar.write_reg(regs::DMA_COUNT::from(registers.count));
        // `writel()` orders this after all earlier CPU writes to memory.
        self.bar.write_reg(
            regs::DMA_COMMAND::zeroed()
                .with_run(true)
                .with_to_memory(registers.to_memory)
                .with_interrupt(!matches!(registers.interrupt, Interrupt::Never)),
        );
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

    /// Calls `f`, and `hook` in each interrupt of a transfer until `f` returns.
    pub fn with_hook<'a, R>(&self, hook: &'a mut Hook<'a>, f: impl FnOnce() -> R) -> R {
        // SAFETY: Only the lifetimes change. The handler has the reference only under the lock, and
        // it is removed before this function returns: here, or by another call that replaces it.
        let hook = unsafe { mem::transmute::<&mut Hook<'a>, &'static mut Hook<'static>>(hook) };

        *self.hook.lock() = Some(hook);
        let result = f();
        *self.hook.lock() = None;
        result
    }

    /// Returns the result of the transfer with that number if it has ended. The last transfer has
    /// when the device is idle; all earlier ones have because a later one was started.
    fn result(&self, number: u64) -> Option<Result> {
        let turn = self.turn.lock();

        if number != turn.last {
            return Some(Ok(()));
        }
        match self.state() {
            State::Busy => None,
            State::Idle => Some(Ok(())),
            State::Gone => Some(Err(ENODEV)),
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

/// The registers of a transfer.
pub struct Registers {
    src: u64,
    dst: u64,
    count: u32,
    to_memory: bool,
    interrupt: Interrupt,
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

        // Before a waiter wakes, which looks at it.
        edu.handled.fetch_add(1, Full);
        if raised & regs::DMA_INTERRUPT != 0 {
            if edu.again.xchg(false, Full) {
                edu.raise(regs::DMA_INTERRUPT);
            }
            if let Some(hook) = &mut *edu.hook.lock() {
                hook();
            }
            edu.done.complete();
        }

        IrqReturn::Handled
    }
}
