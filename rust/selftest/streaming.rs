// SPDX-License-Identifier: GPL-2.0

//! Streaming mappings: each direction, odd sizes and offsets, through the device and back.

use super::{
    evidence::{
        direction_name,
        Evidence,
        Failure,
        Stop, //
    },
    ktap::Suite,
    pattern,
    scratch::{
        fetch,
        load,
        JOB,
        TIMEOUT, //
    },
    Context, //
};
use crate::{
    dma::{
        buffer::{
            Buffer,
            Pages, //
        },
        direction::{
            Bidirectional,
            Direction,
            FromDevice,
            Permits,
            ToDevice, //
        },
        limits,
        streaming::{
            MapError,
            Mapping, //
        },
        transfer::Transfer, //
    },
    testdev::edu::BUFFER_SIZE, //
};
use core::ops::{
    DerefMut,
    Range, //
};
use kernel::{
    dma::{
        attrs::{
            DMA_ATTR_MMIO,
            DMA_ATTR_SKIP_CPU_SYNC, //
        },
        Attrs, //
    },
    fmt,
    io::PhysAddr,
    page::PAGE_SIZE,
    prelude::*, //
};

/// A buffer, and the part of it that the device moves.
struct Case {
    memory: Memory,
    size: usize,
    range: Range<usize>,
}

/// Where the memory comes from.
#[derive(Clone, Copy)]
enum Memory {
    Box,
    Vec,
    Pages,
}

const BOX_SIZE: usize = 64;

const fn whole(memory: Memory, size: usize) -> Case {
    Case {
        memory,
        size,
        range: 0..size,
    }
}

const CASES: [Case; 9] = [
    whole(Memory::Vec, 1),
    whole(Memory::Box, BOX_SIZE),
    whole(Memory::Vec, 4095),
    whole(Memory::Vec, 4096),
    whole(Memory::Pages, 4096),
    whole(Memory::Pages, 64 << 10),
    whole(Memory::Vec, 1 << 20),
    // Unaligned, and across the border of two pages.
    Case {
        memory: Memory::Vec,
        size: 8192,
        range: 3..4098,
    },
    Case {
        memory: Memory::Pages,
        size: 8192,
        range: 4093..4100,
    },
];

/// Each case in each direction, and what must be refused.
pub(super) const PLAN: usize = 3 * CASES.len() + REFUSED.len() + 1;

/// Attributes that are not for streaming mappings.
const REFUSED: [(&CStr, Attrs); 2] = [
    (c"DMA_ATTR_MMIO", DMA_ATTR_MMIO),
    (c"DMA_ATTR_SKIP_CPU_SYNC", DMA_ATTR_SKIP_CPU_SYNC),
];

/// The pattern of what is moved, and that of what must not stay or must not change.
const DATA: u32 = 2;
const OTHER: u32 = 3;

pub(super) fn run(ctx: &Context<'_>, suite: &mut Suite<'_>) {
    direction::<ToDevice>(ctx, suite);
    direction::<FromDevice>(ctx, suite);
    direction::<Bidirectional>(ctx, suite);

    for (name, attr) in REFUSED {
        suite.result(fmt!("refused {}", name), refused_attribute(ctx, attr));
    }
    suite.result(fmt!("refused empty buffer"), refused_empty(ctx));
}

/// Runs all cases in one direction.
fn direction<D>(ctx: &Context<'_>, suite: &mut Suite<'_>)
where
    D: Moves + Permits<[u8; BOX_SIZE]> + Permits<[u8]>,
{
    for case in CASES {
        let (memory, result) = match case.memory {
            Memory::Box => ("box", boxed().and_then(|b| check::<_, D>(ctx, b, &case))),
            Memory::Vec => (
                "vec",
                vec(case.size).and_then(|b| check::<_, D>(ctx, b, &case)),
            ),
            Memory::Pages => (
                "pages",
                pages(case.size).and_then(|b| check::<_, D>(ctx, b, &case)),
            ),
        };

        suite.result(
            fmt!(
                "{} {} {} bytes {}..{}",
                direction_name(D::DIRECTION),
                memory,
                case.size,
                case.range.start,
                case.range.end,
            ),
            result,
        );
    }
}

fn boxed() -> Result<KBox<[u8; BOX_SIZE]>, Stop> {
    Ok(KBox::new([0; BOX_SIZE], GFP_KERNEL)?)
}

fn vec(size: usize) -> Result<KVec<u8>, Stop> {
    Ok(KVec::from_elem(0, size, GFP_KERNEL)?)
}

fn pages(size: usize) -> Result<Pages, Stop> {
    let order = size.div_ceil(PAGE_SIZE).next_power_of_two().ilog2();

    Ok(Pages::zeroed(order, GFP_KERNEL)?)
}

/// A buffer of bytes.
trait Bytes:
    Buffer<Target: AsRef<[u8]> + AsMut<[u8]>> + DerefMut<Target = <Self as Buffer>::Target>
{
    /// The C function that maps it.
    const MAP: &'static str;
}

impl Bytes for KBox<[u8; BOX_SIZE]> {
    const MAP: &'static str = "dma_map_single";
}

impl Bytes for KVec<u8> {
    const MAP: &'static str = "dma_map_single";
}

impl Bytes for Pages {
    const MAP: &'static str = "dma_map_page";
}

/// A direction, and how to see that data goes that way and no other.
trait Moves: Direction {
    /// The direction as a value.
    const VALUE: Self;
    /// The pattern that is in the buffer before it is mapped.
    const BEFORE: u32;

    /// Moves the bytes of `chunk` through the device, and checks what can be checked on the way.
    ///
    /// In the end the chunk must hold the pattern [`DATA`].
    fn through<'a, B: Bytes>(
        ctx: &Context<'_>,
        mapping: Mapping<'a, B, Self>,
        chunk: Range<usize>,
    ) -> Result<Mapping<'a, B, Self>, Stop>
    where
        Self: Sized;
}

impl Moves for ToDevice {
    const VALUE: Self = Self;
    const BEFORE: u32 = DATA;

    fn through<'a, B: Bytes>(
        ctx: &Context<'_>,
        mapping: Mapping<'a, B, Self>,
        chunk: Range<usize>,
    ) -> Result<Mapping<'a, B, Self>, Stop> {
        let mut seen = vec(chunk.len())?;
        let start = chunk.start;

        let mapping = Transfer::read(ctx.edu, mapping, chunk, JOB)?.wait(TIMEOUT)?;
        fetch(ctx, &mut seen)?;
        pattern::compare(&seen, DATA, start)?;

        Ok(mapping)
    }
}

impl Moves for FromDevice {
    const VALUE: Self = Self;
    const BEFORE: u32 = OTHER;

    fn through<'a, B: Bytes>(
        ctx: &Context<'_>,
        mapping: Mapping<'a, B, Self>,
        chunk: Range<usize>,
    ) -> Result<Mapping<'a, B, Self>, Stop> {
        let mut data = vec(chunk.len())?;
        pattern::fill(&mut data, DATA, chunk.start);

        load(ctx, &data)?;
        Ok(Transfer::write(ctx.edu, mapping, chunk, JOB)?.wait(TIMEOUT)?)
    }
}

impl Moves for Bidirectional {
    const VALUE: Self = Self;
    const BEFORE: u32 = DATA;

    fn through<'a, B: Bytes>(
        ctx: &Context<'_>,
        mapping: Mapping<'a, B, Self>,
        chunk: Range<usize>,
    ) -> Result<Mapping<'a, B, Self>, Stop> {
        let mut mapping = Transfer::read(ctx.edu, mapping, chunk.clone(), JOB)?.wait(TIMEOUT)?;

        // The pattern can only come back from the device now.
        let mut memory = mapping.sync_for_cpu();
        memory.as_mut()[chunk.clone()].fill(0);
        drop(memory);

        Ok(Transfer::write(ctx.edu, mapping, chunk, JOB)?.wait(TIMEOUT)?)
    }
}

/// What a case came to.
enum Outcome {
    /// The data went through the device.
    Moved(Evidence),
    /// The buffer is more than the device's DMA path can map, and was refused.
    Refused,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Moved(evidence) => evidence.fmt(f),
            Self::Refused => {
                f.write_str("beyond the max mapping size: refused witness: buffer came back intact")
            }
        }
    }
}

/// Maps a buffer, moves its data, and checks all that there is to be seen.
fn check<B: Bytes, D: Moves + Permits<<B as Buffer>::Target>>(
    ctx: &Context<'_>,
    mut buffer: B,
    case: &Case,
) -> Result<Outcome, Stop> {
    pattern::fill((*buffer).as_mut(), D::BEFORE, 0);

    let mut mapping = match Mapping::map(ctx.dev, buffer, D::VALUE) {
        Ok(mapping) => mapping,
        Err(err) if case.size > limits::max_mapping_size(ctx.dev) => {
            pattern::compare((*err.buffer).as_ref(), D::BEFORE, 0)?;
            return Ok(Outcome::Refused);
        }
        Err(err) => return Err(err.error.into()),
    };

    let dma = mapping.span().address();
    let phys = mapping.phys();
    let size = mapping.span().len();
    if size != case.size {
        return Err(Failure::Unexpected("the span has another size than the buffer").into());
    }

    // Physically contiguous, by the contract of `Buffer`.
    let witness = ctx
        .witness
        .mapped(dma, size, |offset| phys + offset as PhysAddr)?;

    let Range { start, end } = case.range;
    for at in (start..end).step_by(BUFFER_SIZE) {
        mapping = D::through(ctx, mapping, at..end.min(at + BUFFER_SIZE))?;
    }

    let buffer = mapping.unmap();
    ctx.witness.unmapped(dma, size)?;

    let bytes = (*buffer).as_ref();
    pattern::compare(&bytes[..start], D::BEFORE, 0)?;
    pattern::compare(&bytes[start..end], DATA, start)?;
    pattern::compare(&bytes[end..], D::BEFORE, end)?;

    Ok(Outcome::Moved(Evidence {
        operation: B::MAP,
        direction: D::DIRECTION,
        size,
        phys,
        dma,
        witnesses: ["round trip", witness],
    }))
}

/// An attribute that is not for streaming mappings is refused, and the buffer comes back.
fn refused_attribute(ctx: &Context<'_>, attr: Attrs) -> Result<&'static str, Stop> {
    let mut buffer = vec(4096)?;
    pattern::fill(&mut buffer, DATA, 0);

    match Mapping::map_attrs(ctx.dev, buffer, ToDevice, attr) {
        Ok(_) => Err(Failure::Unexpected("it was mapped all the same").into()),
        Err(err) => is_einval(err),
    }
}

/// A buffer without a byte is refused, and comes back.
fn refused_empty(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    match Mapping::map(ctx.dev, vec(0)?, ToDevice) {
        Ok(_) => Err(Failure::Unexpected("an empty buffer was mapped").into()),
        Err(err) => is_einval(err),
    }
}

/// Checks the error, and that the buffer is as it was.
fn is_einval(err: MapError<KVec<u8>>) -> Result<&'static str, Stop> {
    if err.error != EINVAL {
        return Err(err.error.into());
    }

    pattern::compare(&err.buffer, DATA, 0)?;
    Ok("dma_map_single to_device refused with EINVAL witness: buffer came back intact")
}
