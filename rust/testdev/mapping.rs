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
//! Each arrow consumes the value at its tail, as in the library. An operation in any other state is
//! refused with the reason.

mod make;
mod memory;
#[cfg(CONFIG_KUNIT)]
pub(super) mod mock;

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
        Channel,
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
use crate::dma::{
    ErrorWith,
    Transfer,
    WaitError, //
};
use core::ops::Range;
use kernel::{
    prelude::*,
    sync::Arc,
    time::Delta, //
};
use memory::RuntimeDirection;

/// The owner of the memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    Device,
    Cpu,
    /// The device, in a transfer.
    InFlight,
}

impl Owner {
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
    /// The first bytes, as many as are contiguous for the device.
    First,
}

/// A mapping of any kind.
///
/// An operation that fails leaves it unchanged, unless noted.
pub(super) trait AnyMapping<'bound>: Send {
    /// Returns the owner of the memory.
    fn owner(&self) -> Owner;

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
    fn wait(&mut self, timeout: Delta) -> Result<(), Refused>;

    /// Aborts the transfer; if the device cannot be stopped, it is still in flight. Sleeps.
    fn abort(&mut self) -> Result<(), Refused>;
}

/// The memory, as a type that depends on its owner.
pub(super) enum MappingState<'bound, M: Memory> {
    Device(M),
    Cpu(M::CpuOwned),
    InFlight(Transfer<Channel<'bound, Arc<Edu<'bound>>>, M::Segment>),
    /// A placeholder while a function changes the state.
    Moving,
}

impl<M: Memory> MappingState<'_, M> {
    /// Takes the state, which the caller must replace.
    fn take(&mut self) -> Self {
        core::mem::replace(self, Self::Moving)
    }

    /// Calls `f` with the memory, if the CPU owns or shares it.
    fn with_cpu_owned<R>(
        &mut self,
        f: impl FnOnce(&mut M::CpuOwned) -> Result<R, Refused>,
    ) -> Result<R, Refused> {
        match self.take() {
            Self::Cpu(mut owned) => {
                let result = f(&mut owned);
                *self = Self::Cpu(owned);
                result
            }
            // The memory is shared, so the conversion does not sync.
            Self::Device(memory) if M::IS_SHARED => match memory.into_cpu() {
                Ok(mut owned) => {
                    let result = f(&mut owned);
                    *self = Self::Device(M::into_device(owned));
                    result
                }
                Err(memory) => {
                    *self = Self::Device(memory);
                    Err(M::NO_ACCESS)
                }
            },
            other => {
                let owner = other.owner_of();
                *self = other;
                Err(if M::HAS_ACCESS {
                    owner.refused()
                } else {
                    M::NO_ACCESS
                })
            }
        }
    }

    fn owner_of(&self) -> Owner {
        match self {
            Self::Device(_) | Self::Moving => Owner::Device,
            Self::Cpu(_) => Owner::Cpu,
            Self::InFlight(_) => Owner::InFlight,
        }
    }
}

impl<'bound, M: Memory> AnyMapping<'bound> for MappingState<'bound, M> {
    fn owner(&self) -> Owner {
        self.owner_of()
    }

    fn sync_for_cpu(&mut self) -> Result<(), Refused> {
        if !M::HAS_SYNCS {
            return Err(M::NO_SYNCS);
        }
        match self.take() {
            Self::Device(memory) => match memory.into_cpu() {
                Ok(owned) => {
                    *self = Self::Cpu(owned);
                    Ok(())
                }
                Err(memory) => {
                    *self = Self::Device(memory);
                    Err(M::NO_SYNCS)
                }
            },
            other => {
                let owner = other.owner_of();
                *self = other;
                Err(owner.refused())
            }
        }
    }

    fn sync_for_device(&mut self) -> Result<(), Refused> {
        if !M::HAS_SYNCS {
            return Err(M::NO_SYNCS);
        }
        match self.take() {
            Self::Cpu(owned) => {
                *self = Self::Device(M::into_device(owned));
                Ok(())
            }
            other => {
                let owner = other.owner_of();
                *self = other;
                Err(owner.refused())
            }
        }
    }

    fn fill(&mut self, range: Range<usize>, pattern: u32) -> Result<(), Refused> {
        self.with_cpu_owned(|owned| fill::<M>(owned, range, pattern))
    }

    fn check(&mut self, range: Range<usize>, pattern: u32) -> Result<(), Refused> {
        self.with_cpu_owned(|owned| check::<M>(owned, range, pattern))
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
            To::Device => M::RuntimeDirection::DEVICE_READS,
            To::Memory => M::RuntimeDirection::DEVICE_WRITES,
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
                        "the bytes are not contiguous for the device: use op=transfer",
                    ));
                }
                let started = match to {
                    To::Device => M::RuntimeDirection::read(
                        Edu::shared_channel(engine.clone()),
                        segment,
                        range,
                        job,
                    ),
                    To::Memory => M::RuntimeDirection::write(
                        Edu::shared_channel(engine.clone()),
                        segment,
                        range,
                        job,
                    ),
                };

                match started {
                    Ok(transfer) => {
                        *self = Self::InFlight(transfer);
                        Ok(len)
                    }
                    Err(ErrorWith {
                        error,
                        value: memory,
                    }) => {
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
                let owner = other.owner_of();
                *self = other;
                Err(owner.refused())
            }
        }
    }

    fn wait(&mut self, timeout: Delta) -> Result<(), Refused> {
        match self.take() {
            Self::InFlight(transfer) => match transfer.wait(timeout) {
                Ok(memory) => {
                    *self = Self::Device(M::from_segment(memory));
                    Ok(())
                }
                Err(WaitError::InFlight(error, transfer)) => {
                    *self = Self::InFlight(transfer);
                    Err(Refused::because(error, "the transfer has not ended"))
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
                Err(ErrorWith {
                    error,
                    value: transfer,
                }) => {
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

/// Fills `bytes`, which are at `offset` of the memory, with `pattern`.
pub(super) fn pattern_into(bytes: &mut [u8], offset: usize, pattern: u32) {
    for (at, place) in (offset..).zip(bytes) {
        *place = byte(pattern, at);
    }
}

fn fill<M: Memory>(
    owned: &mut M::CpuOwned,
    range: Range<usize>,
    pattern: u32,
) -> Result<(), Refused> {
    let mut bytes = [0; CHUNK];

    for part in chunks(range) {
        let (bytes, _) = bytes.split_at_mut(part.len());

        pattern_into(bytes, part.start, pattern);
        M::write(owned, part.start, bytes)?;
    }
    Ok(())
}

fn check<M: Memory>(
    owned: &mut M::CpuOwned,
    range: Range<usize>,
    pattern: u32,
) -> Result<(), Refused> {
    let mut bytes = [0; CHUNK];

    for part in chunks(range) {
        let (bytes, _) = bytes.split_at_mut(part.len());

        M::read(owned, part.start, bytes)?;
        compare(bytes, part.start, pattern)?;
    }
    Ok(())
}

/// Compares `bytes`, which are at `offset` of the memory, with `pattern`.
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

#[kunit_tests(safe_dma_mapping)]
mod tests {
    use super::{
        mock::{
            Mock,
            Shared, //
        },
        *, //
    };

    fn error<T>(result: Result<T, Refused>) -> Option<Error> {
        result.err().map(|refused| refused.error)
    }

    #[test]
    fn owners() {
        let mut mapping = MappingState::Device(Mock::new());

        assert!(mapping.owner() == Owner::Device);
        assert!(error(mapping.sync_for_device()) == Some(EBUSY));
        assert!(mapping.sync_for_cpu().is_ok() && mapping.owner() == Owner::Cpu);
        assert!(error(mapping.sync_for_cpu()) == Some(EBUSY) && mapping.owner() == Owner::Cpu);
        assert!(mapping.sync_for_device().is_ok() && mapping.owner() == Owner::Device);
    }

    #[test]
    fn only_the_cpu_accesses_its_memory() {
        let mut mapping = MappingState::Device(Mock::new());

        assert!(error(mapping.fill(0..8, 1)) == Some(EBUSY));
        assert!(error(mapping.check(0..8, 1)) == Some(EBUSY));
        assert!(mapping.sync_for_cpu().is_ok());
        assert!(mapping.fill(0..8, 1).is_ok() && mapping.check(0..8, 1).is_ok());
        assert!(mapping.owner() == Owner::Cpu);
    }

    #[test]
    fn what_differs() {
        let mut mapping = MappingState::Device(Mock::new());

        assert!(mapping.sync_for_cpu().is_ok());
        assert!(mapping.fill(0..Mock::SIZE, 1).is_ok());
        assert!(mapping.fill(700..701, 2).is_ok());
        let refused = mapping.check(0..Mock::SIZE, 1).err();
        assert!(refused.is_some_and(|refused| refused.error == EILSEQ
            && refused.why
                == Why::Differs {
                    offset: 700,
                    expected: byte(1, 700),
                    found: byte(2, 700),
                }));
        assert!(mapping.check(0..700, 1).is_ok());
        assert!(mapping.check(701..Mock::SIZE, 1).is_ok());
    }

    #[test]
    fn nothing_in_flight() {
        let mut mapping = MappingState::Device(Mock::new());

        assert!(error(mapping.wait(Delta::ZERO)) == Some(EBUSY));
        assert!(error(mapping.abort()) == Some(EBUSY));
        assert!(mapping.sync_for_cpu().is_ok());
        assert!(error(mapping.wait(Delta::ZERO)) == Some(EBUSY));
        assert!(mapping.owner() == Owner::Cpu);
    }

    #[test]
    fn shared_memory_is_not_synced() {
        let mut mapping = MappingState::Device(Shared::new());

        assert!(error(mapping.sync_for_cpu()) == Some(EOPNOTSUPP));
        assert!(error(mapping.sync_for_device()) == Some(EOPNOTSUPP));
        assert!(mapping.fill(0..8, 1).is_ok() && mapping.check(0..8, 1).is_ok());
        assert!(mapping.owner() == Owner::Device);
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
