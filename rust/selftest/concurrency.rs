// SPDX-License-Identifier: GPL-2.0

//! All that can be sent to another thread or shared with it, by threads on all processors at once.
//!
//! Each value has a pattern of its own, made by one thread and compared by another, so that memory
//! that two have got, or that was freed too early, is seen. The results are named after the types;
//! `scripts/tests/module/test_concurrency.py` compares them with all that are `Send` or `Sync`.

mod crew;

use self::crew::Crew;
use super::{
    bounce::placed,
    evidence::{
        Failure,
        Stop, //
    },
    ktap::Suite,
    moves::arrived,
    pattern,
    resource,
    scratch::{
        JOB,
        TIMEOUT, //
    },
    Context, //
};
use crate::{
    dma::{
        buffer::{
            Pages,
            PagesPart, //
        },
        buffer_pool::{
            BufferPool,
            CpuBuffer,
            DeviceBuffer,
            LocalBufferPool, //
        },
        coherent::{
            CoherentMemory,
            MmapMemory, //
        },
        direction::{
            Bidirectional,
            ToDevice, //
        },
        iova::{
            IovaBuilder,
            IovaMapping, //
        },
        limits,
        pages::{
            DevicePages,
            NoncontiguousPages,
            VmappedPages, //
        },
        pool::DmaPool,
        resource::{
            MmioRegion,
            ResourceMapping, //
        },
        scoped::with_mapping,
        sg::SgMapping,
        streaming::Mapping,
        transfer::{
            DeviceMemory,
            Transfer, //
        }, //
    },
    testdev::{
        addresses::{
            Number,
            Phys, //
        },
        edu::OpenRegister, //
    }, //
};
use core::array;
use kernel::{
    device::{
        Bound,
        Device, //
    },
    fmt,
    interrupt::local_interrupt_disable,
    io::Io,
    new_mutex,
    page::PAGE_SIZE,
    prelude::*,
    ptr::Alignment,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        Arc, //
    }, //
};

/// How much of each value is compared, in bytes.
const SIZE: usize = 256;

/// So much of an object in a pool; several are in a page.
const OBJECT: usize = 40;

/// How often a buffer is taken in each round, where nothing is done but that.
const TAKES: usize = 100;

/// How often the device is at work in it, which takes it 100 ms.
const TRANSFERS: u32 = 2;

/// A pattern that no thread has.
const SEED: u32 = u32::MAX;

type Object = [u8; OBJECT];
type Dev = Device<Bound>;

pub(super) const PLAN: usize = 23;

pub(super) fn run(ctx: &Context<'_>, suite: &mut Suite<'_>) {
    let crew = Crew::new();
    let dev = ctx.dev;

    suite.result(fmt!("Pages, PagesPart"), pages_part(crew));
    suite.result(fmt!("Mapping"), mapping(crew, dev));
    suite.result(fmt!("Mapping, Span"), span(crew, dev));
    suite.result(fmt!("CpuTurn"), turn(crew, dev));
    suite.result(fmt!("ScopedMapping"), scoped(crew, dev));
    suite.result(fmt!("SgMapping, SgAccess"), sg(crew, dev));
    suite.result(fmt!("SgSegment"), segment(crew, dev));
    suite.result(fmt!("IovaMapping"), iova(crew, dev));
    suite.result(fmt!("IovaBuilder"), builder(crew, dev));
    suite.result(fmt!("DevicePages"), device_pages(crew, dev));
    suite.result(fmt!("NoncontiguousPages"), noncontiguous(crew, dev));
    suite.result(fmt!("VmappedPages, VmapAccess"), vmapped(crew, dev));
    suite.result(fmt!("CoherentMemory"), coherent(crew, dev));
    suite.result(fmt!("CoherentTable"), table(crew, dev));
    suite.result(fmt!("MmapMemory"), mmap(crew, dev));
    suite.result(fmt!("DmaPool, PoolObject"), pool(crew, dev));
    suite.result(fmt!("DmaPool, dropped by any"), last_of_pool(crew, dev));
    suite.result(
        fmt!("BufferPool, CpuBuffer, DeviceBuffer"),
        buffer_pool(crew, dev),
    );
    suite.result(
        fmt!("BufferPool, with interrupts disabled"),
        with_interrupts_disabled(crew, dev),
    );
    suite.result(
        fmt!("BufferPool, dropped by any"),
        last_of_buffer_pool(crew, dev),
    );
    suite.result(fmt!("LocalBufferPool"), local_buffer_pool(crew, dev));
    suite.result(fmt!("MmioRegion, ResourceMapping"), registers(ctx, crew));
    suite.result(fmt!("Transfer"), transfer(ctx, crew));
}

/// What the threads have done.
struct Seen {
    crew: Crew,
    /// How many values were ended by another thread than made them.
    handed: Option<usize>,
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Crew {
            threads, rounds, ..
        } = self.crew;

        write!(f, "threads {threads} rounds {rounds}")?;
        match self.handed {
            Some(handed) => write!(f, " ended by another thread {handed}"),
            None => Ok(()),
        }
    }
}

/// All threads make values, and each ends what it gets for its own, most often from another thread.
fn exchange<T: Send + Unpin>(
    crew: Crew,
    make: impl Fn(u32) -> Result<T, Stop> + Sync,
    end: impl Fn(T, u32) -> Result<(), Stop> + Sync,
) -> Result<Seen, Stop> {
    let place = KBox::pin_init(new_mutex!(None), GFP_KERNEL)?;
    let handed = Atomic::new(0usize);

    crew.run(&|thread| {
        for round in 0..crew.rounds {
            // CAST: Some thousands.
            let seed = (thread * crew.rounds + round) as u32;
            let value = make(seed)?;
            let other = place.lock().replace((thread, seed, value));

            if let Some((maker, seed, value)) = other {
                if maker != thread {
                    handed.fetch_add(1, Relaxed);
                }
                end(value, seed)?;
            }
            crew.pause(round);
        }
        Ok(())
    })?;

    let last = place.lock().take();
    if let Some((_, seed, value)) = last {
        end(value, seed)?;
    }
    match handed.load(Relaxed) {
        0 => Err(Failure::Unexpected("no value went to another thread").into()),
        handed => Ok(Seen {
            crew,
            handed: Some(handed),
        }),
    }
}

/// All threads look at the same value.
fn share<T: Sync + ?Sized>(
    crew: Crew,
    value: &T,
    look: impl Fn(&T) -> Result<(), Stop> + Sync,
) -> Result<Seen, Stop> {
    crew.run(&|_| {
        for round in 0..crew.rounds {
            look(value)?;
            crew.pause(round);
        }
        Ok(())
    })?;
    Ok(Seen { crew, handed: None })
}

/// Both, one after the other.
fn hammer<T: Send + Sync + Unpin>(
    crew: Crew,
    make: impl Fn(u32) -> Result<T, Stop> + Sync,
    look: impl Fn(&T) -> Result<(), Stop> + Sync,
    end: impl Fn(T, u32) -> Result<(), Stop> + Sync,
) -> Result<Seen, Stop> {
    let seen = exchange(crew, &make, &end)?;
    let value = make(SEED)?;

    share(crew, &value, look)?;
    end(value, SEED)?;
    Ok(seen)
}

fn expect(is_so: bool, otherwise: &'static str) -> Result<(), Stop> {
    is_so
        .then_some(())
        .ok_or(Failure::Unexpected(otherwise).into())
}

/// Checks what the device is told of memory, which is at least as long as was asked for.
fn spans(memory: &(impl DeviceMemory + ?Sized), len: usize) -> Result<(), Stop> {
    let span = memory.span();

    expect(
        span.len() == len && span.slice(0..len).is_some() && span.slice(0..len + 1).is_none(),
        "the span has another length than the memory",
    )
}

/// A buffer with the pattern.
fn buffer(seed: u32) -> Result<KVec<u8>, Stop> {
    let mut buffer = KVec::from_elem(0u8, SIZE, GFP_KERNEL)?;

    pattern::fill(&mut buffer, seed, 0);
    Ok(buffer)
}

/// A page with the pattern in its first bytes, which are from `offset` on.
fn page(seed: u32, offset: usize) -> Result<Pages, Stop> {
    let mut page = Pages::zeroed(0, GFP_KERNEL)?;

    pattern::fill(&mut page[..SIZE], seed, offset);
    Ok(page)
}

/// Two of them, which are not next to each other for sure.
fn list(seed: u32) -> Result<KVec<Pages>, Stop> {
    let mut pages = KVec::with_capacity(2, GFP_KERNEL)?;

    pages.push(page(seed, 0)?, GFP_KERNEL)?;
    pages.push(page(seed, SIZE)?, GFP_KERNEL)?;
    Ok(pages)
}

fn compare_list(pages: &[Pages], seed: u32) -> Result<(), Stop> {
    expect(pages.len() == 2, "there are not as many pages as were made")?;
    for (i, page) in pages.iter().enumerate() {
        pattern::compare(&page[..SIZE], seed, i * SIZE)?;
    }
    Ok(())
}

fn compare(bytes: &[u8], seed: u32) -> Result<(), Stop> {
    expect(
        bytes.len() == SIZE,
        "there are not as many bytes as were made",
    )?;
    Ok(pattern::compare(bytes, seed, 0)?)
}

fn pages_part(crew: Crew) -> Result<Seen, Stop> {
    let part = |seed| PagesPart::new(page(seed, 0)?, 0..SIZE).map_err(|_| EINVAL.into());

    hammer(
        crew,
        part,
        |part| compare(part, SEED),
        |part, seed| {
            compare(&part, seed)?;
            compare(&part.into_pages()[..SIZE], seed)
        },
    )
}

/// Mapped by one, synced by another, which also writes, and unmaps.
fn mapping(crew: Crew, dev: &Dev) -> Result<Seen, Stop> {
    hammer(
        crew,
        |seed| Ok(Mapping::map(dev, buffer(seed)?, Bidirectional)?),
        |mapping| spans(mapping, SIZE),
        |mut mapping, seed| {
            let mut access = mapping.sync_for_cpu();
            compare(&access, seed)?;
            pattern::fill(&mut access, !seed, 0);
            drop(access);
            compare(&mapping.unmap(), !seed)
        },
    )
}

/// What the device is told of one mapping, and what it can do: both are asked by all.
fn span(crew: Crew, dev: &Dev) -> Result<Seen, Stop> {
    let mapping = Mapping::map(dev, buffer(SEED)?, Bidirectional)?;
    let facts = || {
        (
            limits::mask(dev),
            limits::coherent_mask(dev),
            limits::max_seg_size(dev),
            limits::seg_boundary(dev),
            limits::max_mapping_size(dev),
            limits::opt_mapping_size(dev),
            limits::required_mask(dev),
            limits::merge_boundary(dev),
            limits::addressing_limited(dev),
            limits::is_coherent(dev),
        )
    };
    let before = facts();

    share(crew, &mapping.span(), |span| {
        expect(
            span.address() == mapping.span().address() && span.for_reading().len() == SIZE,
            "the span is not that of the mapping",
        )?;
        expect(facts() == before, "the limits of the device have changed")
    })?;
    exchange(
        crew,
        |_| Ok(mapping.span().for_writing()),
        |span, _| {
            expect(
                span.address() == mapping.span().address(),
                "the span is not that of the mapping",
            )
        },
    )
}

/// The CPU's turn goes to another thread.
fn turn(crew: Crew, dev: &Dev) -> Result<Seen, Stop> {
    hammer(
        crew,
        |seed| {
            let mapping = Mapping::map(dev, buffer(!seed)?, Bidirectional)?;
            let mut turn = mapping.into_cpu();

            pattern::fill(&mut turn, seed, 0);
            Ok(turn)
        },
        |turn| compare(turn, SEED),
        |turn, seed| {
            compare(&turn, seed)?;
            compare(&turn.into_device().unmap(), seed)
        },
    )
}

/// Each thread has one of its own, and all look at one.
fn scoped(crew: Crew, dev: &Dev) -> Result<Seen, Stop> {
    crew.run(&|thread| {
        for round in 0..crew.rounds {
            // CAST: As many as processors.
            let seed = thread as u32;
            let mut place = Some(buffer(seed)?);

            with_mapping(dev, &mut place, Bidirectional, |scoped| {
                let mut access = scoped.sync_for_cpu().ok_or(EFAULT)?;

                compare(&access, seed).map_err(|_| EBADMSG)?;
                pattern::fill(&mut access, !seed, 0);
                Ok(())
            })?;
            compare(&place.ok_or(EFAULT)?, !seed)?;
            crew.pause(round);
        }
        Ok(())
    })?;

    let mut seen = None;
    with_mapping(dev, &mut Some(buffer(SEED)?), Bidirectional, |scoped| {
        seen = Some(share(crew, &*scoped, |scoped| {
            spans(scoped.mapping().ok_or(EFAULT)?, SIZE)
        }));
        Ok(())
    })?;
    seen.ok_or(EFAULT)?
}

/// Checks the bytes of a list, of which one page follows another.
fn compare_read(read: impl Fn(usize, &mut [u8]) -> Result, seed: u32) -> Result<(), Stop> {
    let mut bytes = [0; SIZE];

    for i in 0..2 {
        read(i * PAGE_SIZE, &mut bytes)?;
        pattern::compare(&bytes, seed, i * SIZE)?;
    }
    Ok(())
}

fn sg_mapping(dev: &Dev, seed: u32) -> Result<SgMapping<'_, KVec<Pages>, Bidirectional>, Stop> {
    Ok(SgMapping::map(dev, list(seed)?, Bidirectional, GFP_KERNEL)?)
}

fn sg(crew: Crew, dev: &Dev) -> Result<Seen, Stop> {
    let mut mapping = sg_mapping(dev, SEED)?;
    share(crew, &mapping.sync_for_cpu(), |access| {
        compare_read(|at, bytes| access.read(at, bytes), SEED)
    })?;

    hammer(
        crew,
        |seed| sg_mapping(dev, seed),
        |mapping| {
            let len: usize = mapping.spans().map(|span| span.len()).sum();
            let size: usize = mapping.pieces().map(|piece| piece.len()).sum();

            expect(
                len == 2 * PAGE_SIZE && size == len && mapping.entries() <= 2,
                "the list has another length than its pages",
            )
        },
        |mut mapping, seed| {
            let mut access = mapping.sync_for_cpu();
            compare_read(|at, bytes| access.read(at, bytes), seed)?;
            access.write(0, &buffer(!seed)?)?;
            drop(access);

            let pages = mapping.unmap();
            pattern::compare(&pages[0][..SIZE], !seed, 0)?;
            Ok(pattern::compare(&pages[1][..SIZE], seed, SIZE)?)
        },
    )
}

fn segment(crew: Crew, dev: &Dev) -> Result<Seen, Stop> {
    hammer(
        crew,
        |seed| {
            sg_mapping(dev, seed)?
                .into_segment(0)
                .map_err(|_| EINVAL.into())
        },
        |segment| expect(!segment.span().is_empty(), "the segment is empty"),
        |segment, seed| compare_list(&segment.into_mapping().unmap(), seed),
    )
}

/// Says why there is no such mapping where nobody translates.
fn needs_iommu<T>(result: Result<T, Stop>) -> Result<T, Stop> {
    match result {
        Err(Stop::Fail(Failure::Error(error))) if error == EOPNOTSUPP => {
            Err(Stop::Skip("nobody translates"))
        }
        result => result,
    }
}

fn iova(crew: Crew, dev: &Dev) -> Result<Seen, Stop> {
    needs_iommu(hammer(
        crew,
        |seed| {
            Ok(IovaMapping::map(
                dev,
                list(seed)?,
                Bidirectional,
                GFP_KERNEL,
            )?)
        },
        |mapping| {
            let size: usize = mapping.pieces().map(|piece| piece.len()).sum();

            spans(mapping, size)
        },
        |mapping, seed| compare_list(&mapping.unmap(), seed),
    ))
}

/// Begun by one, finished by another.
fn builder(crew: Crew, dev: &Dev) -> Result<Seen, Stop> {
    let size = 2 * PAGE_SIZE;
    let begin = |seed| {
        let first = page(seed, 0)?;

        Ok(IovaBuilder::begin(
            dev,
            first,
            size,
            2,
            Bidirectional,
            GFP_KERNEL,
        )?)
    };

    needs_iommu(hammer(
        crew,
        begin,
        |builder| {
            expect(
                builder.len() == PAGE_SIZE && !builder.is_empty(),
                "there is not what was linked",
            )
        },
        |mut builder, seed| {
            builder.link(page(seed, SIZE)?)?;

            let mapping = builder.finish()?;
            spans(&mapping, size)?;
            compare_list(&mapping.unmap(), seed)
        },
    ))
}

fn device_pages(crew: Crew, dev: &Dev) -> Result<Seen, Stop> {
    hammer(
        crew,
        |seed| {
            let mut pages = DevicePages::<u8, _>::zeroed(dev, SIZE, Bidirectional, GFP_KERNEL)?;

            pattern::fill(&mut pages.sync_for_cpu(), seed, 0);
            Ok(pages)
        },
        |pages| spans(pages, SIZE),
        |mut pages, seed| compare(&pages.sync_for_cpu(), seed),
    )
}

/// Pages from anywhere with the pattern, which the CPU still has in its address space.
fn pages_with(dev: &Dev, seed: u32) -> Result<VmappedPages<'_, u8, Bidirectional>, Stop> {
    let pages = NoncontiguousPages::zeroed(dev, SIZE, Bidirectional, GFP_KERNEL)?;
    let mut pages = pages.vmap()?;

    pattern::fill(&mut pages.sync_for_cpu(), seed, 0);
    Ok(pages)
}

fn noncontiguous(crew: Crew, dev: &Dev) -> Result<Seen, Stop> {
    hammer(
        crew,
        |seed| Ok(pages_with(dev, seed)?.vunmap()),
        |pages| expect(pages.pieces().count() == 1, "there is more than a page"),
        |pages, seed| compare(&pages.vmap()?.sync_for_cpu(), seed),
    )
}

fn vmapped(crew: Crew, dev: &Dev) -> Result<Seen, Stop> {
    share(crew, &pages_with(dev, SEED)?.sync_for_cpu(), |access| {
        compare(access, SEED)
    })?;
    hammer(
        crew,
        |seed| pages_with(dev, seed),
        |pages| expect(pages.span().len() == SIZE, "the memory has another size"),
        |mut pages, seed| compare(&pages.sync_for_cpu(), seed),
    )
}

fn coherent_memory(dev: &Dev, seed: u32) -> Result<CoherentMemory<'_, [u8]>, Stop> {
    Ok(CoherentMemory::from_slice(dev, &buffer(seed)?, GFP_KERNEL)?)
}

/// The bytes of coherent memory, which `copy` reads, are those of the pattern.
fn compare_copy(copy: impl FnOnce(&mut [u8]), seed: u32) -> Result<(), Stop> {
    let mut bytes = [0; SIZE];

    copy(&mut bytes);
    compare(&bytes, seed)
}

/// Allocated and written by one, read and freed by another.
fn coherent(crew: Crew, dev: &Dev) -> Result<Seen, Stop> {
    hammer(
        crew,
        |seed| coherent_memory(dev, seed),
        |memory| {
            spans(memory, SIZE)?;
            compare_copy(|bytes| memory.copy_to_slice(bytes), SEED)
        },
        |memory, seed| compare_copy(|bytes| memory.copy_to_slice(bytes), seed),
    )
}

/// All make tables of the same memory.
fn table(crew: Crew, dev: &Dev) -> Result<Seen, Stop> {
    let memory = coherent_memory(dev, SEED)?;
    let is_whole = |len: usize| expect(len == SIZE, "the table has another size than the memory");

    hammer(
        crew,
        |_| Ok(memory.sg_table()?),
        |table| is_whole(table.pieces().map(|piece| piece.len()).sum()),
        |table, _| is_whole(table.pieces().map(|piece| piece.len()).sum()),
    )
}

fn mmap(crew: Crew, dev: &Dev) -> Result<Seen, Stop> {
    hammer(
        crew,
        |seed| MmapMemory::new(coherent_memory(dev, seed)?, GFP_KERNEL).map_err(|_| ENOMEM.into()),
        |memory| compare_copy(|bytes| memory.copy_to_slice(bytes), SEED),
        |memory, seed| compare_copy(|bytes| memory.copy_to_slice(bytes), seed),
    )
}

fn dma_pool(dev: &Dev) -> Result<Arc<DmaPool<'_, Object>>> {
    DmaPool::new(dev, c"concurrency", Alignment::new::<8>(), None)
}

/// An object with the pattern.
fn object(seed: u32) -> Object {
    array::from_fn(|i| pattern::byte(seed, i))
}

/// All allocate from one pool, and free what others have allocated.
fn pool(crew: Crew, dev: &Dev) -> Result<Seen, Stop> {
    let pool = dma_pool(dev)?;

    hammer(
        crew,
        |seed| {
            let borrowed = pool.zalloc_borrowed(GFP_KERNEL)?;
            let object_of_pool = DmaPool::zalloc(&pool, GFP_KERNEL)?;

            pattern::all(&borrowed.copy_read(), 0)?;
            pattern::all(&object_of_pool.copy_read(), 0)?;
            borrowed.copy_write(object(!seed));
            object_of_pool.copy_write(object(seed));
            pattern::compare(&borrowed.copy_read(), !seed, 0)?;
            Ok(object_of_pool)
        },
        |object| {
            expect(object.span().len() == OBJECT, "the object has another size")?;
            Ok(pattern::compare(&object.copy_read(), SEED, 0)?)
        },
        |object, seed| Ok(pattern::compare(&object.copy_read(), seed, 0)?),
    )
}

/// A pool is destroyed with its last object, in whichever thread.
fn last_of_pool(crew: Crew, dev: &Dev) -> Result<Seen, Stop> {
    exchange(
        crew,
        |seed| {
            let object_of_pool = DmaPool::zalloc(&dma_pool(dev)?, GFP_KERNEL)?;

            object_of_pool.copy_write(object(seed));
            Ok(object_of_pool)
        },
        |object, seed| Ok(pattern::compare(&object.copy_read(), seed, 0)?),
    )
}

type Pool<'a> = BufferPool<'a, KVec<u8>, Bidirectional>;

fn buffers(dev: &Dev, count: usize) -> Result<Arc<Pool<'_>>> {
    BufferPool::new(dev, count, Bidirectional, || {
        Ok(KVec::from_elem(0, SIZE, GFP_KERNEL)?)
    })
}

/// All take from one pool, and give back what others have taken.
fn buffer_pool(crew: Crew, dev: &Dev) -> Result<Seen, Stop> {
    // One for each thread, and one on its way between them.
    let pool = buffers(dev, crew.threads + 1)?;
    let take = |seed| -> Result<_, Stop> {
        let mut buffer = CpuBuffer::take(pool.clone(), SIZE)?;

        pattern::fill(&mut buffer, seed, 0);
        Ok(buffer)
    };

    hammer(
        crew,
        take,
        |buffer| {
            expect(pool.available() == crew.threads, "not all buffers are back")?;
            compare(buffer, SEED)
        },
        |buffer, seed| compare(&buffer, seed),
    )?;
    let seen = hammer(
        crew,
        |seed| Ok(take(seed)?.sync_for_device()),
        |buffer: &DeviceBuffer<'_, _, _>| spans(buffer, SIZE),
        |buffer, seed| {
            let buffer = buffer.sync_for_cpu(SIZE).map_err(|_| EINVAL)?;

            compare(&buffer, seed)
        },
    )?;
    expect(
        pool.available() == crew.threads + 1,
        "not all buffers are back",
    )?;
    Ok(seen)
}

/// Every other thread uses the pool as the handler of an interrupt does.
fn with_interrupts_disabled(crew: Crew, dev: &Dev) -> Result<Seen, Stop> {
    let pool = buffers(dev, crew.threads)?;

    crew.run(&|thread| {
        for round in 0..crew.rounds {
            for take in 0..TAKES {
                // CAST: Some thousands.
                let seed = ((thread * crew.rounds + round) * TAKES + take) as u32;
                let disabled = (thread % 2 == 0).then(local_interrupt_disable);
                let mut buffer = CpuBuffer::take(&*pool, SIZE)?;

                pattern::fill(&mut buffer, seed, 0);
                let buffer = buffer.sync_for_device();
                let buffer = buffer.sync_for_cpu(SIZE).map_err(|_| EINVAL)?;
                compare(&buffer, seed)?;
                drop(buffer);
                drop(disabled);
            }
            crew.pause(round);
        }
        Ok(())
    })?;
    expect(pool.available() == crew.threads, "not all buffers are back")?;
    Ok(Seen { crew, handed: None })
}

/// A pool is dropped with its last buffer, in whichever thread.
fn last_of_buffer_pool(crew: Crew, dev: &Dev) -> Result<Seen, Stop> {
    exchange(
        crew,
        |seed| {
            let mut buffer = CpuBuffer::take(buffers(dev, 2)?, SIZE)?;

            pattern::fill(&mut buffer, seed, 0);
            Ok(buffer)
        },
        |buffer, seed| compare(&buffer, seed),
    )
}

/// A pool without a lock goes from thread to thread, with what is in it.
fn local_buffer_pool(crew: Crew, dev: &Dev) -> Result<Seen, Stop> {
    exchange(
        crew,
        |seed| {
            let pool = LocalBufferPool::new(dev, 1, Bidirectional, || {
                Ok(KVec::from_elem(0u8, SIZE, GFP_KERNEL)?)
            })?;

            pattern::fill(&mut CpuBuffer::take(&pool, SIZE)?, seed, 0);
            Ok(pool)
        },
        |pool, seed| compare(&CpuBuffer::take(&pool, SIZE)?, seed),
    )
}

/// All map the same registers, to be read.
fn registers(ctx: &Context<'_>, crew: Crew) -> Result<Seen, Stop> {
    let dev = ctx.dev;
    let held = resource::Held::first(ctx)?;
    let len = OpenRegister::Factorial.range().len();
    let registers: MmioRegion<'_> = held.region(0..len)?;

    // Where they cannot be mapped, that is said there.
    drop(resource::map(ctx, registers, ToDevice)?);
    hammer(
        crew,
        |_| Ok(ResourceMapping::map(dev, registers, ToDevice)?),
        |mapping| {
            // SAFETY: No device is given the numbers.
            let phys = unsafe { (mapping.region().phys(), registers.phys()) };

            expect(phys.0 == phys.1, "other registers are mapped")?;
            spans(mapping, len)
        },
        |mapping, _| spans(&mapping, len),
    )
}

/// A transfer that one thread has started is another's to wait for.
fn transfer(ctx: &Context<'_>, crew: Crew) -> Result<Seen, Stop> {
    let edu = ctx.edu()?;

    for seed in 0..TRANSFERS {
        let mapping = Mapping::map(ctx.dev, buffer(seed)?, ToDevice)?;
        let dma = mapping.span().number();
        placed::<ToDevice>(ctx, dma, SIZE, mapping.phys())?;

        let transfer = Transfer::read(edu, mapping, 0..SIZE, JOB)?;
        let started = KBox::pin_init(new_mutex!(Some(transfer)), GFP_KERNEL)?;
        let over = KBox::pin_init(new_mutex!(None), GFP_KERNEL)?;
        crew.run(&|_| {
            let transfer = started.lock().take();

            if let Some(transfer) = transfer {
                let mapping = transfer.wait(TIMEOUT)?;
                over.lock().replace(mapping);
            }
            Ok(())
        })?;

        arrived(ctx, seed, 0..SIZE)?;
        let mapping = over.lock().take().ok_or(EFAULT)?;
        compare(&mapping.unmap(), seed)?;
        ctx.witness.unmapped(dma, SIZE)?;
    }
    Ok(Seen { crew, handed: None })
}
