// SPDX-License-Identifier: GPL-2.0

//! Forgets values of the library instead of dropping them, in each of their states.
//!
//! A forgotten value is leaked until the next boot, and the DMA debugger reports its mappings when
//! the device is unbound. Its memory must stay mapped and allocated: the DMA address is translated
//! as before, and neither the address nor the memory is reused.

use super::prelude::*;
use crate::dma::{
    AnySegments,
    CommandId,
    Completer,
    Engine,
    ErrorWith,
    Opened,
    PoolObject,
    Submitter,
    Untrusted, //
};
use core::mem;

/// The size of each buffer. The allocator reuses freed objects of this size soonest.
const SIZE: usize = 512;
type Object = [u8; SIZE];
const SEED: u32 = 6;
const OTHER: u32 = 7;

/// The number of allocations of each type that are compared with leaked memory.
const ATTEMPTS: usize = 32;

/// A state, and the leak of a value that is forgotten in it.
struct State {
    name: &'static CStr,
    /// The number of mappings that the DMA debugger reports at unbind; each list entry is one.
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
    state(c"ErrorWith of a buffer", 0, map_error),
    state(c"Mapping", 1, mapping),
    state(c"Mapping after a transfer", 1, after_transfer),
    state(c"Mapping after the CPU's owned", 1, after_cpu_owned),
    state(c"CpuOwned", 1, cpu_owned),
    state(c"CpuAccess", 0, guard),
    state(c"CpuAccess, Mapping too", 1, guard_and_mapping),
    state(c"CpuAccess of a range", 0, guard_of_range),
    state(c"ErrorWith of a Mapping", 1, start_error),
    state(c"Transfer to the device", 1, reading),
    state(c"Transfer from the device", 1, writing),
    state(c"Transfer that is over", 1, over),
    state(c"WaitError::InFlight", 1, timed_out),
    state(c"DevicePages", 1, device_pages),
    state(
        c"DevicePages after a transfer",
        1,
        device_pages_after_transfer,
    ),
    state(c"CpuAccess of DevicePages", 1, device_pages_guard),
    state(c"CpuOwned of DevicePages", 1, device_pages_cpu_owned),
    state(c"NoncontiguousPages", 1, noncontiguous),
    state(c"VmappedPages", 1, vmapped),
    state(c"CpuAccess of VmappedPages", 1, vmap_guard),
    state(c"CpuOwned of VmappedPages", 1, vmapped_cpu_owned),
    state(c"Transfer of VmappedPages", 1, vmapped_transfer),
    state(c"CoherentMemory", 1, coherent),
    state(c"Transfer of CoherentMemory", 1, coherent_transfer),
    state(c"SgMapping", 2, sg),
    state(c"CpuAccess of SgMapping", 0, sg_guard),
    state(c"CpuOwned of SgMapping", 2, sg_cpu_owned),
    state(c"Transfer of an SgMapping", 2, sg_transfer),
    // The DMA debugger does not track linked pieces.
    state(c"IovaBuilder", 0, iova_builder),
    state(c"IovaMapping", 0, iova_mapping),
    state(c"ResourceMapping", 1, resource),
    state(c"PoolObject", 1, pool_object),
    state(c"Transfer of a PoolObject", 1, pool_object_transfer),
    state(c"Pool", 1, dma_pool),
    state(c"CpuBuffer", 2, cpu_buffer),
    state(c"DeviceBuffer", 2, device_buffer),
    state(c"Transfer of a DeviceBuffer", 2, device_buffer_transfer),
    state(c"BufferPool", 2, buffer_pool),
    state(c"Transfer that cannot be stopped", 1, lost_to_device),
    state(c"Submitter, Completer", 1, forgotten_ends),
    state(c"Submitter, Completer, dropped in flight", 1, dropped_ends),
    // Last, because the device still accesses the memory at unbind.
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

/// The number of mappings that the DMA debugger must report.
struct Pending(usize);

impl fmt::Display for Pending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "forgotten, pending {}", self.0)
    }
}

/// Returns a buffer with the pattern.
fn buffer() -> Result<KVec<u8>> {
    let mut buffer = KVec::from_elem(0u8, SIZE, GFP_KERNEL)?;

    pattern::fill(&mut buffer, SEED, 0);
    Ok(buffer)
}

/// Maps a buffer with the pattern.
fn map<'a, D: Permits<[u8]>>(
    ctx: &Context<'a>,
    direction: D,
) -> Result<(Mapping<'a, KVec<u8>, D>, Place), Stop> {
    let mapping = Mapping::map(ctx.dev, buffer()?, direction)?;
    let place = Place::of(&mapping);

    place.mapped(ctx)?;
    Ok((mapping, place))
}

impl Place {
    /// Checks that leaked memory is still mapped, and that neither it nor its address is reused.
    fn check_leaked(&self, ctx: &Context<'_>) -> Result<(), Stop> {
        self.mapped(ctx)?;
        self.check_not_reused(|| {
            let mapping = Mapping::map(ctx.dev, buffer()?, ToDevice)?;
            let place = Self::of(&mapping);

            Ok((mapping, place))
        })?;
        self.check_not_reused(|| {
            let pages = DevicePages::<u8, _>::zeroed(ctx.dev, SIZE, ToDevice, GFP_KERNEL)?;
            let place = Self::unbounced(&pages, pages.phys());

            Ok((pages, place))
        })?;
        self.check_not_reused(|| {
            let memory = CoherentMemory::<[u8]>::zeroed_slice(ctx.dev, SIZE, GFP_KERNEL)?;
            let place = coherent_place(&memory)?;

            Ok((memory, place))
        })
    }

    /// Checks that no allocation of `allocate` overlaps leaked memory.
    fn check_not_reused<T>(
        &self,
        allocate: impl Fn() -> Result<(T, Self), Stop>,
    ) -> Result<(), Stop> {
        let mut others = KVec::with_capacity(ATTEMPTS, GFP_KERNEL)?;

        for _ in 0..ATTEMPTS {
            let (other, place) = allocate()?;

            if place.phys == self.phys {
                return fail("the memory was reused");
            }
            if place.dma == self.dma {
                return fail("the DMA address was reused");
            }
            others.push(other, GFP_KERNEL)?;
        }
        Ok(())
    }
}

/// Forgets a value, and checks that its memory is leaked.
fn forget<T>(ctx: &Context<'_>, value: T, place: Place) -> Result<(), Stop> {
    mem::forget(value);
    place.check_leaked(ctx)
}

/// Forgets a transfer in flight, and checks that its memory is leaked during the transfer and after
/// it.
fn forget_in_flight<T>(ctx: &Context<'_>, transfer: T, place: Place) -> Result<(), Stop> {
    forget(ctx, transfer, place)?;
    ctx.edu()?.settle()?;
    place.check_leaked(ctx)
}

/// Checks that the device has received the pattern.
fn arrived(ctx: &Context<'_>) -> Result<(), Stop> {
    let mut seen = [0; SIZE];

    fetch(ctx, &mut seen)?;
    Ok(pattern::compare(&seen, SEED, 0)?)
}

/// Writes another pattern to the device's buffer.
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
    match Mapping::map_with_attrs(ctx.dev, buffer()?, ToDevice, DMA_ATTR_MMIO) {
        Ok(_) => fail("the attribute was accepted"),
        Err(err) => {
            mem::forget::<ErrorWith<_>>(err);
            Ok(())
        }
    }
}

fn mapping(ctx: &Context<'_>) -> Result<(), Stop> {
    let (mapping, place) = map(ctx, ToDevice)?;

    forget(ctx, mapping, place)
}

fn after_transfer(ctx: &Context<'_>) -> Result<(), Stop> {
    load_other(ctx)?;
    let (mapping, place) = map(ctx, FromDevice)?;
    let mapping =
        Transfer::from_device(ctx.edu()?.channel(), mapping, 0..SIZE, JOB)?.wait(TIMEOUT)?;

    forget(ctx, mapping, place)
}

fn after_cpu_owned(ctx: &Context<'_>) -> Result<(), Stop> {
    let (mut mapping, place) = map(ctx, Bidirectional)?;

    pattern::fill(&mut mapping.sync_for_cpu(), OTHER, 0);
    forget(ctx, mapping, place)
}

fn cpu_owned(ctx: &Context<'_>) -> Result<(), Stop> {
    let (mapping, place) = map(ctx, Bidirectional)?;
    let mut owned = mapping.into_cpu();

    pattern::fill(&mut owned, OTHER, 0);
    forget(ctx, owned, place)
}

/// Forgets only the guard: the caches are not synced for the device, but the ownership is
/// unchanged.
fn guard(ctx: &Context<'_>) -> Result<(), Stop> {
    load_other(ctx)?;
    let (mut mapping, place) = map(ctx, FromDevice)?;

    mem::forget(mapping.sync_for_cpu());
    let mut mapping =
        Transfer::from_device(ctx.edu()?.channel(), mapping, 0..SIZE, JOB)?.wait(TIMEOUT)?;
    pattern::compare(&mapping.sync_for_cpu(), OTHER, 0)?;
    pattern::compare(&mapping.unmap(), OTHER, 0)?;
    Ok(place.unmapped(ctx)?)
}

fn guard_and_mapping(ctx: &Context<'_>) -> Result<(), Stop> {
    let (mut mapping, place) = map(ctx, Bidirectional)?;
    let mut access = mapping.sync_for_cpu();

    pattern::fill(&mut access, OTHER, 0);
    mem::forget(access);
    forget(ctx, mapping, place)
}

fn guard_of_range(ctx: &Context<'_>) -> Result<(), Stop> {
    load_other(ctx)?;
    let (mut mapping, place) = map(ctx, FromDevice)?;

    mem::forget(mapping.sync_range_for_cpu(1..SIZE - 1)?);
    let mapping =
        Transfer::from_device(ctx.edu()?.channel(), mapping, 0..SIZE, JOB)?.wait(TIMEOUT)?;
    pattern::compare(&mapping.unmap(), OTHER, 0)?;
    Ok(place.unmapped(ctx)?)
}

fn start_error(ctx: &Context<'_>) -> Result<(), Stop> {
    let (mapping, place) = map(ctx, ToDevice)?;

    match Transfer::to_device(ctx.edu()?.channel(), mapping, 0..SIZE + 1, JOB) {
        Ok(_) => fail("a bad range was given to the device"),
        Err(err) => forget::<ErrorWith<_>>(ctx, err, place),
    }
}

fn reading(ctx: &Context<'_>) -> Result<(), Stop> {
    load_other(ctx)?;
    let (mapping, place) = map(ctx, ToDevice)?;
    let transfer = Transfer::to_device(ctx.edu()?.channel(), mapping, 0..SIZE, JOB)?;

    forget_in_flight(ctx, transfer, place)?;
    arrived(ctx)
}

fn writing(ctx: &Context<'_>) -> Result<(), Stop> {
    load_other(ctx)?;
    let (mapping, place) = map(ctx, FromDevice)?;
    let transfer = Transfer::from_device(ctx.edu()?.channel(), mapping, 0..SIZE, JOB)?;

    forget_in_flight(ctx, transfer, place)
}

fn over(ctx: &Context<'_>) -> Result<(), Stop> {
    load_other(ctx)?;
    let (mapping, place) = map(ctx, ToDevice)?;
    let transfer = Transfer::to_device(ctx.edu()?.channel(), mapping, 0..SIZE, JOB)?;

    ctx.edu()?.settle()?;
    forget(ctx, transfer, place)?;
    arrived(ctx)
}

fn timed_out(ctx: &Context<'_>) -> Result<(), Stop> {
    load_other(ctx)?;
    let (mapping, place) = map(ctx, ToDevice)?;

    match Transfer::to_device(ctx.edu()?.channel(), mapping, 0..SIZE, JOB)?.wait(SOON) {
        Err(err @ WaitError::InFlight(..)) => forget_in_flight(ctx, err, place)?,
        _ => return fail("a transfer of 100 ms ended within 1 ms"),
    }
    arrived(ctx)
}

/// Allocates pages, and returns their place.
fn contiguous<'a, D: Direction>(
    ctx: &Context<'a>,
    direction: D,
) -> Result<(DevicePages<'a, u8, D>, Place), Stop> {
    let pages = DevicePages::zeroed(ctx.dev, SIZE, direction, GFP_KERNEL)?;
    let place = Place::unbounced(&pages, pages.phys());

    place.mapped(ctx)?;
    Ok((pages, place))
}

fn device_pages(ctx: &Context<'_>) -> Result<(), Stop> {
    let (pages, place) = contiguous(ctx, ToDevice)?;

    forget(ctx, pages, place)
}

fn device_pages_after_transfer(ctx: &Context<'_>) -> Result<(), Stop> {
    load_other(ctx)?;
    let (pages, place) = contiguous(ctx, FromDevice)?;
    let pages = Transfer::from_device(ctx.edu()?.channel(), pages, 0..SIZE, JOB)?.wait(TIMEOUT)?;

    forget(ctx, pages, place)
}

fn device_pages_guard(ctx: &Context<'_>) -> Result<(), Stop> {
    let (mut pages, place) = contiguous(ctx, Bidirectional)?;
    let mut access = pages.sync_for_cpu();

    pattern::fill(&mut access, OTHER, 0);
    mem::forget(access);
    forget(ctx, pages, place)
}

fn device_pages_cpu_owned(ctx: &Context<'_>) -> Result<(), Stop> {
    let (pages, place) = contiguous(ctx, Bidirectional)?;
    let mut owned = pages.into_cpu();

    pattern::fill(&mut owned, OTHER, 0);
    forget(ctx, owned, place)
}

/// Allocates one page by the functions for noncontiguous pages, and returns its place.
fn scattered<'a, D: Direction>(
    ctx: &Context<'a>,
    direction: D,
) -> Result<(NoncontiguousPages<'a, u8, D>, Place), Stop> {
    let pages = NoncontiguousPages::zeroed(ctx.dev, SIZE, direction, GFP_KERNEL)?;
    let piece = pages.phys_vecs().next().ok_or(EFAULT)?;
    let mut place = Place::unbounced(&pages, piece.phys());

    // The C function maps them for both directions.
    place.direction = DataDirection::Bidirectional;
    place.mapped(ctx)?;
    Ok((pages, place))
}

fn noncontiguous(ctx: &Context<'_>) -> Result<(), Stop> {
    let (pages, place) = scattered(ctx, ToDevice)?;

    forget(ctx, pages, place)
}

fn vmapped(ctx: &Context<'_>) -> Result<(), Stop> {
    let (pages, place) = scattered(ctx, ToDevice)?;

    forget(ctx, pages.vmap()?, place)
}

fn vmap_guard(ctx: &Context<'_>) -> Result<(), Stop> {
    let (pages, place) = scattered(ctx, Bidirectional)?;
    let mut pages = pages.vmap()?;
    let mut access = pages.sync_for_cpu();

    pattern::fill(&mut access, OTHER, 0);
    mem::forget(access);
    forget(ctx, pages, place)
}

fn vmapped_cpu_owned(ctx: &Context<'_>) -> Result<(), Stop> {
    let (pages, place) = scattered(ctx, Bidirectional)?;
    let mut owned = pages.vmap()?.into_cpu();

    pattern::fill(&mut owned, OTHER, 0);
    forget(ctx, owned, place)
}

fn vmapped_transfer(ctx: &Context<'_>) -> Result<(), Stop> {
    load_other(ctx)?;
    let (pages, place) = scattered(ctx, ToDevice)?;
    let mut pages = pages.vmap()?;
    pattern::fill(&mut pages.sync_for_cpu(), SEED, 0);
    let transfer = Transfer::to_device(ctx.edu()?.channel(), pages, 0..SIZE, JOB)?;

    forget_in_flight(ctx, transfer, place)?;
    arrived(ctx)
}

/// Returns the place of coherent memory of one page.
fn coherent_place(memory: &CoherentMemory<'_, [u8]>) -> Result<Place, Stop> {
    Ok(Place::unbounced(memory, phys_at(memory, 0).ok_or(EFAULT)?))
}

fn coherent(ctx: &Context<'_>) -> Result<(), Stop> {
    let memory = CoherentMemory::<[u8]>::zeroed_slice(ctx.dev, SIZE, GFP_KERNEL)?;
    let place = coherent_place(&memory)?;

    forget(ctx, memory, place)
}

fn coherent_transfer(ctx: &Context<'_>) -> Result<(), Stop> {
    load_other(ctx)?;
    let memory = CoherentMemory::from_slice(ctx.dev, &buffer()?, GFP_KERNEL)?;
    let place = coherent_place(&memory)?;
    place.mapped(ctx)?;
    let transfer = Transfer::to_device(ctx.edu()?.channel(), memory, 0..SIZE, JOB)?;

    forget_in_flight(ctx, transfer, place)?;
    arrived(ctx)
}

/// A list of two buffers.
type List<'a, D> = SgMapping<'a, KVec<KVec<u8>>, D>;

/// The bytes of the second buffer. The first one is a byte short, see [`map_sg`].
const SECOND: Range<usize> = SIZE - 1..2 * SIZE - 1;

/// Maps a list, and returns the place of its second buffer. The first buffer ends within a page, so
/// that an IOMMU cannot merge the two.
fn map_sg<'a, D: Permits<[u8]>>(
    ctx: &Context<'a>,
    direction: D,
) -> Result<(List<'a, D>, Place), Stop> {
    let mut buffers = KVec::new();
    let mut short = buffer()?;
    short.truncate(SECOND.start);
    buffers.push(short, GFP_KERNEL)?;
    buffers.push(buffer()?, GFP_KERNEL)?;

    let mapping = SgMapping::map(ctx.dev, buffers, direction, GFP_KERNEL)?;
    let dma = mapping.segments().nth(1).ok_or(EFAULT)?.number();
    let phys = mapping.phys_vecs().nth(1).ok_or(EFAULT)?.phys();
    let place = Place::streaming::<D>(dma, SIZE, phys);
    place.mapped(ctx)?;

    Ok((mapping, place))
}

fn sg(ctx: &Context<'_>) -> Result<(), Stop> {
    let (mapping, place) = map_sg(ctx, ToDevice)?;

    forget(ctx, mapping, place)
}

/// Links a buffer to an IOVA range. Without an IOMMU, forgets the error with the buffer.
fn iova<'a>(ctx: &Context<'a>) -> Result<Option<IovaBuilder<'a, KVec<u8>, ToDevice>>, Stop> {
    // The buffer begins with a page: Linux 7.3 cannot link a bounce buffer of one that does not.
    let mut buffer = KVec::from_elem(0u8, PAGE_SIZE, GFP_KERNEL)?;
    buffer.truncate(SIZE);
    pattern::fill(&mut buffer, SEED, 0);

    match IovaBuilder::reserve(ctx.dev, buffer, SIZE, 1, ToDevice, GFP_KERNEL) {
        Ok(builder) => Ok(Some(builder)),
        Err(err) if err.error == EOPNOTSUPP && !ctx.iommu.translates() => {
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
    let phys = mapping.phys_vecs().next().ok_or(EFAULT)?.phys();
    let place = Place::streaming::<ToDevice>(mapping.range().number(), SIZE, phys);

    forget(ctx, mapping, place)
}

fn sg_guard(ctx: &Context<'_>) -> Result<(), Stop> {
    load_other(ctx)?;
    let (mut mapping, place) = map_sg(ctx, FromDevice)?;

    mem::forget(mapping.sync_for_cpu());
    let mapping =
        Transfer::from_device(ctx.edu()?.channel(), mapping, SECOND, JOB)?.wait(TIMEOUT)?;
    let buffers = mapping.unmap();
    pattern::compare(&buffers[1], OTHER, 0)?;
    Ok(place.unmapped(ctx)?)
}

fn sg_cpu_owned(ctx: &Context<'_>) -> Result<(), Stop> {
    let (mapping, place) = map_sg(ctx, Bidirectional)?;
    let mut owned = mapping.into_cpu();

    owned.write(0, &[0; SIZE])?;
    forget(ctx, owned, place)
}

fn sg_transfer(ctx: &Context<'_>) -> Result<(), Stop> {
    load_other(ctx)?;
    let (mapping, place) = map_sg(ctx, ToDevice)?;
    let transfer = Transfer::to_device(ctx.edu()?.channel(), mapping, SECOND, JOB)?;

    forget_in_flight(ctx, transfer, place)?;
    arrived(ctx)
}

type ObjectPool<'a> = Arc<Pool<'a, Object>>;

/// Allocates an object with the pattern from a pool of its own; returns the pool and the place,
/// too.
fn object<'a>(ctx: &Context<'a>) -> Result<(ObjectPool<'a>, PoolObject<'a, Object>, Place), Stop> {
    let pool = Pool::new(ctx.dev, c"forgotten", Alignment::new::<64>(), None)?;
    let object = Pool::zalloc(&pool, GFP_KERNEL)?;
    let place = Place::unbounced(&object, object.phys());
    let mut bytes = [0; SIZE];

    place.mapped(ctx)?;
    pattern::fill(&mut bytes, SEED, 0);
    object.copy_write(bytes);
    Ok((pool, object, place))
}

/// Checks that a forgotten object keeps its pool and all other objects in it.
fn pool_object(ctx: &Context<'_>) -> Result<(), Stop> {
    let (pool, object, place) = object(ctx)?;

    forget(ctx, object, place)?;

    // The pool does not reuse the object either.
    for _ in 0..ATTEMPTS {
        if Pool::zalloc(&pool, GFP_KERNEL)?.range().number() == place.dma {
            return fail("the object was reused");
        }
    }
    drop(pool);
    place.check_leaked(ctx)
}

fn pool_object_transfer(ctx: &Context<'_>) -> Result<(), Stop> {
    load_other(ctx)?;
    let (_, object, place) = object(ctx)?;
    let transfer = Transfer::to_device(ctx.edu()?.channel(), object, 0..SIZE, JOB)?;

    forget_in_flight(ctx, transfer, place)?;
    arrived(ctx)
}

fn resource(ctx: &Context<'_>) -> Result<(), Stop> {
    // SAFETY: The registers are not accessed.
    let registers = unsafe { ctx.edu()?.registers(0..SIZE)? };

    match ResourceMapping::map(ctx.dev, registers, ToDevice) {
        Ok(mapping) => {
            let place = Place::unbounced(&mapping, mapping.phys());

            forget(ctx, mapping, place)
        }
        Err(_) if !ctx.iommu.translates() => Err(Stop::Skip("the device cannot reach registers")),
        Err(error) => Err(error.into()),
    }
}

/// Forgets a pool with a page that has no objects in use.
fn dma_pool(ctx: &Context<'_>) -> Result<(), Stop> {
    let (pool, object, place) = object(ctx)?;

    mem::forget(pool);
    drop(object);
    place.check_leaked(ctx)
}

/// Returns a pool of two buffers.
fn buffers<'a, D: Permits<[u8]> + Copy>(
    ctx: &Context<'a>,
    direction: D,
) -> Result<BufferPool<'a, KVec<u8>, D>, Stop> {
    Ok(BufferPool::new(ctx.dev, 2, direction, buffer)?)
}

/// Forgets a buffer, which owns a reference to its pool: the pool leaks too.
fn cpu_buffer(ctx: &Context<'_>) -> Result<(), Stop> {
    let pool = buffers(ctx, Bidirectional)?;
    let place = Place::of(DeviceBuffer::take(&pool)?.mapping());
    let mut buffer = CpuBuffer::take(&pool, SIZE)?;

    pattern::fill(&mut buffer, OTHER, 0);
    forget(ctx, buffer, place)?;
    drop(pool);
    place.check_leaked(ctx)
}

fn device_buffer(ctx: &Context<'_>) -> Result<(), Stop> {
    let pool = buffers(ctx, FromDevice)?;
    let buffer = DeviceBuffer::take(&pool)?;
    let place = Place::of(buffer.mapping());

    mem::forget(buffer);
    drop(pool);
    place.check_leaked(ctx)
}

fn device_buffer_transfer(ctx: &Context<'_>) -> Result<(), Stop> {
    load_other(ctx)?;
    let pool = buffers(ctx, FromDevice)?;
    let buffer = DeviceBuffer::take(&pool)?;
    let place = Place::of(buffer.mapping());

    place.mapped(ctx)?;
    mem::forget(Transfer::from_device(
        ctx.edu()?.channel(),
        buffer,
        0..SIZE,
        JOB,
    )?);
    drop(pool);
    place.check_leaked(ctx)?;
    ctx.edu()?.settle()?;
    place.check_leaked(ctx)
}

fn buffer_pool(ctx: &Context<'_>) -> Result<(), Stop> {
    let pool = buffers(ctx, ToDevice)?;
    let place = Place::of(DeviceBuffer::take(&pool)?.mapping());

    forget(ctx, pool, place)
}

/// An engine that never reports completion and cannot be stopped.
struct Silent<'a>(Channel<'a, &'a Edu<'a>>);

// SAFETY: Transfers are started by `Channel`, an engine of the same device, and never reported as
// done.
unsafe impl<'a> Engine for Silent<'a> {
    type Command = Job;
    type Entry = <Channel<'a, &'a Edu<'a>> as Engine>::Entry;
    type Status = Result;
    type Submission = ();
    type Completion = ();

    const TAG_BITS: u32 = 16;

    fn device(&self) -> &Device<Bound> {
        self.0.device()
    }

    unsafe fn open(&mut self) -> Result<((), ())> {
        // SAFETY: By the caller's promise.
        unsafe { self.0.open() }
    }

    unsafe fn prepare(
        &self,
        submission: &mut Opened<()>,
        id: CommandId,
        segments: AnySegments<'_>,
        job: Job,
    ) -> Result<Self::Entry> {
        // SAFETY: By the caller's promise.
        unsafe { self.0.prepare(submission, id, segments, job) }
    }

    unsafe fn issue(&self, submission: &mut Opened<()>, entry: Self::Entry) {
        // SAFETY: By the caller's promise.
        unsafe { self.0.issue(submission, entry) }
    }

    fn next_completion(&self, _: &mut Opened<()>) -> Option<(Untrusted<u16>, Result)> {
        None
    }

    fn stop(&self, _: &mut Opened<()>, _: &mut Opened<()>) -> Result {
        Err(EBUSY)
    }
}

/// Checks that a dropped transfer keeps its memory if the device cannot be stopped.
fn lost_to_device(ctx: &Context<'_>) -> Result<(), Stop> {
    let edu = ctx.edu()?;
    let (mapping, place) = map(ctx, FromDevice)?;

    drop(Transfer::from_device(
        Silent(edu.channel()),
        mapping,
        0..SIZE,
        JOB,
    )?);
    place.check_leaked(ctx)?;
    edu.settle()?;
    place.check_leaked(ctx)
}

type Ends<'a> = (
    Submitter<Channel<'a, &'a Edu<'a>>, Mapping<'a, KVec<u8>, FromDevice>, ()>,
    Completer<Channel<'a, &'a Edu<'a>>, Mapping<'a, KVec<u8>, FromDevice>, ()>,
);

/// Returns the ends of a table with a command in flight, and the place of its memory.
fn ends<'a>(ctx: &Context<'a>) -> Result<(Ends<'a>, Place), Stop> {
    let (mut submitter, completer) = crate::dma::in_flight(ctx.edu()?.channel(), 1)?;
    let (mapping, place) = map(ctx, FromDevice)?;

    submitter.submit(0, mapping, (), JOB)?;
    Ok(((submitter, completer), place))
}

fn forgotten_ends(ctx: &Context<'_>) -> Result<(), Stop> {
    let (ends, place) = ends(ctx)?;

    forget_in_flight(ctx, ends, place)
}

/// Checks that ends which are dropped keep the memory of a command in flight.
fn dropped_ends(ctx: &Context<'_>) -> Result<(), Stop> {
    let (ends, place) = ends(ctx)?;

    drop(ends);
    place.check_leaked(ctx)?;
    ctx.edu()?.settle()?;
    place.check_leaked(ctx)
}

fn in_flight(ctx: &Context<'_>) -> Result<(), Stop> {
    let (mapping, place) = map(ctx, FromDevice)?;
    let transfer = Transfer::from_device(ctx.edu()?.channel(), mapping, 0..SIZE, JOB)?;

    forget(ctx, transfer, place)
}
