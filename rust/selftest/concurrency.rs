// SPDX-License-Identifier: GPL-2.0

//! All types that are `Send` or `Sync`, used by threads on all processors at once.
//!
//! Each value has its own pattern, written by one thread and compared by another, which detects
//! memory that is allocated twice or freed too early. The results are named after the types:
//! `scripts/tests/module/test_concurrency.py` compares them with those that are `Send` or `Sync`.

mod workers;

use self::workers::Workers;
use super::{
    direction_test::arrived,
    prelude::*,
    resource, //
};
use crate::{
    dma::{
        buffer::PagesPart,
        coherent::MmapMemory,
        pages::VmappedPages,
        resource::MmioRegion, //
    },
    testdev::edu::OpenRegister, //
};
use core::array;
use kernel::{
    interrupt::local_interrupt_disable,
    new_mutex,
    sync::atomic::{
        Atomic,
        Relaxed, //
    }, //
};

/// The number of bytes of each value that are compared.
const SIZE: usize = 256;

/// The size of a pool object; several fit into a page.
const OBJECT: usize = 40;

/// The number of buffers taken in a round with interrupts disabled.
const TAKES: usize = 100;

/// The number of transfers, each of which takes 100 ms.
const TRANSFERS: u32 = 2;

/// The pattern of shared values, which differs from those of all threads.
const SEED: u32 = u32::MAX;

type Object = [u8; OBJECT];
type Dev = Device<Bound>;

pub(super) const PLAN: usize = 23;

pub(super) fn run(ctx: &Context<'_>, suite: &mut Suite<'_>) {
    let workers = Workers::new();
    let dev = ctx.dev;

    suite.result(fmt!("Pages, PagesPart"), pages_part(workers));
    suite.result(fmt!("Mapping"), mapping(workers, dev));
    suite.result(fmt!("Mapping, Span"), span(workers, dev));
    suite.result(fmt!("CpuTurn"), turn(workers, dev));
    suite.result(fmt!("ScopedMapping"), scoped(workers, dev));
    suite.result(fmt!("SgMapping, SgAccess"), sg(workers, dev));
    suite.result(fmt!("SgSegment"), segment(workers, dev));
    suite.result(fmt!("IovaMapping"), iova(workers, dev));
    suite.result(fmt!("IovaBuilder"), builder(workers, dev));
    suite.result(fmt!("DevicePages"), device_pages(workers, dev));
    suite.result(fmt!("NoncontiguousPages"), noncontiguous(workers, dev));
    suite.result(fmt!("VmappedPages, VmapAccess"), vmapped(workers, dev));
    suite.result(fmt!("CoherentMemory"), coherent(workers, dev));
    suite.result(fmt!("CoherentTable"), table(workers, dev));
    suite.result(fmt!("MmapMemory"), mmap(workers, dev));
    suite.result(fmt!("DmaPool, PoolObject"), pool(workers, dev));
    suite.result(fmt!("DmaPool, dropped by any"), last_of_pool(workers, dev));
    suite.result(
        fmt!("BufferPool, CpuBuffer, DeviceBuffer"),
        buffer_pool(workers, dev),
    );
    suite.result(
        fmt!("BufferPool, with interrupts disabled"),
        with_interrupts_disabled(workers, dev),
    );
    suite.result(
        fmt!("BufferPool, dropped by any"),
        last_of_buffer_pool(workers, dev),
    );
    suite.result(fmt!("LocalBufferPool"), local_buffer_pool(workers, dev));
    suite.result(fmt!("MmioRegion, ResourceMapping"), registers(ctx, workers));
    suite.result(fmt!("Transfer"), transfer(ctx, workers));
}

/// The evidence of a check.
struct Seen {
    workers: Workers,
    /// The number of values that were consumed by another thread than their creator.
    handed: Option<usize>,
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Workers {
            threads, rounds, ..
        } = self.workers;

        write!(f, "threads {threads} rounds {rounds}")?;
        match self.handed {
            Some(handed) => write!(f, " ended by another thread {handed}"),
            None => Ok(()),
        }
    }
}

/// Lets each thread create values, swap them for those of other threads, and consume these with
/// `end`.
fn exchange<T: Send + Unpin>(
    workers: Workers,
    make: impl Fn(u32) -> Result<T, Stop> + Sync,
    end: impl Fn(T, u32) -> Result<(), Stop> + Sync,
) -> Result<Seen, Stop> {
    let slot = KBox::pin_init(new_mutex!(None), GFP_KERNEL)?;
    let handed = Atomic::new(0usize);

    workers.run(&|thread| {
        for round in 0..workers.rounds {
            // CAST: A few thousand at most.
            let seed = (thread * workers.rounds + round) as u32;
            let value = make(seed)?;
            let other = slot.lock().replace((thread, seed, value));

            if let Some((maker, seed, value)) = other {
                if maker != thread {
                    handed.fetch_add(1, Relaxed);
                }
                end(value, seed)?;
            }
            workers.pause(round);
        }
        Ok(())
    })?;

    let last = slot.lock().take();
    if let Some((_, seed, value)) = last {
        end(value, seed)?;
    }
    match handed.load(Relaxed) {
        0 => fail("no value went to another thread"),
        handed => Ok(Seen {
            workers,
            handed: Some(handed),
        }),
    }
}

/// Lets all threads use one value by reference.
fn share<T: Sync + ?Sized>(
    workers: Workers,
    value: &T,
    look: impl Fn(&T) -> Result<(), Stop> + Sync,
) -> Result<Seen, Stop> {
    workers.run(&|_| {
        for round in 0..workers.rounds {
            look(value)?;
            workers.pause(round);
        }
        Ok(())
    })?;
    Ok(Seen {
        workers,
        handed: None,
    })
}

/// Calls [`exchange`], and then [`share`].
fn exchange_and_share<T: Send + Sync + Unpin>(
    workers: Workers,
    make: impl Fn(u32) -> Result<T, Stop> + Sync,
    look: impl Fn(&T) -> Result<(), Stop> + Sync,
    end: impl Fn(T, u32) -> Result<(), Stop> + Sync,
) -> Result<Seen, Stop> {
    let seen = exchange(workers, &make, &end)?;
    let value = make(SEED)?;

    share(workers, &value, look)?;
    end(value, SEED)?;
    Ok(seen)
}

/// Fails with a message unless `condition` holds.
fn ensure(condition: bool, message: &'static str) -> Result<(), Stop> {
    match condition {
        true => Ok(()),
        false => fail(message),
    }
}

/// Checks the length of the span of memory.
fn spans(memory: &(impl DeviceMemory + ?Sized), len: usize) -> Result<(), Stop> {
    let span = memory.span();

    ensure(
        span.len() == len && span.slice(0..len).is_some() && span.slice(0..len + 1).is_none(),
        "the span has another length than the memory",
    )
}

/// Returns a buffer with the pattern.
fn buffer(seed: u32) -> Result<KVec<u8>, Stop> {
    let mut buffer = KVec::from_elem(0u8, SIZE, GFP_KERNEL)?;

    pattern::fill(&mut buffer, seed, 0);
    Ok(buffer)
}

/// Returns a page with the pattern from `offset` on in its first bytes.
fn page(seed: u32, offset: usize) -> Result<Pages, Stop> {
    let mut page = Pages::zeroed(0, GFP_KERNEL)?;

    pattern::fill(&mut page[..SIZE], seed, offset);
    Ok(page)
}

/// Returns two pages, adjacent or not.
fn list(seed: u32) -> Result<KVec<Pages>, Stop> {
    let mut pages = KVec::with_capacity(2, GFP_KERNEL)?;

    pages.push(page(seed, 0)?, GFP_KERNEL)?;
    pages.push(page(seed, SIZE)?, GFP_KERNEL)?;
    Ok(pages)
}

fn compare_list(pages: &[Pages], seed: u32) -> Result<(), Stop> {
    ensure(pages.len() == 2, "the number of pages has changed")?;
    for (i, page) in pages.iter().enumerate() {
        pattern::compare(&page[..SIZE], seed, i * SIZE)?;
    }
    Ok(())
}

fn compare(bytes: &[u8], seed: u32) -> Result<(), Stop> {
    ensure(bytes.len() == SIZE, "the number of bytes has changed")?;
    Ok(pattern::compare(bytes, seed, 0)?)
}

fn pages_part(workers: Workers) -> Result<Seen, Stop> {
    let part = |seed| PagesPart::new(page(seed, 0)?, 0..SIZE).map_err(|_| EINVAL.into());

    exchange_and_share(
        workers,
        part,
        |part| compare(part, SEED),
        |part, seed| {
            compare(&part, seed)?;
            compare(&part.into_pages()[..SIZE], seed)
        },
    )
}

/// Maps in one thread; syncs, writes and unmaps in another.
fn mapping(workers: Workers, dev: &Dev) -> Result<Seen, Stop> {
    exchange_and_share(
        workers,
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

/// Queries the span of one mapping and the limits of the device in all threads.
fn span(workers: Workers, dev: &Dev) -> Result<Seen, Stop> {
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

    share(workers, &mapping.span(), |span| {
        ensure(
            span.address() == mapping.span().address() && span.for_reading().len() == SIZE,
            "the span is not that of the mapping",
        )?;
        ensure(facts() == before, "the limits of the device have changed")
    })?;
    exchange(
        workers,
        |_| Ok(mapping.span().for_writing()),
        |span, _| {
            ensure(
                span.address() == mapping.span().address(),
                "the span is not that of the mapping",
            )
        },
    )
}

/// Moves a mapping that the CPU owns to another thread.
fn turn(workers: Workers, dev: &Dev) -> Result<Seen, Stop> {
    exchange_and_share(
        workers,
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

/// Uses one mapping for each thread, and one that all threads share.
fn scoped(workers: Workers, dev: &Dev) -> Result<Seen, Stop> {
    workers.run(&|thread| {
        for round in 0..workers.rounds {
            // CAST: At most the number of processors.
            let seed = thread as u32;
            let mut place = Some(buffer(seed)?);

            with_mapping(dev, &mut place, Bidirectional, |scoped| {
                let mut access = scoped.sync_for_cpu().ok_or(EFAULT)?;

                compare(&access, seed).map_err(|_| EBADMSG)?;
                pattern::fill(&mut access, !seed, 0);
                Ok(())
            })?;
            compare(&place.ok_or(EFAULT)?, !seed)?;
            workers.pause(round);
        }
        Ok(())
    })?;

    let mut seen = None;
    with_mapping(dev, &mut Some(buffer(SEED)?), Bidirectional, |scoped| {
        seen = Some(share(workers, &*scoped, |scoped| {
            spans(scoped.mapping().ok_or(EFAULT)?, SIZE)
        }));
        Ok(())
    })?;
    seen.ok_or(EFAULT)?
}

/// Compares the first bytes of each page of a list.
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

fn sg(workers: Workers, dev: &Dev) -> Result<Seen, Stop> {
    let mut mapping = sg_mapping(dev, SEED)?;
    share(workers, &mapping.sync_for_cpu(), |access| {
        compare_read(|at, bytes| access.read(at, bytes), SEED)
    })?;

    exchange_and_share(
        workers,
        |seed| sg_mapping(dev, seed),
        |mapping| {
            let len: usize = mapping.spans().map(|span| span.len()).sum();
            let size: usize = mapping.pieces().map(|piece| piece.len()).sum();

            ensure(
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

fn segment(workers: Workers, dev: &Dev) -> Result<Seen, Stop> {
    exchange_and_share(
        workers,
        |seed| {
            sg_mapping(dev, seed)?
                .into_segment(0)
                .map_err(|_| EINVAL.into())
        },
        |segment| ensure(!segment.span().is_empty(), "the segment is empty"),
        |segment, seed| compare_list(&segment.into_mapping().unmap(), seed),
    )
}

/// Skips the check without translation.
fn needs_iommu<T>(result: Result<T, Stop>) -> Result<T, Stop> {
    match result {
        Err(Stop::Fail(Failure::Error(error))) if error == EOPNOTSUPP => {
            Err(Stop::Skip("no translation"))
        }
        result => result,
    }
}

fn iova(workers: Workers, dev: &Dev) -> Result<Seen, Stop> {
    needs_iommu(exchange_and_share(
        workers,
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

/// Begins a mapping in one thread and finishes it in another.
fn builder(workers: Workers, dev: &Dev) -> Result<Seen, Stop> {
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

    needs_iommu(exchange_and_share(
        workers,
        begin,
        |builder| {
            ensure(
                builder.len() == PAGE_SIZE && !builder.is_empty(),
                "the builder has another length than the linked page",
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

fn device_pages(workers: Workers, dev: &Dev) -> Result<Seen, Stop> {
    exchange_and_share(
        workers,
        |seed| {
            let mut pages = DevicePages::<u8, _>::zeroed(dev, SIZE, Bidirectional, GFP_KERNEL)?;

            pattern::fill(&mut pages.sync_for_cpu(), seed, 0);
            Ok(pages)
        },
        |pages| spans(pages, SIZE),
        |mut pages, seed| compare(&pages.sync_for_cpu(), seed),
    )
}

/// Returns vmapped pages with the pattern.
fn pages_with(dev: &Dev, seed: u32) -> Result<VmappedPages<'_, u8, Bidirectional>, Stop> {
    let pages = NoncontiguousPages::zeroed(dev, SIZE, Bidirectional, GFP_KERNEL)?;
    let mut pages = pages.vmap()?;

    pattern::fill(&mut pages.sync_for_cpu(), seed, 0);
    Ok(pages)
}

fn noncontiguous(workers: Workers, dev: &Dev) -> Result<Seen, Stop> {
    exchange_and_share(
        workers,
        |seed| Ok(pages_with(dev, seed)?.vunmap()),
        |pages| ensure(pages.pieces().count() == 1, "there is more than one page"),
        |pages, seed| compare(&pages.vmap()?.sync_for_cpu(), seed),
    )
}

fn vmapped(workers: Workers, dev: &Dev) -> Result<Seen, Stop> {
    share(workers, &pages_with(dev, SEED)?.sync_for_cpu(), |access| {
        compare(access, SEED)
    })?;
    exchange_and_share(
        workers,
        |seed| pages_with(dev, seed),
        |pages| ensure(pages.span().len() == SIZE, "the memory has another size"),
        |mut pages, seed| compare(&pages.sync_for_cpu(), seed),
    )
}

fn coherent_memory(dev: &Dev, seed: u32) -> Result<CoherentMemory<'_, [u8]>, Stop> {
    Ok(CoherentMemory::from_slice(dev, &buffer(seed)?, GFP_KERNEL)?)
}

/// Compares the bytes that `copy` reads from coherent memory.
fn compare_copy(copy: impl FnOnce(&mut [u8]), seed: u32) -> Result<(), Stop> {
    let mut bytes = [0; SIZE];

    copy(&mut bytes);
    compare(&bytes, seed)
}

/// Allocates and writes memory in one thread, reads and frees it in another.
fn coherent(workers: Workers, dev: &Dev) -> Result<Seen, Stop> {
    exchange_and_share(
        workers,
        |seed| coherent_memory(dev, seed),
        |memory| {
            spans(memory, SIZE)?;
            compare_copy(|bytes| memory.copy_to_slice(bytes), SEED)
        },
        |memory, seed| compare_copy(|bytes| memory.copy_to_slice(bytes), seed),
    )
}

/// Creates tables of the same memory in all threads.
fn table(workers: Workers, dev: &Dev) -> Result<Seen, Stop> {
    let memory = coherent_memory(dev, SEED)?;
    let is_whole = |len: usize| ensure(len == SIZE, "the table has another size than the memory");

    exchange_and_share(
        workers,
        |_| Ok(memory.sg_table()?),
        |table| is_whole(table.pieces().map(|piece| piece.len()).sum()),
        |table, _| is_whole(table.pieces().map(|piece| piece.len()).sum()),
    )
}

fn mmap(workers: Workers, dev: &Dev) -> Result<Seen, Stop> {
    exchange_and_share(
        workers,
        |seed| MmapMemory::new(coherent_memory(dev, seed)?, GFP_KERNEL).map_err(|_| ENOMEM.into()),
        |memory| compare_copy(|bytes| memory.copy_to_slice(bytes), SEED),
        |memory, seed| compare_copy(|bytes| memory.copy_to_slice(bytes), seed),
    )
}

fn dma_pool(dev: &Dev) -> Result<Arc<DmaPool<'_, Object>>> {
    DmaPool::new(dev, c"concurrency", Alignment::new::<8>(), None)
}

/// Returns an object with the pattern.
fn object(seed: u32) -> Object {
    array::from_fn(|i| pattern::byte(seed, i))
}

/// Allocates from one pool in all threads, which free the objects of others.
fn pool(workers: Workers, dev: &Dev) -> Result<Seen, Stop> {
    let pool = dma_pool(dev)?;

    exchange_and_share(
        workers,
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
            ensure(object.span().len() == OBJECT, "the object has another size")?;
            Ok(pattern::compare(&object.copy_read(), SEED, 0)?)
        },
        |object, seed| Ok(pattern::compare(&object.copy_read(), seed, 0)?),
    )
}

/// Checks that a pool may be destroyed with its last object in any thread.
fn last_of_pool(workers: Workers, dev: &Dev) -> Result<Seen, Stop> {
    exchange(
        workers,
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

/// Takes buffers from one pool in all threads, which return the buffers of others.
fn buffer_pool(workers: Workers, dev: &Dev) -> Result<Seen, Stop> {
    // One buffer for each thread, and one that waits to be swapped.
    let pool = buffers(dev, workers.threads + 1)?;
    let take = |seed| -> Result<_, Stop> {
        let mut buffer = CpuBuffer::take(pool.clone(), SIZE)?;

        pattern::fill(&mut buffer, seed, 0);
        Ok(buffer)
    };

    exchange_and_share(
        workers,
        take,
        |buffer| {
            ensure(
                pool.available() == workers.threads,
                "not all buffers are back",
            )?;
            compare(buffer, SEED)
        },
        |buffer, seed| compare(&buffer, seed),
    )?;
    let seen = exchange_and_share(
        workers,
        |seed| Ok(take(seed)?.sync_for_device()),
        |buffer: &DeviceBuffer<'_, _, _>| spans(buffer, SIZE),
        |buffer, seed| {
            let buffer = buffer.sync_for_cpu(SIZE).map_err(|_| EINVAL)?;

            compare(&buffer, seed)
        },
    )?;
    ensure(
        pool.available() == workers.threads + 1,
        "not all buffers are back",
    )?;
    Ok(seen)
}

/// Uses a pool in all threads, and with interrupts disabled in every other one, as in an interrupt
/// handler.
fn with_interrupts_disabled(workers: Workers, dev: &Dev) -> Result<Seen, Stop> {
    let pool = buffers(dev, workers.threads)?;

    workers.run(&|thread| {
        for round in 0..workers.rounds {
            for take in 0..TAKES {
                // CAST: A few thousand at most.
                let seed = ((thread * workers.rounds + round) * TAKES + take) as u32;
                let disabled = (thread % 2 == 0).then(local_interrupt_disable);
                let mut buffer = CpuBuffer::take(&*pool, SIZE)?;

                pattern::fill(&mut buffer, seed, 0);
                let buffer = buffer.sync_for_device();
                let buffer = buffer.sync_for_cpu(SIZE).map_err(|_| EINVAL)?;
                compare(&buffer, seed)?;
                drop(buffer);
                drop(disabled);
            }
            workers.pause(round);
        }
        Ok(())
    })?;
    ensure(
        pool.available() == workers.threads,
        "not all buffers are back",
    )?;
    Ok(Seen {
        workers,
        handed: None,
    })
}

/// Checks that a pool may be dropped with its last buffer in any thread.
fn last_of_buffer_pool(workers: Workers, dev: &Dev) -> Result<Seen, Stop> {
    exchange(
        workers,
        |seed| {
            let mut buffer = CpuBuffer::take(buffers(dev, 2)?, SIZE)?;

            pattern::fill(&mut buffer, seed, 0);
            Ok(buffer)
        },
        |buffer, seed| compare(&buffer, seed),
    )
}

/// Moves a pool without a lock, and its buffers, to another thread.
fn local_buffer_pool(workers: Workers, dev: &Dev) -> Result<Seen, Stop> {
    exchange(
        workers,
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

/// Maps the same registers for reads in all threads.
fn registers(ctx: &Context<'_>, workers: Workers) -> Result<Seen, Stop> {
    let dev = ctx.dev;
    let bar = resource::MappedBar::first(ctx)?;
    let len = OpenRegister::Factorial.range().len();
    let registers: MmioRegion<'_> = bar.region(0..len)?;

    // Skips or ends the check if they cannot be mapped.
    drop(resource::map(ctx, registers, ToDevice)?);
    exchange_and_share(
        workers,
        |_| Ok(ResourceMapping::map(dev, registers, ToDevice)?),
        |mapping| {
            // SAFETY: The addresses are only compared.
            let phys = unsafe { (mapping.region().phys(), registers.phys()) };

            ensure(phys.0 == phys.1, "other registers are mapped")?;
            spans(mapping, len)
        },
        |mapping, _| spans(&mapping, len),
    )
}

/// Starts transfers in this thread and waits for them in another.
fn transfer(ctx: &Context<'_>, workers: Workers) -> Result<Seen, Stop> {
    let edu = ctx.edu()?;

    for seed in 0..TRANSFERS {
        let mapping = Mapping::map(ctx.dev, buffer(seed)?, ToDevice)?;
        let place = Place::of(&mapping);
        place.mapped(ctx)?;

        let transfer = Transfer::read(edu, mapping, 0..SIZE, JOB)?;
        let started = KBox::pin_init(new_mutex!(Some(transfer)), GFP_KERNEL)?;
        let over = KBox::pin_init(new_mutex!(None), GFP_KERNEL)?;
        workers.run(&|_| {
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
        place.unmapped(ctx)?;
    }
    Ok(Seen {
        workers,
        handed: None,
    })
}
