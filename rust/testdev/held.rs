// SPDX-License-Identifier: GPL-2.0

//! A mapping of any kind, and its owner.
//!
//! ```text
//!            sync_for_cpu                 start
//!     CPU <---------------- device -----------------> in flight
//!         ---------------->        <-----------------
//!          sync_for_device            wait, abort
//! ```
//!
//! Each arrow consumes the value at its tail, as in the library. An operation in the wrong state
//! has no value to consume, and is refused with the reason.

#[cfg(CONFIG_KUNIT)]
pub(super) mod fake;
mod make;
mod memory;

pub(super) use self::{
    make::{
        make,
        size,
        Made, //
    },
    memory::Memory, //
};

use super::{
    edu::{
        Edu,
        Job, //
    },
    request::{
        byte,
        Refused,
        To,
        Why, //
    }, //
};
use crate::dma::transfer::{
    AbortError,
    StartError,
    Transfer,
    WaitError, //
};
use core::ops::Range;
use kernel::{
    prelude::*,
    sync::Arc,
    time::Msecs, //
};
use memory::Way;

/// The owner of the memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    Device,
    Cpu,
    /// The device, in a transfer.
    InFlight,
}

impl Turn {
    /// Returns the name in `mappings`.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Device => "device",
            Self::Cpu => "cpu",
            Self::InFlight => "in_flight",
        }
    }

    /// Returns the refusal of an operation that needs another owner.
    pub(super) const fn refused(self) -> Refused {
        Refused::because(
            EBUSY,
            match self {
                Self::Device => "the device owns it until sync_for_cpu",
                Self::Cpu => "the CPU owns it until sync_for_device",
                Self::InFlight => "a transfer of it is in flight: wait for it, or abort it",
            },
        )
    }
}

/// The number of bytes that are compared or written at once.
const CHUNK: usize = 256;

/// The bytes of a range that a transfer moves.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    All,
    /// The first bytes, as many as are one piece for the device.
    First,
}

/// A mapping of any kind.
///
/// An operation that fails leaves it unchanged, unless noted.
pub(super) trait Held<'bound>: Send {
    /// Returns the owner of the memory.
    fn turn(&self) -> Turn;

    /// Makes the CPU the owner.
    fn sync_for_cpu(&mut self) -> Result<(), Refused>;

    /// Makes the device the owner.
    fn sync_for_device(&mut self) -> Result<(), Refused>;

    /// Writes the bytes of a pattern.
    fn fill(&mut self, range: Range<usize>, pattern: u32) -> Result<(), Refused>;

    /// Compares the bytes with those of a pattern.
    fn check(&mut self, range: Range<usize>, pattern: u32) -> Result<(), Refused>;

    /// Starts a transfer of bytes of `range`; returns their number.
    fn start(
        &mut self,
        engine: &Arc<Edu<'bound>>,
        to: To,
        range: Range<usize>,
        extent: Extent,
        job: Job,
    ) -> Result<usize, Refused>;

    /// Waits until the transfer ends; after the timeout it is still in flight. Sleeps.
    fn wait(&mut self, timeout: Msecs) -> Result<(), Refused>;

    /// Aborts the transfer; if the device cannot be stopped, it is still in flight. Sleeps.
    fn abort(&mut self) -> Result<(), Refused>;
}

/// The memory, by its owner.
pub(super) enum Life<'bound, M: Memory> {
    Device(M),
    Cpu(M::Turn),
    InFlight(Transfer<Arc<Edu<'bound>>, M::Segment>),
    /// Between two states, within a function.
    Moving,
}

impl<M: Memory> Life<'_, M> {
    /// Takes the value, to replace it.
    fn take(&mut self) -> Self {
        core::mem::replace(self, Self::Moving)
    }

    /// Calls `f` with memory that the CPU owns.
    fn with_turn<R>(
        &mut self,
        f: impl FnOnce(&mut M::Turn) -> Result<R, Refused>,
    ) -> Result<R, Refused> {
        match self.take() {
            Self::Cpu(mut turn) => {
                let result = f(&mut turn);
                *self = Self::Cpu(turn);
                result
            }
            // Both own it: this is no sync.
            Self::Device(memory) if M::IS_SHARED => match memory.into_cpu() {
                Ok(mut turn) => {
                    let result = f(&mut turn);
                    *self = Self::Device(M::into_device(turn));
                    result
                }
                Err(memory) => {
                    *self = Self::Device(memory);
                    Err(M::NO_ACCESS)
                }
            },
            other => {
                let turn = other.turn_of();
                *self = other;
                Err(if M::HAS_ACCESS {
                    turn.refused()
                } else {
                    M::NO_ACCESS
                })
            }
        }
    }

    fn turn_of(&self) -> Turn {
        match self {
            Self::Device(_) | Self::Moving => Turn::Device,
            Self::Cpu(_) => Turn::Cpu,
            Self::InFlight(_) => Turn::InFlight,
        }
    }
}

impl<'bound, M: Memory> Held<'bound> for Life<'bound, M> {
    fn turn(&self) -> Turn {
        self.turn_of()
    }

    fn sync_for_cpu(&mut self) -> Result<(), Refused> {
        if !M::HAS_TURNS {
            return Err(M::NO_TURNS);
        }
        match self.take() {
            Self::Device(memory) => match memory.into_cpu() {
                Ok(turn) => {
                    *self = Self::Cpu(turn);
                    Ok(())
                }
                Err(memory) => {
                    *self = Self::Device(memory);
                    Err(M::NO_TURNS)
                }
            },
            other => {
                let turn = other.turn_of();
                *self = other;
                Err(turn.refused())
            }
        }
    }

    fn sync_for_device(&mut self) -> Result<(), Refused> {
        if !M::HAS_TURNS {
            return Err(M::NO_TURNS);
        }
        match self.take() {
            Self::Cpu(turn) => {
                *self = Self::Device(M::into_device(turn));
                Ok(())
            }
            other => {
                let turn = other.turn_of();
                *self = other;
                Err(turn.refused())
            }
        }
    }

    fn fill(&mut self, range: Range<usize>, pattern: u32) -> Result<(), Refused> {
        self.with_turn(|turn| fill::<M>(turn, range, pattern))
    }

    fn check(&mut self, range: Range<usize>, pattern: u32) -> Result<(), Refused> {
        self.with_turn(|turn| check::<M>(turn, range, pattern))
    }

    fn start(
        &mut self,
        engine: &Arc<Edu<'bound>>,
        to: To,
        range: Range<usize>,
        extent: Extent,
        job: Job,
    ) -> Result<usize, Refused> {
        let asked = range.len();
        let allowed = match to {
            To::Device => M::Way::DEVICE_READS,
            To::Memory => M::Way::DEVICE_WRITES,
        };

        match self.take() {
            Self::Device(memory) if allowed => {
                let (segment, range) = match memory.segment(range) {
                    Ok(found) => found,
                    Err(memory) => {
                        *self = Self::Device(memory);
                        return Err(Refused::because(EINVAL, "the device has no such bytes"));
                    }
                };
                let len = range.len();
                if len < asked && extent == Extent::All {
                    *self = Self::Device(M::from_segment(segment));
                    return Err(Refused::because(
                        EINVAL,
                        "the bytes are not in one piece for the device: op=transfer takes such",
                    ));
                }
                let started = match to {
                    To::Device => M::Way::read(engine.clone(), segment, range, job),
                    To::Memory => M::Way::write(engine.clone(), segment, range, job),
                };

                match started {
                    Ok(transfer) => {
                        *self = Self::InFlight(transfer);
                        Ok(len)
                    }
                    Err(StartError { error, memory }) => {
                        *self = Self::Device(M::from_segment(memory));
                        Err(Refused::because(
                            error,
                            if error == EBUSY {
                                "the engine is busy with another transfer"
                            } else {
                                "the transfer could not be started"
                            },
                        ))
                    }
                }
            }
            other @ Self::Device(_) => {
                *self = other;
                Err(Refused::because(
                    EACCES,
                    match to {
                        To::Device => "the device may not read it: it is mapped from_device",
                        To::Memory => "the device may not write it: it is mapped to_device",
                    },
                ))
            }
            other => {
                let turn = other.turn_of();
                *self = other;
                Err(turn.refused())
            }
        }
    }

    fn wait(&mut self, timeout: Msecs) -> Result<(), Refused> {
        match self.take() {
            Self::InFlight(transfer) => match transfer.wait(timeout) {
                Ok(memory) => {
                    *self = Self::Device(M::from_segment(memory));
                    Ok(())
                }
                Err(WaitError::TimedOut(transfer)) => {
                    *self = Self::InFlight(transfer);
                    Err(Refused::because(ETIMEDOUT, "the transfer has not ended"))
                }
                Err(WaitError::Failed(error, memory)) => {
                    *self = Self::Device(M::from_segment(memory));
                    Err(Refused::because(error, "the device gave up"))
                }
            },
            other => {
                *self = other;
                Err(Refused::because(EBUSY, "no transfer of it is in flight"))
            }
        }
    }

    fn abort(&mut self) -> Result<(), Refused> {
        match self.take() {
            Self::InFlight(transfer) => match transfer.abort() {
                Ok(memory) => {
                    *self = Self::Device(M::from_segment(memory));
                    Ok(())
                }
                Err(AbortError { error, transfer }) => {
                    *self = Self::InFlight(transfer);
                    Err(Refused::because(error, "the device cannot be stopped"))
                }
            },
            other => {
                *self = other;
                Err(Refused::because(EBUSY, "no transfer of it is in flight"))
            }
        }
    }
}

/// Splits `range` into chunks.
fn chunks(range: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let end = range.end;

    range
        .step_by(CHUNK)
        .map(move |start| start..end.min(start + CHUNK))
}

/// Writes the bytes of `pattern` into `bytes`, which are at `offset`.
pub(super) fn pattern_into(bytes: &mut [u8], offset: usize, pattern: u32) {
    for (at, place) in (offset..).zip(bytes) {
        *place = byte(pattern, at);
    }
}

fn fill<M: Memory>(turn: &mut M::Turn, range: Range<usize>, pattern: u32) -> Result<(), Refused> {
    let mut bytes = [0; CHUNK];

    for part in chunks(range) {
        let (bytes, _) = bytes.split_at_mut(part.len());

        pattern_into(bytes, part.start, pattern);
        M::write(turn, part.start, bytes)?;
    }
    Ok(())
}

fn check<M: Memory>(turn: &mut M::Turn, range: Range<usize>, pattern: u32) -> Result<(), Refused> {
    let mut bytes = [0; CHUNK];

    for part in chunks(range) {
        let (bytes, _) = bytes.split_at_mut(part.len());

        M::read(turn, part.start, bytes)?;
        compare(bytes, part.start, pattern)?;
    }
    Ok(())
}

/// Compares `bytes`, which are at `offset`, with those of `pattern`.
pub(super) fn compare(bytes: &[u8], offset: usize, pattern: u32) -> Result<(), Refused> {
    for (at, found) in (offset..).zip(bytes) {
        let expected = byte(pattern, at);

        if *found != expected {
            return Err(Refused::new(
                EILSEQ,
                Why::Differs {
                    offset: at,
                    expected,
                    found: *found,
                },
            ));
        }
    }
    Ok(())
}

#[kunit_tests(safe_dma_held)]
mod tests {
    use super::{
        fake::{
            Fake,
            Shared, //
        },
        *, //
    };

    fn error<T>(result: Result<T, Refused>) -> Option<Error> {
        result.err().map(|refused| refused.error)
    }

    #[test]
    fn turns() {
        let mut held = Life::Device(Fake::new());

        assert!(held.turn() == Turn::Device);
        assert!(error(held.sync_for_device()) == Some(EBUSY));
        assert!(held.sync_for_cpu().is_ok() && held.turn() == Turn::Cpu);
        assert!(error(held.sync_for_cpu()) == Some(EBUSY) && held.turn() == Turn::Cpu);
        assert!(held.sync_for_device().is_ok() && held.turn() == Turn::Device);
    }

    #[test]
    fn the_cpu_has_its_turn_alone() {
        let mut held = Life::Device(Fake::new());

        assert!(error(held.fill(0..8, 1)) == Some(EBUSY));
        assert!(error(held.check(0..8, 1)) == Some(EBUSY));
        assert!(held.sync_for_cpu().is_ok());
        assert!(held.fill(0..8, 1).is_ok() && held.check(0..8, 1).is_ok());
        assert!(held.turn() == Turn::Cpu);
    }

    #[test]
    fn what_differs() {
        let mut held = Life::Device(Fake::new());

        assert!(held.sync_for_cpu().is_ok());
        assert!(held.fill(0..Fake::SIZE, 1).is_ok());
        assert!(held.fill(700..701, 2).is_ok());
        let refused = held.check(0..Fake::SIZE, 1).err();
        assert!(refused.is_some_and(|refused| refused.error == EILSEQ
            && refused.why
                == Why::Differs {
                    offset: 700,
                    expected: byte(1, 700),
                    found: byte(2, 700),
                }));
        assert!(held.check(0..700, 1).is_ok());
        assert!(held.check(701..Fake::SIZE, 1).is_ok());
    }

    #[test]
    fn nothing_in_flight() {
        let mut held = Life::Device(Fake::new());

        assert!(error(held.wait(1)) == Some(EBUSY));
        assert!(error(held.abort()) == Some(EBUSY));
        assert!(held.sync_for_cpu().is_ok());
        assert!(error(held.wait(1)) == Some(EBUSY));
        assert!(held.turn() == Turn::Cpu);
    }

    #[test]
    fn what_is_shared_has_no_turns() {
        let mut held = Life::Device(Shared::new());

        assert!(error(held.sync_for_cpu()) == Some(EOPNOTSUPP));
        assert!(error(held.sync_for_device()) == Some(EOPNOTSUPP));
        assert!(held.fill(0..8, 1).is_ok() && held.check(0..8, 1).is_ok());
        assert!(held.turn() == Turn::Device);
    }

    #[test]
    fn parts() {
        let mut all = chunks(5..2 * CHUNK + 6);

        assert!(all.next() == Some(5..CHUNK + 5));
        assert!(all.next() == Some(CHUNK + 5..2 * CHUNK + 5));
        assert!(all.next() == Some(2 * CHUNK + 5..2 * CHUNK + 6));
        assert!(all.next().is_none());
    }
}
