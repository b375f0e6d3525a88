// SPDX-License-Identifier: GPL-2.0

//! Streaming mappings: round trips in each direction, with odd sizes and offsets.

use super::{
    place::device_writes_lines,
    prelude::*, //
};
use crate::dma::Buffer;
use core::ops::DerefMut;

/// A buffer, and the part that is transferred.
struct Case {
    memory: Memory,
    size: usize,
    range: Range<usize>,
}

/// The type of the buffer.
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

const CASES: [Case; 10] = [
    whole(Memory::Vec, 1),
    whole(Memory::Box, BOX_SIZE),
    // The object is not aligned to a cache line.
    whole(Memory::Vec, 96),
    whole(Memory::Vec, 4095),
    whole(Memory::Vec, 4096),
    whole(Memory::Pages, PAGE_SIZE),
    whole(Memory::Pages, 64 << 10),
    // Only the end is transferred: the whole buffer would take minutes.
    Case {
        memory: Memory::Vec,
        size: 1 << 20,
        range: (1 << 20) - 8192..1 << 20,
    },
    // Unaligned, and across a page boundary.
    Case {
        memory: Memory::Vec,
        size: 2 * PAGE_SIZE,
        range: PAGE_SIZE - 4093..PAGE_SIZE + 2,
    },
    Case {
        memory: Memory::Pages,
        size: 2 * PAGE_SIZE,
        range: PAGE_SIZE - 3..PAGE_SIZE + 4,
    },
];

pub(super) const PLAN: usize = 3 * CASES.len() + 1 + REFUSED.len() + 2;

/// Attributes that streaming mappings refuse.
const REFUSED: [(&CStr, Attrs); 2] = [
    (c"DMA_ATTR_MMIO", DMA_ATTR_MMIO),
    (c"DMA_ATTR_SKIP_CPU_SYNC", DMA_ATTR_SKIP_CPU_SYNC),
];

pub(super) fn run(ctx: &Context<'_>, suite: &mut Suite<'_>) {
    direction::<ToDevice>(ctx, suite);
    direction::<FromDevice>(ctx, suite);
    direction::<Bidirectional>(ctx, suite);
    suite.result(fmt!("bidirectional pages beyond 4 GiB"), beyond_4_gib(ctx));

    for (name, attr) in REFUSED {
        suite.result(fmt!("refused {}", name), refused_attribute(ctx, attr));
    }
    suite.result(fmt!("refused empty buffer"), refused_empty(ctx));
    suite.result(fmt!("partial cache line"), partial_line(ctx));
}

/// Runs all cases in one direction.
fn direction<D>(ctx: &Context<'_>, suite: &mut Suite<'_>)
where
    D: DirectionTest + Permits<[u8; BOX_SIZE]> + Permits<[u8]>,
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

/// Maps memory beyond 4 GiB, which a device of 32 bits reaches only by an IOMMU or bounce buffers.
fn beyond_4_gib(ctx: &Context<'_>) -> Result<Outcome, Stop> {
    let size = 2 * PAGE_SIZE;
    let mapping = Mapping::map(ctx.dev, pages(size)?, Bidirectional).map_err(|err| err.error)?;

    if mapping.phys() <= 0xffff_ffff {
        return Err(Stop::Skip("memory from anywhere is below 4 GiB"));
    }
    check::<_, Bidirectional>(ctx, mapping.unmap(), &whole(Memory::Pages, size))
}

/// A buffer of bytes.
trait Bytes:
    Buffer<Target: AsRef<[u8]> + AsMut<[u8]>> + DerefMut<Target = <Self as Buffer>::Target>
{
    /// The C functions that map and unmap it.
    const MAP: &'static str;
}

impl Bytes for KBox<[u8; BOX_SIZE]> {
    const MAP: &'static str = "dma_map_single, dma_unmap_single";
}

impl Bytes for KVec<u8> {
    const MAP: &'static str = "dma_map_single, dma_unmap_single";
}

impl Bytes for Pages {
    const MAP: &'static str = "dma_map_page, dma_unmap_page";
}

/// The result of a case.
enum Outcome {
    /// The round trip succeeded.
    Moved(Evidence),
    /// The buffer exceeds the maximum mapping size and was refused.
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

/// Maps a buffer, transfers its data, and checks the mapping and the data.
fn check<B: Bytes, D: DirectionTest + Permits<<B as Buffer>::Target>>(
    ctx: &Context<'_>,
    mut buffer: B,
    case: &Case,
) -> Result<Outcome, Stop> {
    pattern::fill((*buffer).as_mut(), D::BEFORE, 0);

    let mut mapping = match Mapping::map(ctx.dev, buffer, D::VALUE) {
        Ok(mapping) => mapping,
        Err(err) if case.size > limits::max_mapping_size(ctx.dev) => {
            pattern::compare((*err.value).as_ref(), D::BEFORE, 0)?;
            return Ok(Outcome::Refused);
        }
        Err(err) => return Err(err.error.into()),
    };

    let place = Place::of(&mapping);
    if place.size != case.size {
        return fail("the range has another size than the buffer");
    }
    let witness = place.mapped(ctx)?;

    let Range { start, end } = case.range;
    for at in (start..end).step_by(BUFFER_SIZE) {
        mapping = D::through(ctx, mapping, at..end.min(at + BUFFER_SIZE), 0)?;
    }

    let buffer = mapping.unmap();
    place.unmapped(ctx)?;

    let bytes = (*buffer).as_ref();
    pattern::compare(&bytes[..start], D::BEFORE, 0)?;
    pattern::compare(&bytes[start..end], D::after(ctx), start)?;
    pattern::compare(&bytes[end..], D::BEFORE, end)?;

    let witnesses = [ctx.moved("round trip"), witness];
    Ok(Outcome::Moved(place.evidence(B::MAP, witnesses)))
}

/// The result for vectors that are mapped in part, in objects that begin within a cache line.
struct PartialLine {
    len: usize,
    capacity: usize,
    refused: usize,
    /// The evidence of the vectors that were mapped.
    witness: &'static str,
}

impl fmt::Display for PartialLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            len,
            capacity,
            refused,
            witness,
        } = self;

        write!(
            f,
            "dma_map_single, dev_is_dma_coherent, dma_get_cache_alignment {len} of {capacity} \
             bytes, within a cache line: "
        )?;
        if *refused == 0 {
            write!(f, "mapped in all directions witness: {witness}")
        } else {
            write!(
                f,
                "mapped to_device, others refused with EINVAL witness: {witness}, buffer came back \
                 intact"
            )
        }
    }
}

/// Maps a part of an object that begins within a cache line. This must be refused if writes by the
/// device could corrupt the adjacent object.
fn partial_line(ctx: &Context<'_>) -> Result<PartialLine, Stop> {
    let len = limits::cache_alignment();
    // kmalloc() aligns to the largest power of two that divides the size: half a cache line.
    let capacity = len + len / 2;
    let refused = partial_line_in::<ToDevice>(ctx, len, capacity)?
        + partial_line_in::<FromDevice>(ctx, len, capacity)?
        + partial_line_in::<Bidirectional>(ctx, len, capacity)?;

    Ok(PartialLine {
        len,
        capacity,
        refused,
        witness: ctx.moved("round trip"),
    })
}

/// Checks one direction, with a vector that was never full and one that was truncated. Returns the
/// number of refusals.
fn partial_line_in<D: DirectionTest + Permits<[u8]>>(
    ctx: &Context<'_>,
    len: usize,
    capacity: usize,
) -> Result<usize, Stop> {
    let mut refused = 0;

    for shortened in [false, true] {
        let mut buffer = within_a_line(len, capacity, shortened)?;

        if !device_writes_lines(ctx, D::DIRECTION) {
            match check::<_, D>(ctx, buffer, &whole(Memory::Vec, len))? {
                Outcome::Moved(_) => continue,
                Outcome::Refused => return fail("the mapping was refused"),
            }
        }

        pattern::fill(&mut buffer, DATA, 0);
        let (at, room) = (buffer.as_ptr(), buffer.capacity());
        let Err(err) = Mapping::map(ctx.dev, buffer, D::VALUE) else {
            return fail("the mapping was not refused");
        };

        if err.error != EINVAL {
            return Err(err.error.into());
        }
        pattern::compare(&err.value, DATA, 0)?;
        if (err.value.as_ptr(), err.value.capacity()) != (at, room) || err.value.len() != len {
            return fail("another buffer came back");
        }
        refused += 1;
    }

    Ok(refused)
}

/// Returns a vector of `len` bytes in an object of `capacity`, which begins within a cache line.
fn within_a_line(len: usize, capacity: usize, shortened: bool) -> Result<KVec<u8>, Stop> {
    // Enough to fill a slab, where not all objects can be aligned. Keep all until the end: a freed
    // object would be allocated next.
    const TRIES: usize = 128;
    let mut others = KVec::with_capacity(TRIES, GFP_KERNEL)?;

    for _ in 0..TRIES {
        let mut buffer = KVec::with_capacity(capacity, GFP_KERNEL)?;
        buffer.resize(if shortened { capacity } else { len }, 0, GFP_KERNEL)?;
        buffer.truncate(len);

        if buffer.as_ptr().addr() & (limits::cache_alignment() - 1) != 0 {
            return Ok(buffer);
        }
        others.push(buffer, GFP_KERNEL)?;
    }

    Err(Stop::Skip("kmalloc() aligns all objects to cache lines"))
}

/// Checks that an attribute is refused, and that the error returns the buffer.
fn refused_attribute(ctx: &Context<'_>, attr: Attrs) -> Result<&'static str, Stop> {
    let mut buffer = vec(4096)?;
    pattern::fill(&mut buffer, DATA, 0);

    match Mapping::map_with_attrs(ctx.dev, buffer, ToDevice, attr) {
        Ok(_) => fail("the mapping was not refused"),
        Err(err) => is_einval(err),
    }
}

/// Checks that an empty buffer is refused, and that the error returns it.
fn refused_empty(ctx: &Context<'_>) -> Result<&'static str, Stop> {
    match Mapping::map(ctx.dev, vec(0)?, ToDevice) {
        Ok(_) => fail("an empty buffer was mapped"),
        Err(err) => is_einval(err),
    }
}

/// Checks that the error is `EINVAL`, and that the buffer is unchanged.
fn is_einval(err: ErrorWith<KVec<u8>>) -> Result<&'static str, Stop> {
    if err.error != EINVAL {
        return Err(err.error.into());
    }

    pattern::compare(&err.value, DATA, 0)?;
    Ok("dma_map_single to_device refused with EINVAL witness: buffer came back intact")
}
