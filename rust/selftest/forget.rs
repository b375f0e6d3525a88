// SPDX-License-Identifier: GPL-2.0

//! Values of the library that are forgotten instead of dropped, in each state that they can be in.
//!
//! What is forgotten is lost until the next boot, and the DMA debugger reports mappings that are left
//! when the device is unbound. Nothing worse may happen: the device's address leads to the same
//! memory as before, and nobody is given that memory again.

use super::{
    bounce::placed,
    evidence::{
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
        buffer::Pages,
        buffer_pool::{
            BufferPool,
            CpuBuffer,
            DeviceBuffer,
            LocalBufferPool, //
        },
        coherent::CoherentMemory,
        direction::{
            Bidirectional,
            Direction,
            FromDevice,
            Permits,
            ToDevice, //
        },
        iova::IovaBuilder,
        pages::{
            DevicePages,
            NoncontiguousPages, //
        },
        pool::{
            DmaPool,
            PoolObject, //
        },
        resource::ResourceMapping,
        scoped::with_mapping,
        sg::SgMapping,
        span::Span,
        streaming::{
            MapError,
            Mapping, //
        },
        transfer::{
            DeviceMemory,
            Engine,
            Progress,
            StartError,
            Transfer,
            WaitError, //
        }, //
    },
    testdev::addresses::{phys_at, Number, Phys},
    testdev::edu::{
        Edu,
        Job, //
    }, //
};
use core::mem;
use kernel::{
    device::{
        Bound,
        Device, //
    },
    dma::DmaAddress,
    dma::{
        attrs::DMA_ATTR_MMIO,
        DataDirection, //
    },
    fmt,
    io::{
        Io,
        PhysAddr, //
    },
    page::PAGE_SIZE,
    prelude::*,
    ptr::Alignment,
    time::Msecs, //
};

/// Of each buffer, in bytes. Of this size the allocator gives out soonest what was freed last.
const SIZE: usize = 512;
type Object = [u8; SIZE];
const SEED: u32 = 6;
const OTHER: u32 = 7;

/// How many buffers are asked for, none of which may be the one that was forgotten.
const ATTEMPTS: usize = 32;

/// One state, and what forgetting it leaves behind.
struct State {
    name: &'static CStr,
    /// How many mappings the DMA debugger must find when the device is unbound; each entry of a list counts.
    pending: usize,
    forget: fn(&Context<'_>) -> Result<(), Stop>,
}

const fn state(
    name: &'static CStr,
    pending: usize,
    forget: fn(&Context<'_>) -> Result<(), Stop>,
) -> State {
    State {
        name,
        pending,
        forget,
    }
}

const STATES: &[State] = &[
    state(c"Pages", 0, pages),
    state(c"MapError", 0, map_error),
    state(c"Mapping", 1, mapping),
    state(c"Mapping after a transfer", 1, after_transfer),
    state(c"Mapping after the CPU's turn", 1, after_turn),
    state(c"CpuTurn", 1, turn),
    state(c"CpuAccess", 0, guard),
    state(c"CpuAccess, Mapping too", 1, guard_and_mapping),
    state(c"CpuAccess of a range", 0, guard_of_range),
    state(c"StartError", 1, start_error),
    state(c"Transfer to the device", 1, reading),
    state(c"Transfer from the device", 1, writing),
    state(c"Transfer that is over", 1, over),
    state(c"WaitError::TimedOut", 1, timed_out),
    state(c"DevicePages", 1, device_pages),
    state(
        c"DevicePages after a transfer",
        1,
        device_pages_after_transfer,
    ),
    state(c"CpuAccess of DevicePages", 1, device_pages_guard),
    state(c"CpuTurn of DevicePages", 1, device_pages_turn),
    state(c"NoncontiguousPages", 1, noncontiguous),
    state(c"VmappedPages", 1, vmapped),
    state(c"VmapAccess", 1, vmap_guard),
    state(c"CpuTurn of VmappedPages", 1, vmapped_turn),
    state(c"Transfer of VmappedPages", 1, vmapped_transfer),
    state(c"CoherentMemory", 1, coherent),
    state(c"Transfer of CoherentMemory", 1, coherent_transfer),
    state(c"SgMapping", 2, sg),
    state(c"SgAccess", 0, sg_guard),
    state(c"CpuTurn of SgMapping", 2, sg_turn),
    state(c"Transfer of an SgSegment", 2, sg_transfer),
    // The DMA debugger does not know what is linked to a range of addresses.
    state(c"IovaBuilder", 0, iova_builder),
    state(c"IovaMapping", 0, iova_mapping),
    state(c"ResourceMapping", 1, resource),
    state(c"PoolObject", 1, pool_object),
    state(c"Transfer of a PoolObject", 1, pool_object_transfer),
    state(c"DmaPool", 1, dma_pool),
    state(c"CpuBuffer", 1, cpu_buffer),
    state(c"CpuBuffer of a shared pool", 2, cpu_buffer_of_shared),
    state(c"DeviceBuffer", 1, device_buffer),
    state(c"Transfer of a DeviceBuffer", 1, device_buffer_transfer),
    state(c"BufferPool", 2, buffer_pool),
    state(c"LocalBufferPool", 2, local_buffer_pool),
    state(c"CpuAccess in a closure", 0, guard_in_closure),
    state(c"ScopedMapping that the device has kept", 1, kept_by_device),
    // The last: the device is still at work when the driver lets go of it.
    state(c"Transfer in flight at the end", 1, in_flight),
];

pub(super) const PLAN: usize = STATES.len();

pub(super) fn run(ctx: &Context<'_>, suite: &mut Suite<'_>) {
    for State {
        name,
        pending,
        forget,
    } in STATES
    {
        let result = forget(ctx).map(|()| Pending(*pending));
        suite.result(fmt!("{}", *name), result);
    }
}

/// What the DMA debugger will have to say of a state.
struct Pending(usize);

impl fmt::Display for Pending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "forgotten, pending {}", self.0)
    }
}

/// A buffer with the pattern.
fn buffer() -> Result<KVec<u8>, Stop> {
    let mut buffer = KVec::from_elem(0u8, SIZE, GFP_KERNEL)?;

    pattern::fill(&mut buffer, SEED, 0);
    Ok(buffer)
}

/// The buffer, mapped.
fn map<'a, D: Permits<[u8]>>(
    ctx: &Context<'a>,
    direction: D,
) -> Result<Mapping<'a, KVec<u8>, D>, Stop> {
    let mapping = Mapping::map(ctx.dev, buffer()?, direction)?;

    Place::of(&mapping).is_mapped(ctx)?;
    Ok(mapping)
}

/// Where a mapping is, for later.
struct Place {
    dma: DmaAddress,
    phys: PhysAddr,
    direction: DataDirection,
    /// Whether it was mapped, and may be a copy, or is the DMA API's own memory, or registers.
    mapped: bool,
}

impl Place {
    fn of<D: Direction>(mapping: &Mapping<'_, KVec<u8>, D>) -> Self {
        Self {
            dma: mapping.span().number(),
            phys: mapping.phys(),
            direction: D::DIRECTION,
            mapped: true,
        }
    }

    /// Checks that the device's address still leads to the memory, and that nobody gets that.
    fn is_kept(&self, ctx: &Context<'_>) -> Result<(), Stop> {
        self.is_mapped(ctx)?;
        self.is_not_given_to(|| {
            let other = Mapping::map(ctx.dev, buffer()?, ToDevice)?;
            let place = Self::of(&other);

            Ok((other, place))
        })
    }

    /// Checks that the device's address still leads to the memory.
    fn is_mapped(&self, ctx: &Context<'_>) -> Result<(), Stop> {
        if !self.mapped {
            ctx.witness
                .mapped(self.dma, SIZE, self.direction, &|offset| {
                    self.phys + offset as PhysAddr
                })?;
            return Ok(());
        }
        match self.direction {
            DataDirection::ToDevice => placed::<ToDevice>(ctx, self.dma, SIZE, self.phys)?,
            DataDirection::FromDevice => placed::<FromDevice>(ctx, self.dma, SIZE, self.phys)?,
            _ => placed::<Bidirectional>(ctx, self.dma, SIZE, self.phys)?,
        };
        Ok(())
    }

    /// Checks that the device's address leads nowhere, after what was not forgotten was unmapped.
    fn is_unmapped(&self, ctx: &Context<'_>) -> Result<(), Stop> {
        Ok(ctx.witness.unmapped(self.dma, SIZE)?)
    }

    /// Checks that none of what `allocate` returns, with its place, is here.
    fn is_not_given_to<T>(
        &self,
        allocate: impl Fn() -> Result<(T, Self), Stop>,
    ) -> Result<(), Stop> {
        let mut others = KVec::with_capacity(ATTEMPTS, GFP_KERNEL)?;

        for _ in 0..ATTEMPTS {
            let (other, place) = allocate()?;

            if place.phys == self.phys {
                return Err(Failure::Unexpected("the memory was given to somebody else").into());
            }
            if place.dma == self.dma {
                return Err(Failure::Unexpected("the DMA address was given out again").into());
            }
            others.push(other, GFP_KERNEL)?;
        }

        Ok(())
    }
}

/// Checks that the device has the pattern.
fn arrived(ctx: &Context<'_>) -> Result<(), Stop> {
    let mut seen = [0; SIZE];

    fetch(ctx, &mut seen)?;
    Ok(pattern::compare(&seen, SEED, 0)?)
}

/// Puts another pattern into the device.
fn load_other(ctx: &Context<'_>) -> Result<(), Stop> {
    let mut bytes = [0; SIZE];

    pattern::fill(&mut bytes, OTHER, 0);
    load(ctx, &bytes)
}

fn pages(_ctx: &Context<'_>) -> Result<(), Stop> {
    mem::forget(Pages::zeroed(0, GFP_KERNEL)?);
    Ok(())
}

fn map_error(ctx: &Context<'_>) -> Result<(), Stop> {
    match Mapping::map_attrs(ctx.dev, buffer()?, ToDevice, DMA_ATTR_MMIO) {
        Ok(_) => Err(Failure::Unexpected("the attribute was accepted").into()),
        Err(err) => {
            mem::forget::<MapError<_>>(err);
            Ok(())
        }
    }
}

fn mapping(ctx: &Context<'_>) -> Result<(), Stop> {
    let mapping = map(ctx, ToDevice)?;
    let place = Place::of(&mapping);

    mem::forget(mapping);
    place.is_kept(ctx)
}

fn after_transfer(ctx: &Context<'_>) -> Result<(), Stop> {
    load_other(ctx)?;
    let mapping = map(ctx, FromDevice)?;
    let place = Place::of(&mapping);

    mem::forget(Transfer::write(ctx.edu()?, mapping, 0..SIZE, JOB)?.wait(TIMEOUT)?);
    place.is_kept(ctx)
}

fn after_turn(ctx: &Context<'_>) -> Result<(), Stop> {
    let mut mapping = map(ctx, Bidirectional)?;
    let place = Place::of(&mapping);

    pattern::fill(&mut mapping.sync_for_cpu(), OTHER, 0);
    mem::forget(mapping);
    place.is_kept(ctx)
}

fn turn(ctx: &Context<'_>) -> Result<(), Stop> {
    let mapping = map(ctx, Bidirectional)?;
    let place = Place::of(&mapping);

    let mut turn = mapping.into_cpu();
    pattern::fill(&mut turn, OTHER, 0);
    mem::forget(turn);
    place.is_kept(ctx)
}

/// Without the guard's end the CPU's turn has none, as far as the cache goes. What the CPU wrote may
/// not reach the device then, but who owns the memory is as clear as before.
fn guard(ctx: &Context<'_>) -> Result<(), Stop> {
    load_other(ctx)?;
    let mut mapping = map(ctx, FromDevice)?;
    let place = Place::of(&mapping);

    mem::forget(mapping.sync_for_cpu());
    let mut mapping = Transfer::write(ctx.edu()?, mapping, 0..SIZE, JOB)?.wait(TIMEOUT)?;
    pattern::compare(&mapping.sync_for_cpu(), OTHER, 0)?;
    pattern::compare(&mapping.unmap(), OTHER, 0)?;
    place.is_unmapped(ctx)
}

fn guard_and_mapping(ctx: &Context<'_>) -> Result<(), Stop> {
    let mut mapping = map(ctx, Bidirectional)?;
    let place = Place::of(&mapping);

    let mut access = mapping.sync_for_cpu();
    pattern::fill(&mut access, OTHER, 0);
    mem::forget(access);
    mem::forget(mapping);
    place.is_kept(ctx)
}

fn guard_of_range(ctx: &Context<'_>) -> Result<(), Stop> {
    load_other(ctx)?;
    let mut mapping = map(ctx, FromDevice)?;
    let place = Place::of(&mapping);

    mem::forget(mapping.sync_range_for_cpu(1..SIZE - 1)?);
    let mapping = Transfer::write(ctx.edu()?, mapping, 0..SIZE, JOB)?.wait(TIMEOUT)?;
    pattern::compare(&mapping.unmap(), OTHER, 0)?;
    place.is_unmapped(ctx)
}

fn start_error(ctx: &Context<'_>) -> Result<(), Stop> {
    let mapping = map(ctx, ToDevice)?;
    let place = Place::of(&mapping);

    match Transfer::read(ctx.edu()?, mapping, 0..SIZE + 1, JOB) {
        Ok(_) => return Err(Failure::Unexpected("a bad range was given to the device").into()),
        Err(err) => mem::forget::<StartError<_>>(err),
    }
    place.is_kept(ctx)
}

fn reading(ctx: &Context<'_>) -> Result<(), Stop> {
    load_other(ctx)?;
    let mapping = map(ctx, ToDevice)?;
    let place = Place::of(&mapping);

    mem::forget(Transfer::read(ctx.edu()?, mapping, 0..SIZE, JOB)?);
    // While the device is at work, and after that.
    place.is_kept(ctx)?;
    ctx.edu()?.settle()?;
    place.is_kept(ctx)?;
    arrived(ctx)
}

fn writing(ctx: &Context<'_>) -> Result<(), Stop> {
    load_other(ctx)?;
    let mapping = map(ctx, FromDevice)?;
    let place = Place::of(&mapping);

    mem::forget(Transfer::write(ctx.edu()?, mapping, 0..SIZE, JOB)?);
    place.is_kept(ctx)?;
    ctx.edu()?.settle()?;
    place.is_kept(ctx)
}

fn over(ctx: &Context<'_>) -> Result<(), Stop> {
    load_other(ctx)?;
    let mapping = map(ctx, ToDevice)?;
    let place = Place::of(&mapping);

    let transfer = Transfer::read(ctx.edu()?, mapping, 0..SIZE, JOB)?;
    ctx.edu()?.settle()?;
    mem::forget(transfer);
    place.is_kept(ctx)?;
    arrived(ctx)
}

fn timed_out(ctx: &Context<'_>) -> Result<(), Stop> {
    load_other(ctx)?;
    let mapping = map(ctx, ToDevice)?;
    let place = Place::of(&mapping);

    match Transfer::read(ctx.edu()?, mapping, 0..SIZE, JOB)?.wait(1) {
        Err(err @ WaitError::TimedOut(_)) => mem::forget(err),
        _ => return Err(Failure::Unexpected("a transfer of 100 ms was over in one").into()),
    }
    place.is_kept(ctx)?;
    ctx.edu()?.settle()?;
    place.is_kept(ctx)?;
    arrived(ctx)
}

/// Where memory is that the device has owned from birth, for later.
fn place_of<M: DeviceMemory>(memory: &M, phys: PhysAddr) -> Place {
    Place {
        dma: memory.span().number(),
        phys,
        direction: <M::Direction as Direction>::DIRECTION,
        mapped: false,
    }
}

/// The same for pages from anywhere, of which there is one.
fn place_of_page<D: Direction>(pages: &NoncontiguousPages<'_, u8, D>) -> Result<Place, Stop> {
    let piece = pages.pieces().next().ok_or(EFAULT)?;

    // The C function maps them for both directions.
    Ok(Place {
        direction: DataDirection::Bidirectional,
        ..place_of(pages, piece.phys())
    })
}

impl Place {
    /// As [`Place::is_kept`], and that no pages are allocated there either.
    fn is_kept_from_all(&self, ctx: &Context<'_>) -> Result<(), Stop> {
        self.is_kept(ctx)?;
        self.is_not_given_to(|| {
            let other = DevicePages::<u8, _>::zeroed(ctx.dev, SIZE, ToDevice, GFP_KERNEL)?;
            let place = place_of(&other, other.phys());

            Ok((other, place))
        })
    }
}

fn device_pages(ctx: &Context<'_>) -> Result<(), Stop> {
    let pages = DevicePages::<u8, _>::zeroed(ctx.dev, SIZE, ToDevice, GFP_KERNEL)?;
    let place = place_of(&pages, pages.phys());

    mem::forget(pages);
    place.is_kept_from_all(ctx)
}

fn device_pages_after_transfer(ctx: &Context<'_>) -> Result<(), Stop> {
    load_other(ctx)?;
    let pages = DevicePages::<u8, _>::zeroed(ctx.dev, SIZE, FromDevice, GFP_KERNEL)?;
    let place = place_of(&pages, pages.phys());

    place.is_mapped(ctx)?;
    mem::forget(Transfer::write(ctx.edu()?, pages, 0..SIZE, JOB)?.wait(TIMEOUT)?);
    place.is_kept_from_all(ctx)
}

fn device_pages_guard(ctx: &Context<'_>) -> Result<(), Stop> {
    let mut pages = DevicePages::<u8, _>::zeroed(ctx.dev, SIZE, Bidirectional, GFP_KERNEL)?;
    let place = place_of(&pages, pages.phys());

    let mut access = pages.sync_for_cpu();
    pattern::fill(&mut access, OTHER, 0);
    mem::forget(access);
    mem::forget(pages);
    place.is_kept_from_all(ctx)
}

fn device_pages_turn(ctx: &Context<'_>) -> Result<(), Stop> {
    let pages = DevicePages::<u8, _>::zeroed(ctx.dev, SIZE, Bidirectional, GFP_KERNEL)?;
    let place = place_of(&pages, pages.phys());

    let mut turn = pages.into_cpu();
    pattern::fill(&mut turn, OTHER, 0);
    mem::forget(turn);
    place.is_kept_from_all(ctx)
}

fn noncontiguous(ctx: &Context<'_>) -> Result<(), Stop> {
    let pages = NoncontiguousPages::zeroed(ctx.dev, SIZE, ToDevice, GFP_KERNEL)?;
    let place = place_of_page(&pages)?;

    mem::forget(pages);
    place.is_kept_from_all(ctx)
}

fn vmapped(ctx: &Context<'_>) -> Result<(), Stop> {
    let pages = NoncontiguousPages::zeroed(ctx.dev, SIZE, ToDevice, GFP_KERNEL)?.vmap()?;
    let place = place_of_page(&pages)?;

    mem::forget(pages);
    place.is_kept_from_all(ctx)
}

fn vmap_guard(ctx: &Context<'_>) -> Result<(), Stop> {
    let mut pages = NoncontiguousPages::zeroed(ctx.dev, SIZE, Bidirectional, GFP_KERNEL)?.vmap()?;
    let place = place_of_page(&pages)?;

    let mut access = pages.sync_for_cpu();
    pattern::fill(&mut access, OTHER, 0);
    mem::forget(access);
    mem::forget(pages);
    place.is_kept_from_all(ctx)
}

fn vmapped_turn(ctx: &Context<'_>) -> Result<(), Stop> {
    let pages = NoncontiguousPages::zeroed(ctx.dev, SIZE, Bidirectional, GFP_KERNEL)?.vmap()?;
    let place = place_of_page(&pages)?;

    let mut turn = pages.into_cpu();
    pattern::fill(&mut turn, OTHER, 0);
    mem::forget(turn);
    place.is_kept_from_all(ctx)
}

fn vmapped_transfer(ctx: &Context<'_>) -> Result<(), Stop> {
    load_other(ctx)?;
    let mut pages = NoncontiguousPages::zeroed(ctx.dev, SIZE, ToDevice, GFP_KERNEL)?.vmap()?;
    pattern::fill(&mut pages.sync_for_cpu(), SEED, 0);
    let place = place_of_page(&pages)?;

    place.is_mapped(ctx)?;
    mem::forget(Transfer::read(ctx.edu()?, pages, 0..SIZE, JOB)?);
    place.is_kept_from_all(ctx)?;
    ctx.edu()?.settle()?;
    place.is_kept_from_all(ctx)?;
    arrived(ctx)
}

/// Where coherent memory is.
fn place_of_coherent(memory: &CoherentMemory<'_, [u8]>) -> Result<Place, Stop> {
    Ok(place_of(memory, phys_at(memory, 0).ok_or(EFAULT)?))
}

/// Checks that the address of coherent memory still leads there, and is not given out again.
fn coherent_is_kept(ctx: &Context<'_>, place: &Place) -> Result<(), Stop> {
    place.is_mapped(ctx)?;
    place.is_not_given_to(|| {
        let other = CoherentMemory::<[u8]>::zeroed_slice(ctx.dev, SIZE, GFP_KERNEL)?;
        let place = place_of_coherent(&other)?;

        Ok((other, place))
    })
}

fn coherent(ctx: &Context<'_>) -> Result<(), Stop> {
    let memory = CoherentMemory::<[u8]>::zeroed_slice(ctx.dev, SIZE, GFP_KERNEL)?;
    let place = place_of_coherent(&memory)?;

    mem::forget(memory);
    coherent_is_kept(ctx, &place)
}

fn coherent_transfer(ctx: &Context<'_>) -> Result<(), Stop> {
    load_other(ctx)?;
    let memory = CoherentMemory::from_slice(ctx.dev, &buffer()?, GFP_KERNEL)?;
    let place = place_of_coherent(&memory)?;

    place.is_mapped(ctx)?;
    mem::forget(Transfer::read(ctx.edu()?, memory, 0..SIZE, JOB)?);
    coherent_is_kept(ctx, &place)?;
    ctx.edu()?.settle()?;
    arrived(ctx)
}

/// Two buffers, mapped as a list.
type List<'a, D> = SgMapping<'a, KVec<KVec<u8>>, D>;

/// A list, and where the second of its buffers is. The first ends within a page, so that no IOMMU can
/// make one of both.
fn map_sg<'a, D: Permits<[u8]>>(
    ctx: &Context<'a>,
    direction: D,
) -> Result<(List<'a, D>, Place), Stop> {
    let mut buffers = KVec::new();
    let mut short = buffer()?;
    short.truncate(SIZE - 1);
    buffers.push(short, GFP_KERNEL)?;
    buffers.push(buffer()?, GFP_KERNEL)?;

    let mapping = SgMapping::map(ctx.dev, buffers, direction, GFP_KERNEL)?;
    let place = Place {
        dma: mapping.spans().nth(1).ok_or(EFAULT)?.number(),
        phys: mapping.pieces().nth(1).ok_or(EFAULT)?.phys(),
        direction: D::DIRECTION,
        mapped: true,
    };
    place.is_mapped(ctx)?;

    Ok((mapping, place))
}

fn sg(ctx: &Context<'_>) -> Result<(), Stop> {
    let (mapping, place) = map_sg(ctx, ToDevice)?;

    mem::forget(mapping);
    place.is_kept(ctx)
}

/// The buffer, linked to a range of addresses; without an IOMMU it is what comes back that is forgotten.
fn iova<'a>(ctx: &Context<'a>) -> Result<Option<IovaBuilder<'a, KVec<u8>, ToDevice>>, Stop> {
    // Begins with a page: 7.3 cannot link a copy that does not.
    let mut buffer = KVec::from_elem(0u8, PAGE_SIZE, GFP_KERNEL)?;
    buffer.truncate(SIZE);
    pattern::fill(&mut buffer, SEED, 0);

    match IovaBuilder::begin(ctx.dev, buffer, SIZE, 1, ToDevice, GFP_KERNEL) {
        Ok(builder) => Ok(Some(builder)),
        Err(err) if err.error == EOPNOTSUPP && !ctx.witness.translates() => {
            mem::forget(err);
            Ok(None)
        }
        Err(err) => Err(err.into()),
    }
}

fn iova_builder(ctx: &Context<'_>) -> Result<(), Stop> {
    mem::forget(iova(ctx)?);
    Ok(())
}

fn iova_mapping(ctx: &Context<'_>) -> Result<(), Stop> {
    let Some(builder) = iova(ctx)? else {
        return Ok(());
    };
    let mapping = builder.finish()?;
    let place = Place {
        dma: mapping.span().number(),
        phys: mapping.pieces().next().ok_or(EFAULT)?.phys(),
        direction: DataDirection::ToDevice,
        mapped: true,
    };

    mem::forget(mapping);
    place.is_kept(ctx)
}

fn sg_guard(ctx: &Context<'_>) -> Result<(), Stop> {
    load_other(ctx)?;
    let (mut mapping, place) = map_sg(ctx, FromDevice)?;

    mem::forget(mapping.sync_for_cpu());
    let second = mapping.into_segment(1).map_err(|_| EFAULT)?;
    let second = Transfer::write(ctx.edu()?, second, 0..SIZE, JOB)?.wait(TIMEOUT)?;
    let buffers = second.into_mapping().unmap();
    pattern::compare(&buffers[1], OTHER, 0)?;
    place.is_unmapped(ctx)
}

fn sg_turn(ctx: &Context<'_>) -> Result<(), Stop> {
    let (mapping, place) = map_sg(ctx, Bidirectional)?;

    let mut turn = mapping.into_cpu();
    turn.write(0, &[0; SIZE])?;
    mem::forget(turn);
    place.is_kept(ctx)
}

fn sg_transfer(ctx: &Context<'_>) -> Result<(), Stop> {
    load_other(ctx)?;
    let (mapping, place) = map_sg(ctx, ToDevice)?;

    let second = mapping.into_segment(1).map_err(|_| EFAULT)?;
    mem::forget(Transfer::read(ctx.edu()?, second, 0..SIZE, JOB)?);
    place.is_kept(ctx)?;
    ctx.edu()?.settle()?;
    place.is_kept(ctx)?;
    arrived(ctx)
}

/// An object with the pattern, of a pool of its own, and where it is.
fn object<'a>(ctx: &Context<'a>) -> Result<(PoolObject<'a, Object>, Place), Stop> {
    let pool = DmaPool::new(ctx.dev, c"forgotten", Alignment::new::<64>(), None)?;
    let object: PoolObject<'_, Object> = DmaPool::zalloc(&pool, GFP_KERNEL)?;
    let place = Place {
        dma: object.span().number(),
        phys: object.phys(),
        direction: DataDirection::Bidirectional,
        mapped: false,
    };
    place.is_mapped(ctx)?;
    let mut bytes = [0; SIZE];

    pattern::fill(&mut bytes, SEED, 0);
    object.copy_write(bytes);
    Ok((object, place))
}

/// The object keeps its pool, and all that is in it.
fn pool_object(ctx: &Context<'_>) -> Result<(), Stop> {
    let (object, place) = object(ctx)?;
    let pool = object.pool().clone();

    mem::forget(object);
    place.is_kept(ctx)?;

    // Nor does the pool give it to somebody else.
    for _ in 0..ATTEMPTS {
        if DmaPool::zalloc(&pool, GFP_KERNEL)?.span().number() == place.dma {
            return Err(Failure::Unexpected("the object was given to somebody else").into());
        }
    }
    drop(pool);
    place.is_kept(ctx)
}

fn pool_object_transfer(ctx: &Context<'_>) -> Result<(), Stop> {
    load_other(ctx)?;
    let (object, place) = object(ctx)?;

    mem::forget(Transfer::read(ctx.edu()?, object, 0..SIZE, JOB)?);
    place.is_kept(ctx)?;
    ctx.edu()?.settle()?;
    place.is_kept(ctx)?;
    arrived(ctx)
}

fn resource(ctx: &Context<'_>) -> Result<(), Stop> {
    // SAFETY: No device is told of them.
    let registers = unsafe { ctx.edu()?.registers(0..SIZE)? };
    // SAFETY: As above.
    let phys = unsafe { registers.phys() };

    match ResourceMapping::map(ctx.dev, registers, ToDevice) {
        Ok(mapping) => {
            let place = Place {
                dma: mapping.span().number(),
                phys,
                direction: DataDirection::ToDevice,
                mapped: false,
            };

            mem::forget(mapping);
            place.is_kept(ctx)
        }
        Err(_) if !ctx.witness.translates() => Err(Stop::Skip("the device cannot reach registers")),
        Err(error) => Err(error.into()),
    }
}

/// With a page in it, of which nothing is in use.
fn dma_pool(ctx: &Context<'_>) -> Result<(), Stop> {
    let (object, place) = object(ctx)?;

    mem::forget(object.pool().clone());
    drop(object);
    place.is_kept(ctx)
}

/// A pool of two buffers.
fn buffers<'a, D: Permits<[u8]> + Copy>(
    ctx: &Context<'a>,
    direction: D,
) -> Result<LocalBufferPool<'a, KVec<u8>, D>, Stop> {
    let make = || Ok(KVec::from_elem(0u8, SIZE, GFP_KERNEL)?);

    Ok(LocalBufferPool::new(ctx.dev, 2, direction, make)?)
}

/// The pool goes, and takes with it what is in it: a buffer that is out is mapped by itself.
fn cpu_buffer(ctx: &Context<'_>) -> Result<(), Stop> {
    let pool = buffers(ctx, Bidirectional)?;
    let place = Place::of(DeviceBuffer::take(&pool)?.mapping());
    let mut buffer = CpuBuffer::take(&pool, SIZE)?;

    pattern::fill(&mut buffer, OTHER, 0);
    mem::forget(buffer);
    place.is_kept(ctx)?;
    drop(pool);
    place.is_kept(ctx)
}

/// A buffer that keeps its pool keeps it for ever.
fn cpu_buffer_of_shared(ctx: &Context<'_>) -> Result<(), Stop> {
    let pool = BufferPool::new(ctx.dev, 2, ToDevice, buffer_or_error)?;
    let place = Place::of(DeviceBuffer::take(&*pool)?.mapping());

    mem::forget(CpuBuffer::take(pool, SIZE)?);
    place.is_kept(ctx)
}

fn buffer_or_error() -> Result<KVec<u8>> {
    Ok(KVec::from_elem(0u8, SIZE, GFP_KERNEL)?)
}

fn device_buffer(ctx: &Context<'_>) -> Result<(), Stop> {
    let pool = buffers(ctx, FromDevice)?;
    let buffer = DeviceBuffer::take(&pool)?;
    let place = Place::of(buffer.mapping());

    mem::forget(buffer);
    drop(pool);
    place.is_kept(ctx)
}

fn device_buffer_transfer(ctx: &Context<'_>) -> Result<(), Stop> {
    load_other(ctx)?;
    let pool = buffers(ctx, FromDevice)?;
    let buffer = DeviceBuffer::take(&pool)?;
    let place = Place::of(buffer.mapping());

    place.is_mapped(ctx)?;
    mem::forget(Transfer::write(ctx.edu()?, buffer, 0..SIZE, JOB)?);
    drop(pool);
    place.is_kept(ctx)?;
    ctx.edu()?.settle()?;
    place.is_kept(ctx)
}

fn buffer_pool(ctx: &Context<'_>) -> Result<(), Stop> {
    let pool = BufferPool::new(ctx.dev, 2, ToDevice, buffer_or_error)?;
    let place = Place::of(DeviceBuffer::take(&*pool)?.mapping());

    mem::forget(pool);
    place.is_kept(ctx)
}

fn local_buffer_pool(ctx: &Context<'_>) -> Result<(), Stop> {
    let pool = buffers(ctx, ToDevice)?;
    let place = Place::of(DeviceBuffer::take(&pool)?.mapping());

    mem::forget(pool);
    place.is_kept(ctx)
}

/// The buffer comes back all the same.
fn guard_in_closure(ctx: &Context<'_>) -> Result<(), Stop> {
    let edu = ctx.edu()?;
    load_other(ctx)?;
    let mut buffer = Some(buffer()?);
    let (mut place, mut witness) = (None, Ok(()));

    with_mapping(ctx.dev, &mut buffer, FromDevice, |mapping| {
        let at = mapping.mapping().map(Place::of).ok_or(EFAULT)?;
        witness = at.is_mapped(ctx);
        place = Some(at);
        mem::forget(mapping.sync_for_cpu());
        mapping.write(edu, 0..SIZE, JOB, TIMEOUT)
    })?;
    witness?;
    pattern::compare(&buffer.ok_or(EFAULT)?, OTHER, 0)?;
    place.ok_or(EFAULT)?.is_unmapped(ctx)
}

/// An engine of which nobody gets to know when it is done, and that cannot be stopped.
struct Silent<'a>(&'a Edu<'a>);

// SAFETY: It starts as `Edu` does, and never says that a transfer is over.
unsafe impl Engine for Silent<'_> {
    type Job = Job;
    type Token = ();

    fn device(&self) -> &Device<Bound> {
        self.0.device()
    }

    unsafe fn start_read(&self, from: Span<'_, ToDevice>, job: Job) -> Result {
        // SAFETY: By the caller's promise, which is the same.
        unsafe { self.0.start_read(from, job) }.map(|_| ())
    }

    unsafe fn start_write(&self, to: Span<'_, FromDevice>, job: Job) -> Result {
        // SAFETY: By the caller's promise, which is the same.
        unsafe { self.0.start_write(to, job) }.map(|_| ())
    }

    unsafe fn wait(&self, _token: &mut (), _timeout: Msecs) -> Progress {
        Progress::Pending
    }

    unsafe fn abort(&self, _token: &mut ()) -> Result {
        Err(EBUSY)
    }
}

/// A device that cannot be stopped keeps the buffer: there is nothing in its place.
fn kept_by_device(ctx: &Context<'_>) -> Result<(), Stop> {
    let edu = ctx.edu()?;
    let mut buffer = Some(buffer()?);
    let mut place = None;
    let (mut lost, mut again) = (Ok(()), Ok(()));
    let mut witness = Ok(());

    let result = with_mapping(ctx.dev, &mut buffer, FromDevice, |mapping| {
        let at = mapping.mapping().map(Place::of).ok_or(EFAULT)?;
        witness = at.is_mapped(ctx);
        place = Some(at);
        let result = mapping.write(&Silent(edu), 0..SIZE, JOB, 1);

        again = mapping.write(edu, 0..SIZE, JOB, TIMEOUT);
        lost = result;
        // Who drops the error is told all the same.
        Ok(())
    });

    if [result, lost, again] != [Err(EIO); 3] || buffer.is_some() {
        return Err(Failure::Unexpected("a buffer came back that the device may have").into());
    }
    witness?;
    let place = place.ok_or(EFAULT)?;
    place.is_kept(ctx)?;
    edu.settle()?;
    place.is_kept(ctx)
}

fn in_flight(ctx: &Context<'_>) -> Result<(), Stop> {
    let mapping = map(ctx, FromDevice)?;
    let place = Place::of(&mapping);

    mem::forget(Transfer::write(ctx.edu()?, mapping, 0..SIZE, JOB)?);
    place.is_kept(ctx)
}
