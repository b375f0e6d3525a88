// SPDX-License-Identifier: GPL-2.0

//! The common interface of mapped memory.

use super::super::request::Refused;
use crate::dma::{
    self,
    Bidirectional,
    Buffer,
    CoherentMemory,
    CpuOwned,
    DevicePages,
    Direction,
    Engine,
    ErrorWith,
    FromDevice,
    IovaMapping,
    Mapping,
    PagesPart,
    PoolObject,
    Range,
    ResourceMapping,
    SgMapping,
    ToDevice,
    Transfer,
    VmappedPages, //
};
use crate::testdev::addresses::{phys_at, Number, Phys};
use core::{
    convert::Infallible,
    ops, //
};
use kernel::{
    dma::DmaAddress,
    io::{
        io_project,
        Io,
        PhysAddr, //
    },
    page::PAGE_SIZE,
    prelude::*, //
};

/// A direction that is checked at run time.
pub(in crate::testdev) trait RuntimeDirection: Direction {
    const DEVICE_READS: bool;
    const DEVICE_WRITES: bool;

    /// Starts a transfer to the device, if the direction allows it.
    fn read<E: Engine, M: dma::Memory<Direction = Self>>(
        engine: E,
        memory: M,
        range: ops::Range<usize>,
        job: E::Command,
    ) -> Result<Transfer<E, M>, ErrorWith<M>>;

    /// Starts a transfer from the device, if the direction allows it.
    fn write<E: Engine, M: dma::Memory<Direction = Self>>(
        engine: E,
        memory: M,
        range: ops::Range<usize>,
        job: E::Command,
    ) -> Result<Transfer<E, M>, ErrorWith<M>>;
}

/// Implements [`RuntimeDirection`] for a direction.
macro_rules! runtime_direction {
    ($direction:ty, $reads:literal, $writes:literal, $read:expr, $write:expr) => {
        impl RuntimeDirection for $direction {
            const DEVICE_READS: bool = $reads;
            const DEVICE_WRITES: bool = $writes;

            fn read<E: Engine, M: dma::Memory<Direction = Self>>(
                engine: E,
                memory: M,
                range: ops::Range<usize>,
                job: E::Command,
            ) -> Result<Transfer<E, M>, ErrorWith<M>> {
                $read(engine, memory, range, job)
            }

            fn write<E: Engine, M: dma::Memory<Direction = Self>>(
                engine: E,
                memory: M,
                range: ops::Range<usize>,
                job: E::Command,
            ) -> Result<Transfer<E, M>, ErrorWith<M>> {
                $write(engine, memory, range, job)
            }
        }
    };
}

/// Refuses a transfer that the direction does not permit.
fn not_permitted<E: Engine, M: dma::Memory>(
    _engine: E,
    memory: M,
    _range: ops::Range<usize>,
    _job: E::Command,
) -> Result<Transfer<E, M>, ErrorWith<M>> {
    Err(ErrorWith {
        error: EACCES,
        value: memory,
    })
}

runtime_direction!(ToDevice, true, false, Transfer::to_device, not_permitted);
runtime_direction!(
    FromDevice,
    false,
    true,
    not_permitted,
    Transfer::from_device
);
runtime_direction!(
    Bidirectional,
    true,
    true,
    Transfer::to_device,
    Transfer::from_device
);

/// Mapped memory that the device owns.
pub(in crate::testdev) trait Memory: Send + Sized {
    type RuntimeDirection: RuntimeDirection;

    /// The memory while the CPU owns it.
    type CpuOwned: Send;

    /// The memory in a transfer.
    type Segment: dma::Memory<Direction = Self::RuntimeDirection> + Send;

    /// Whether the CPU and the device own the memory alternately, with syncs between them.
    const HAS_SYNCS: bool;

    /// Whether the CPU and the device share the memory, without syncs.
    const IS_SHARED: bool = false;

    /// Whether the CPU can access the memory while it is mapped.
    const HAS_ACCESS: bool = Self::HAS_SYNCS || Self::IS_SHARED;

    const NO_SYNCS: Refused = Refused::because(
        EOPNOTSUPP,
        if Self::IS_SHARED {
            "the CPU and the device share it: it is never synced"
        } else {
            "the device owns it until it is unmapped: it is never synced"
        },
    );

    const NO_ACCESS: Refused =
        Refused::because(EOPNOTSUPP, "the CPU cannot access it while it is mapped");

    /// Returns the DMA address of the first byte.
    fn dma(&self) -> DmaAddress;

    /// Calls `show` with the physical address of the first byte, and of each further page.
    fn pages(&self, show: &mut dyn FnMut(PhysAddr));

    /// Makes the CPU the owner, if it can access the memory.
    fn into_cpu(self) -> Result<Self::CpuOwned, Self>;

    /// Makes the device the owner.
    fn into_device(owned: Self::CpuOwned) -> Self;

    /// Copies bytes to the memory.
    fn write(owned: &mut Self::CpuOwned, offset: usize, bytes: &[u8]) -> Result<(), Refused>;

    /// Copies bytes from the memory.
    fn read(owned: &Self::CpuOwned, offset: usize, bytes: &mut [u8]) -> Result<(), Refused>;

    /// Returns the memory for a transfer, and the first bytes of `range` that are contiguous for
    /// the device.
    fn segment(self, range: ops::Range<usize>) -> Result<(Self::Segment, ops::Range<usize>), Self>;

    /// Reverts [`Memory::segment`].
    fn from_segment(segment: Self::Segment) -> Self;
}

const BEYOND: Refused = Refused::because(EINVAL, "the memory has no such bytes");
const READ_ONLY: Refused =
    Refused::because(EACCES, "the CPU may not write it: it is mapped from_device");

/// Calls `show` with the pages of `len` contiguous bytes.
fn pages_of(phys: PhysAddr, len: usize, show: &mut dyn FnMut(PhysAddr)) {
    let mask = PAGE_SIZE as PhysAddr - 1;
    let end = phys + len as PhysAddr;
    let mut at = phys;

    while at < end {
        show(at);
        at = (at & !mask) + PAGE_SIZE as PhysAddr;
    }
}

/// Defines the segment of memory that is one segment.
macro_rules! whole {
    () => {
        type Segment = Self;

        fn segment(self, range: ops::Range<usize>) -> Result<(Self, ops::Range<usize>), Self> {
            Ok((self, range))
        }

        fn from_segment(segment: Self) -> Self {
            segment
        }
    };
}

/// Defines the ownership of memory that can be synced.
macro_rules! syncs {
    () => {
        type CpuOwned = CpuOwned<Self>;

        const HAS_SYNCS: bool = true;

        fn into_cpu(self) -> Result<CpuOwned<Self>, Self> {
            Ok(self.into_cpu())
        }

        fn into_device(owned: CpuOwned<Self>) -> Self {
            owned.into_device()
        }
    };
}

/// Defines the access to memory that is a slice while the CPU owns it.
macro_rules! slice {
    (read) => {
        fn read(owned: &Self::CpuOwned, offset: usize, bytes: &mut [u8]) -> Result<(), Refused> {
            let from = owned.get(offset..).and_then(|rest| rest.get(..bytes.len()));

            bytes.copy_from_slice(from.ok_or(BEYOND)?);
            Ok(())
        }
    };
    (write) => {
        fn write(owned: &mut Self::CpuOwned, offset: usize, bytes: &[u8]) -> Result<(), Refused> {
            let to = owned
                .get_mut(offset..)
                .and_then(|rest| rest.get_mut(..bytes.len()));

            to.ok_or(BEYOND)?.copy_from_slice(bytes);
            Ok(())
        }
    };
    (read only) => {
        fn write(
            _owned: &mut Self::CpuOwned,
            _offset: usize,
            _bytes: &[u8],
        ) -> Result<(), Refused> {
            Err(READ_ONLY)
        }
    };
}

/// Implements [`Memory`] for mappings that can be synced, for each direction.
macro_rules! with_syncs {
    ($($direction:ty, ($($writes:tt)*);)*) => {$(
        impl<B> Memory for Mapping<'_, B, $direction>
        where
            B: Buffer<Target = [u8]> + Send,
        {
            type RuntimeDirection = $direction;

            syncs!();
            whole!();
            slice!(read);
            slice!($($writes)*);

            fn dma(&self) -> DmaAddress {
                self.range().number()
            }

            fn pages(&self, show: &mut dyn FnMut(PhysAddr)) {
                pages_of(self.phys(), self.range().len(), show);
            }
        }

        impl Memory for DevicePages<'_, u8, $direction> {
            type RuntimeDirection = $direction;

            syncs!();
            whole!();
            slice!(read);
            slice!($($writes)*);

            fn dma(&self) -> DmaAddress {
                self.range().number()
            }

            fn pages(&self, show: &mut dyn FnMut(PhysAddr)) {
                pages_of(self.phys(), self.len(), show);
            }
        }

        impl Memory for VmappedPages<'_, u8, $direction> {
            type RuntimeDirection = $direction;

            syncs!();
            whole!();
            slice!(read);
            slice!($($writes)*);

            fn dma(&self) -> DmaAddress {
                self.range().number()
            }

            fn pages(&self, show: &mut dyn FnMut(PhysAddr)) {
                for piece in self.phys_vecs() {
                    pages_of(piece.phys(), piece.len(), show);
                }
            }
        }

        impl Memory for SgMapping<'_, KVec<PagesPart>, $direction> {
            type RuntimeDirection = $direction;
            type Segment = Self;

            syncs!();

            fn dma(&self) -> DmaAddress {
                first(self.segments())
            }

            fn pages(&self, show: &mut dyn FnMut(PhysAddr)) {
                for piece in self.phys_vecs() {
                    pages_of(piece.phys(), piece.len(), show);
                }
            }

            fn read(
                owned: &Self::CpuOwned,
                offset: usize,
                bytes: &mut [u8],
            ) -> Result<(), Refused> {
                owned.read(offset, bytes).map_err(|_| BEYOND)
            }

            sg_write!($($writes)*);

            fn segment(
                self,
                range: ops::Range<usize>,
            ) -> Result<(Self::Segment, ops::Range<usize>), Self> {
                match contiguous(self.segments().map(|range| range.len()), &range) {
                    Some(range) => Ok((self, range)),
                    None => Err(self),
                }
            }

            fn from_segment(segment: Self) -> Self {
                segment
            }
        }
    )*};
}

macro_rules! sg_write {
    (write) => {
        fn write(owned: &mut Self::CpuOwned, offset: usize, bytes: &[u8]) -> Result<(), Refused> {
            owned.write(offset, bytes).map_err(|_| BEYOND)
        }
    };
    (read only) => {
        slice!(read only);
    };
}

with_syncs! {
    ToDevice, (write);
    FromDevice, (read only);
    Bidirectional, (write);
}

/// Returns the address of the first range; a mapping has at least one.
fn first<'a, D: Direction>(mut ranges: impl Iterator<Item = Range<'a, D>>) -> DmaAddress {
    ranges.next().map_or(0, |range| range.number())
}

/// Returns the first bytes of `range` that are in one of the DMA ranges with these lengths.
fn contiguous(
    lengths: impl Iterator<Item = usize>,
    range: &ops::Range<usize>,
) -> Option<ops::Range<usize>> {
    let mut end = 0;

    for len in lengths {
        end += len;
        if range.start < end {
            return Some(range.start..end.min(range.end));
        }
    }
    None
}

/// Defines ownership and access of memory that the CPU and the device share; `$io` is its I/O view.
macro_rules! shared {
    (|$memory:ident| $io:expr) => {
        type RuntimeDirection = Bidirectional;
        type CpuOwned = Self;

        const HAS_SYNCS: bool = false;
        const IS_SHARED: bool = true;

        whole!();

        fn into_cpu(self) -> Result<Self, Self> {
            Ok(self)
        }

        fn into_device(owned: Self) -> Self {
            owned
        }

        fn write($memory: &mut Self, offset: usize, bytes: &[u8]) -> Result<(), Refused> {
            let write = || -> Result {
                io_project!($io, [try: offset..offset + bytes.len()]).copy_from_slice(bytes);
                Ok(())
            };

            write().map_err(|_| BEYOND)
        }

        fn read($memory: &Self, offset: usize, bytes: &mut [u8]) -> Result<(), Refused> {
            let mut read = || -> Result {
                io_project!($io, [try: offset..offset + bytes.len()]).copy_to_slice(bytes);
                Ok(())
            };

            read().map_err(|_| BEYOND)
        }
    };
}

impl Memory for CoherentMemory<'_, [u8]> {
    shared!(|memory| memory);

    fn dma(&self) -> DmaAddress {
        self.range().number()
    }

    fn pages(&self, show: &mut dyn FnMut(PhysAddr)) {
        for offset in (0..self.size()).step_by(PAGE_SIZE) {
            if let Some(phys) = phys_at(self, offset) {
                show(phys);
            }
        }
    }
}

impl<const SIZE: usize> Memory for PoolObject<'_, [u8; SIZE]> {
    shared!(|memory| memory);

    fn dma(&self) -> DmaAddress {
        self.range().number()
    }

    fn pages(&self, show: &mut dyn FnMut(PhysAddr)) {
        show(self.phys());
    }
}

/// Defines ownership of memory that the CPU cannot access before it is unmapped.
macro_rules! never {
    () => {
        type CpuOwned = Infallible;

        const HAS_SYNCS: bool = false;

        whole!();

        fn into_cpu(self) -> Result<Infallible, Self> {
            Err(self)
        }

        fn into_device(owned: Infallible) -> Self {
            match owned {}
        }

        fn write(owned: &mut Infallible, _offset: usize, _bytes: &[u8]) -> Result<(), Refused> {
            match *owned {}
        }

        fn read(owned: &Infallible, _offset: usize, _bytes: &mut [u8]) -> Result<(), Refused> {
            match *owned {}
        }
    };
}

impl<W: RuntimeDirection + Send> Memory for IovaMapping<'_, KVec<PagesPart>, W> {
    type RuntimeDirection = W;

    never!();

    fn dma(&self) -> DmaAddress {
        self.range().number()
    }

    fn pages(&self, show: &mut dyn FnMut(PhysAddr)) {
        for piece in self.phys_vecs() {
            pages_of(piece.phys(), piece.len(), show);
        }
    }
}

impl<W: RuntimeDirection + Send> Memory for ResourceMapping<'_, W> {
    type RuntimeDirection = W;

    never!();

    fn dma(&self) -> DmaAddress {
        self.range().number()
    }

    fn pages(&self, show: &mut dyn FnMut(PhysAddr)) {
        show(self.phys());
    }
}
