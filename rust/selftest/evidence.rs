// SPDX-License-Identifier: GPL-2.0

//! Results of checks.

use super::place::Place;
use kernel::{
    dma::{
        DataDirection,
        DmaAddress, //
    },
    fmt,
    io::PhysAddr,
    prelude::*, //
};

/// The evidence of a check that passed.
pub(super) struct Evidence {
    /// The C functions behind the operation.
    pub(super) operation: &'static str,
    pub(super) place: Place,
    /// The evidence from outside the library.
    pub(super) witnesses: [&'static str; 2],
}

/// Returns the name of a direction in the C API, in lower case.
pub(super) fn direction_name(direction: DataDirection) -> &'static str {
    match direction {
        DataDirection::Bidirectional => "bidirectional",
        DataDirection::ToDevice => "to_device",
        DataDirection::FromDevice => "from_device",
        DataDirection::None => "none",
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            operation,
            place,
            witnesses: [first, second],
        } = self;

        write!(
            f,
            "{} {} size {} phys {:#x} dma {:#x} witness: {}, {}",
            operation,
            direction_name(place.direction),
            place.size,
            place.phys,
            place.dma,
            first,
            second,
        )
    }
}

/// The reason why a check ended early.
pub(super) enum Stop {
    /// The check does not apply here.
    Skip(&'static str),
    /// The check has passed: the kernel refused an operation that it must refuse here.
    Refused(&'static str),
    /// The check failed.
    Fail(Failure),
}

/// The reason why a check failed.
pub(super) enum Failure {
    /// An operation returned an error.
    Error(Error),
    /// An operation that must fail succeeded, or the reverse.
    Unexpected(&'static str),
    /// A byte has the wrong value.
    Byte {
        offset: usize,
        expected: u8,
        found: u8,
    },
    /// The IOMMU does not translate an address to its memory.
    Translation {
        iova: DmaAddress,
        expected: PhysAddr,
        found: Option<PhysAddr>,
    },
    /// The IOMMU still translates an address that was unmapped.
    StillMapped { iova: DmaAddress, found: PhysAddr },
    /// The SMMU did not report the fault.
    NoEvent {
        event: &'static str,
        iova: DmaAddress,
    },
}

/// Returns a failure with a message.
pub(super) fn fail<T, E: From<Failure>>(message: &'static str) -> Result<T, E> {
    Err(Failure::Unexpected(message).into())
}

impl<E> From<E> for Stop
where
    Error: From<E>,
{
    fn from(error: E) -> Self {
        Self::Fail(Failure::Error(error.into()))
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Fail(failure)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Error(error) => write!(f, "error {}", error.to_errno()),
            Self::Unexpected(what) => f.write_str(what),
            Self::Byte {
                offset,
                expected,
                found,
            } => write!(f, "byte {offset} is {found:#04x}, expected {expected:#04x}"),
            Self::Translation {
                iova,
                expected,
                found: Some(found),
            } => write!(
                f,
                "IOVA {iova:#x} is translated to {found:#x}, expected {expected:#x}"
            ),
            Self::Translation {
                iova,
                expected,
                found: None,
            } => write!(
                f,
                "IOVA {iova:#x} is not translated, expected {expected:#x}"
            ),
            Self::StillMapped { iova, found } => {
                write!(
                    f,
                    "IOVA {iova:#x} is still translated to {found:#x} after the unmap"
                )
            }
            Self::NoEvent { event, iova } => {
                write!(f, "the SMMU did not report {event} at IOVA {iova:#x}")
            }
        }
    }
}
