// SPDX-License-Identifier: GPL-2.0

//! What a check has to show for itself.
use kernel::{
    dma::DataDirection,
    dma::DmaAddress,
    fmt,
    io::PhysAddr,
    prelude::*, //
};

/// What passed, and who says so.
pub(super) struct Evidence {
    /// The C functions behind the operation.
    pub(super) operation: &'static str,
    pub(super) direction: DataDirection,
    /// In bytes.
    pub(super) size: usize,
    /// Where the CPU has the memory.
    pub(super) phys: PhysAddr,
    /// Where the device had it.
    pub(super) dma: DmaAddress,
    pub(super) witnesses: [&'static str; 2],
}

/// A direction by its name in the C API, in lower case.
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
        let [first, second] = self.witnesses;

        write!(
            f,
            "{} {} size {} phys {:#x} dma {:#x} witness: {}, {}",
            self.operation,
            direction_name(self.direction),
            self.size,
            self.phys,
            self.dma,
            first,
            second,
        )
    }
}

/// Why a check ended early.
pub(super) enum Stop {
    /// There is nothing to check, for the reason given.
    Skip(&'static str),
    /// The kernel refused what it must refuse here, as said: the check has passed, and has no more to see.
    Refused(&'static str),
    /// It failed.
    Fail(Failure),
}

/// How a check failed.
pub(super) enum Failure {
    /// An operation returned an error.
    Error(Error),
    /// Something was possible that must not be, or the reverse.
    Unexpected(&'static str),
    /// A byte is not what it should be.
    Byte {
        offset: usize,
        expected: u8,
        found: u8,
    },
    /// The IOMMU translates an address to something else than the memory behind it.
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
                    "IOVA {iova:#x} was unmapped, and still leads to {found:#x}"
                )
            }
            Self::NoEvent { event, iova } => {
                write!(f, "the SMMU did not report {event} at IOVA {iova:#x}")
            }
        }
    }
}
