// SPDX-License-Identifier: GPL-2.0

//! All types that are `Send` or `Sync`, used by threads on all processors at once.
//!
//! Each value has its own pattern, written by one thread and compared by another, which detects
//! memory that is allocated twice or freed too early. The results are named after the types:
//! `scripts/tests/module/test_concurrency.py` compares them with those that are `Send` or `Sync`.
//!
//! Linux 7.3 has no KCSAN flags for Rust, so `CONFIG_KCSAN` covers only C. With a rustc wrapper
//! that added `-Zsanitizer=thread` to all crates, including `core`, these checks ran once on four
//! processors without a report; with the lock of `BufferPool` removed, KCSAN reported the race.

mod mock;
mod workers;

use self::{
    mock::{
        Fifo,
        Mock, //
    },
    workers::Workers, //
};
use super::{
    direction_test::arrived,
    prelude::*,
    resource,
    user::{
        UserArea,
        PROT_READ,
        PROT_WRITE, //
    }, //
};
use crate::{
    dma::{
        in_flight,
        CompletionRing,
        DescriptorRing,
        EntryFlag,
        FlaggedEntry,
        MmapMemory,
        MmioRegion,
        PageBox,
        PagesPart,
        PinDuration,
        SubmissionRing,
        UserPages,
        VmappedPages, //
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
    },
    transmute::{
        AsBytes,
        FromBytes, //
    }, //
};

/// The number of bytes of each value that are compared.
const SIZE: usize = 256;

/// The size of a pool object; several fit into a page.
const OBJECT: usize = 40;

/// The number of buffers taken in a round with interrupts disabled.
const TAKES: usize = 100;

/// The number of commands that a thread submits in a round, and how many can be in flight: few, so
/// that tags are used again soon.
const COMMANDS: usize = 16;
const DEPTH: usize = 4;

/// The number of transfers, each of which takes 100 ms.
const TRANSFERS: u32 = 2;

/// The pattern of shared values, which differs from those of all threads.
const SEED: u32 = u32::MAX;

type Object = [u8; OBJECT];
type Dev = Device<Bound>;

pub(super) const PLAN: usize = 24;

pub(super) fn run(ctx: &Context<'_>, suite: &mut Suite<'_>) {
    let workers = Workers::new();
    let dev = ctx.dev;

    suite.result(fmt!("Pages, PagesPart, PageBox"), pages(workers));
    suite.result(fmt!("Mapping"), mapping(workers, dev));
    suite.result(fmt!("Mapping, Range"), range(workers, dev));
    suite.result(fmt!("CpuOwned"), cpu_owned(workers, dev));
    suite.result(fmt!("SgMapping, CpuAccess"), sg(workers, dev));
    suite.result(fmt!("IovaMapping"), iova(workers, dev));
    suite.result(fmt!("IovaBuilder"), builder(workers, dev));
    suite.result(fmt!("DevicePages"), device_pages(workers, dev));
    suite.result(fmt!("NoncontiguousPages"), noncontiguous(workers, dev));
    suite.result(fmt!("VmappedPages, CpuAccess"), vmapped(workers, dev));
    suite.result(fmt!("CoherentMemory"), coherent(workers, dev));
    suite.result(fmt!("MmapMemory"), mmap(workers, dev));
    suite.result(fmt!("Pool, PoolObject"), pool(workers, dev));
    suite.result(fmt!("Pool, dropped by any"), last_of_pool(workers, dev));
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
    suite.result(fmt!("MmioRegion, ResourceMapping"), registers(ctx, workers));
    suite.result(fmt!("Transfer"), transfer(ctx, workers));
    suite.result(fmt!("Submitter, Completer"), commands(workers, dev));
    suite.result(fmt!("SubmissionRing"), submission_ring(workers, dev));
    suite.result(fmt!("CompletionRing"), completion_ring(workers, dev));
    suite.result(fmt!("DescriptorRing"), descriptor_ring(workers, dev));
    suite.result(fmt!("UserPages"), user_pages(workers, dev));
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

/// Checks the length of the one segment of memory.
fn segment(memory: &(impl Memory + ?Sized), len: usize) -> Result<(), Stop> {
    let (_, _, found) = memory.segments().single().ok_or(EFAULT)?;

    ensure(
        found == len,
        "the segment has another length than the memory",
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

fn pages(workers: Workers) -> Result<Seen, Stop> {
    let make = |seed| {
        let part = PagesPart::new(page(seed, 0)?, 0..SIZE)?;
        Ok((part, PageBox::new(seed, GFP_KERNEL)?))
    };
    let is = |boxed: &PageBox<u32>, seed| ensure(**boxed == seed, "the value has changed");

    exchange_and_share(
        workers,
        make,
        |(part, boxed)| {
            is(boxed, SEED)?;
            compare(part, SEED)
        },
        |(part, boxed), seed| {
            is(&boxed, seed)?;
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
        |mapping| segment(mapping, SIZE),
        |mut mapping, seed| {
            let mut access = mapping.sync_for_cpu();
            compare(&access, seed)?;
            pattern::fill(&mut access, !seed, 0);
            drop(access);
            compare(&mapping.unmap(), !seed)
        },
    )
}

/// Queries the range of one mapping and the limits of the device in all threads.
fn range(workers: Workers, dev: &Dev) -> Result<Seen, Stop> {
    let mapping = Mapping::map(dev, buffer(SEED)?, Bidirectional)?;
    let facts = || {
        (
            limits::mask(dev),
            limits::coherent_mask(dev),
            limits::max_seg_size(dev),
            limits::seg_boundary(dev),
            limits::max_mapping_size(dev),
            limits::opt_mapping_size(dev),
            limits::merge_boundary(dev),
            limits::is_coherent(dev),
        )
    };
    let before = facts();

    share(workers, &mapping.range(), |range| {
        ensure(
            range.address() == mapping.range().address() && range.to_device().len() == SIZE,
            "the range is not that of the mapping",
        )?;
        ensure(facts() == before, "the limits of the device have changed")
    })?;
    exchange(
        workers,
        |_| Ok(mapping.range().from_device()),
        |range, _| {
            ensure(
                range.address() == mapping.range().address(),
                "the range is not that of the mapping",
            )
        },
    )
}

/// Moves a mapping that the CPU owns to another thread.
fn cpu_owned(workers: Workers, dev: &Dev) -> Result<Seen, Stop> {
    exchange_and_share(
        workers,
        |seed| {
            let mapping = Mapping::map(dev, buffer(!seed)?, Bidirectional)?;
            let mut owned = mapping.into_cpu();

            pattern::fill(&mut owned, seed, 0);
            Ok(owned)
        },
        |owned| compare(owned, SEED),
        |owned, seed| {
            compare(&owned, seed)?;
            compare(&owned.into_device().unmap(), seed)
        },
    )
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
            let len: usize = mapping.segments().map(|range| range.len()).sum();
            let size: usize = mapping.phys_vecs().map(|piece| piece.len()).sum();

            ensure(
                len == 2 * PAGE_SIZE && size == len,
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
            let size: usize = mapping.phys_vecs().map(|piece| piece.len()).sum();

            segment(mapping, size)
        },
        |mapping, seed| compare_list(&mapping.unmap(), seed),
    ))
}

/// Begins a mapping in one thread and finishes it in another.
fn builder(workers: Workers, dev: &Dev) -> Result<Seen, Stop> {
    let size = 2 * PAGE_SIZE;
    let begin = |seed| {
        let first = page(seed, 0)?;

        Ok(IovaBuilder::reserve(
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
            segment(&mapping, size)?;
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
        |pages| segment(pages, SIZE),
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
        |pages| {
            ensure(
                pages.phys_vecs().count() == 1,
                "there is more than one page",
            )
        },
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
        |pages| ensure(pages.range().len() == SIZE, "the memory has another size"),
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
            segment(memory, SIZE)?;
            compare_copy(|bytes| memory.copy_to_slice(bytes), SEED)
        },
        |memory, seed| compare_copy(|bytes| memory.copy_to_slice(bytes), seed),
    )
}

fn mmap(workers: Workers, dev: &Dev) -> Result<Seen, Stop> {
    exchange_and_share(
        workers,
        |seed| Ok(MmapMemory::new(coherent_memory(dev, seed)?, GFP_KERNEL)?),
        |memory| compare_copy(|bytes| memory.copy_to_slice(bytes), SEED),
        |memory, seed| compare_copy(|bytes| memory.copy_to_slice(bytes), seed),
    )
}

fn dma_pool(dev: &Dev) -> Result<Arc<Pool<'_, Object>>> {
    Pool::new(dev, c"concurrency", Alignment::new::<8>(), None)
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
            let object_of_pool = Pool::zalloc(&pool, GFP_KERNEL)?;

            pattern::all(&borrowed.copy_read(), 0)?;
            pattern::all(&object_of_pool.copy_read(), 0)?;
            borrowed.copy_write(object(!seed));
            object_of_pool.copy_write(object(seed));
            pattern::compare(&borrowed.copy_read(), !seed, 0)?;
            Ok(object_of_pool)
        },
        |object| {
            ensure(
                object.range().len() == OBJECT,
                "the object has another size",
            )?;
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
            let object_of_pool = Pool::zalloc(&dma_pool(dev)?, GFP_KERNEL)?;

            object_of_pool.copy_write(object(seed));
            Ok(object_of_pool)
        },
        |object, seed| Ok(pattern::compare(&object.copy_read(), seed, 0)?),
    )
}

type Buffers<'a> = BufferPool<'a, KVec<u8>, Bidirectional>;

fn buffers(dev: &Dev, count: usize) -> Result<Buffers<'_>> {
    BufferPool::new(dev, count, Bidirectional, || {
        Ok(KVec::from_elem(0, SIZE, GFP_KERNEL)?)
    })
}

/// Takes buffers from one pool in all threads, which return the buffers of others.
fn buffer_pool(workers: Workers, dev: &Dev) -> Result<Seen, Stop> {
    // One buffer for each thread, and one that waits to be swapped.
    let pool = buffers(dev, workers.threads + 1)?;
    let take = |seed| -> Result<_, Stop> {
        let mut buffer = CpuBuffer::take(&pool, SIZE)?;

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
        |buffer: &DeviceBuffer<'_, _, _>| segment(buffer, SIZE),
        |buffer, seed| {
            let buffer = buffer.sync_for_cpu(SIZE)?;

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
                let mut buffer = CpuBuffer::take(&pool, SIZE)?;

                pattern::fill(&mut buffer, seed, 0);
                let buffer = buffer.sync_for_device();
                let buffer = buffer.sync_for_cpu(SIZE)?;
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
            let mut buffer = CpuBuffer::take(&buffers(dev, 2)?, SIZE)?;

            pattern::fill(&mut buffer, seed, 0);
            Ok(buffer)
        },
        |buffer, seed| compare(&buffer, seed),
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
            ensure(
                mapping.phys() == registers.phys_vec().phys(),
                "other registers are mapped",
            )?;
            segment(mapping, len)
        },
        |mapping, _| segment(&mapping, len),
    )
}

/// Starts transfers in this thread and waits for them in another.
fn transfer(ctx: &Context<'_>, workers: Workers) -> Result<Seen, Stop> {
    let edu = ctx.edu()?;

    for seed in 0..TRANSFERS {
        let mapping = Mapping::map(ctx.dev, buffer(seed)?, ToDevice)?;
        let place = Place::of(&mapping);
        place.mapped(ctx)?;

        let transfer = Transfer::to_device(edu.channel(), mapping, 0..SIZE, JOB)?;
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

/// Lets all threads submit and reap commands, both at the same time: the ends have a lock each.
fn commands(workers: Workers, dev: &Dev) -> Result<Seen, Stop> {
    let fifo = Fifo::new(DEPTH)?;
    let (submitter, completer) = in_flight(Mock::new(dev, &fifo), DEPTH)?;
    let submitter = KBox::pin_init(new_mutex!(submitter), GFP_KERNEL)?;
    let completer = KBox::pin_init(new_mutex!(completer), GFP_KERNEL)?;
    let total = workers.threads * workers.rounds * COMMANDS;
    let handed = Atomic::new(0usize);
    let mut returned = KVec::with_capacity(total, GFP_KERNEL)?;
    for _ in 0..total {
        returned.push(Atomic::new(false), GFP_KERNEL)?;
    }

    let reap = |thread| -> Result<bool, Stop> {
        let Some(completed) = completer.lock().reap() else {
            return Ok(false);
        };
        let completed = completed.map_err(|_| EINVAL)?;
        let (maker, seed): (usize, u32) = completed.value;

        // CAST: From 32 bits to at least as many.
        let first = returned.get(seed as usize).ok_or(EINVAL)?;
        ensure(!first.xchg(true, Relaxed), "a command ended twice")?;
        if maker != thread {
            handed.fetch_add(1, Relaxed);
        }
        let memory: Mapping<'_, KVec<u8>, ToDevice> = completed.memory;
        compare(&memory.unmap(), seed)?;
        Ok(true)
    };
    workers.run(&|thread| {
        for round in 0..workers.rounds {
            for command in 0..COMMANDS {
                // CAST: A few thousand at most.
                let seed = ((thread * workers.rounds + round) * COMMANDS + command) as u32;
                let memory = Mapping::map(dev, buffer(seed)?, ToDevice)?;

                loop {
                    let mut submitter = submitter.lock();
                    if let Some(tag) = submitter.vacant() {
                        submitter.submit(tag, memory, (thread, seed), ())?;
                        break;
                    }
                    drop(submitter);
                    reap(thread)?;
                }
            }
            workers.pause(round);
        }
        Ok(())
    })?;

    while reap(workers.threads)? {}
    ensure(
        returned.iter().all(|returned| returned.load(Relaxed)),
        "a command did not end",
    )?;
    Ok(Seen {
        workers,
        handed: Some(handed.load(Relaxed)),
    })
}

/// An entry of a ring: a number, and a flag in the highest bit.
#[derive(Clone, Copy)]
#[repr(transparent)]
struct Entry(u32);

// SAFETY: It is an integer.
unsafe impl AsBytes for Entry {}
// SAFETY: As above.
unsafe impl FromBytes for Entry {}

impl FlaggedEntry for Entry {
    const FLAG: EntryFlag = EntryFlag::le32(0, FLAG_BIT);
}

const FLAG_BIT: u32 = 31;

impl Entry {
    /// Returns an entry as the device writes it.
    fn of_device(seed: u32, flag: bool) -> Self {
        Self((seed >> 1 | u32::from(flag) << FLAG_BIT).to_le())
    }

    /// Checks that the entry has the number.
    fn check(self, seed: u32) -> Result<(), Stop> {
        ensure(
            u32::from_le(self.0) & !(1 << FLAG_BIT) == seed >> 1,
            "the entry is that of another thread",
        )
    }
}

/// The number of entries of a ring.
const ENTRIES: usize = 4;

/// Writes the first entry of a ring as the device.
///
/// # Safety
///
/// `ring` is the address of a ring that exists, and that only this thread uses.
unsafe fn write_first(ring: *const Entry, entry: Entry) {
    // SAFETY: By the caller's promise. A ring has an entry, and its memory can be written.
    unsafe { ring.cast_mut().write_volatile(entry) };
}

fn submission_ring(workers: Workers, dev: &Dev) -> Result<Seen, Stop> {
    exchange_and_share(
        workers,
        |seed| {
            let mut ring = SubmissionRing::new(dev, ENTRIES, GFP_KERNEL)?;

            ring.push(Entry::of_device(seed, false))?;
            Ok(ring)
        },
        |ring| {
            ensure(
                (ring.vacant(), ring.tail()) == (ENTRIES - 2, 1),
                "the ring has another number of entries",
            )
        },
        |mut ring, seed| {
            // SAFETY: The ring is alive, has an entry, and no device writes to it.
            unsafe { ring.as_ptr().read_volatile() }.check(seed)?;
            ring.push(Entry::of_device(seed, false))?;
            ensure(ring.tail() == 2, "the ring has another number of entries")
        },
    )
}

fn completion_ring(workers: Workers, dev: &Dev) -> Result<Seen, Stop> {
    exchange_and_share(
        workers,
        |seed| {
            let ring = CompletionRing::new(dev, ENTRIES, GFP_KERNEL)?;

            // SAFETY: This thread owns the ring.
            unsafe { write_first(ring.as_ptr(), Entry::of_device(seed, true)) };
            Ok(ring)
        },
        |ring| ensure(ring.head() == 0, "an entry was taken"),
        |mut ring, seed| {
            let entry = ring.pop().ok_or(EINVAL)?;

            ensure(ring.pop().is_none(), "an entry was not written")?;
            entry.into_inner().check(seed)
        },
    )
}

fn descriptor_ring(workers: Workers, dev: &Dev) -> Result<Seen, Stop> {
    exchange_and_share(
        workers,
        |seed| {
            let mut ring = DescriptorRing::new(dev, ENTRIES, GFP_KERNEL)?;

            ring.post(Entry::of_device(!seed, false))?;
            Ok(ring)
        },
        |ring| {
            ensure(
                (ring.vacant(), ring.tail()) == (ENTRIES - 1, 1),
                "the ring has another number of entries",
            )
        },
        |mut ring, seed| {
            ensure(ring.reap().is_none(), "the device owns the descriptor")?;
            // SAFETY: This thread owns the ring.
            unsafe { write_first(ring.as_ptr(), Entry::of_device(seed, false)) };

            let (index, entry) = ring.reap().ok_or(EINVAL)?;
            ensure(index == 0, "another descriptor was given back")?;
            entry.into_inner().check(seed)
        },
    )
}

/// Pins pages in this thread; maps, reads and unpins them in others, in which they are not mapped.
fn user_pages(workers: Workers, dev: &Dev) -> Result<Seen, Stop> {
    let area = UserArea::new(workers.threads * PAGE_SIZE, PROT_READ | PROT_WRITE)?;
    let pin = |seed: u32| -> Result<UserPages<ToDevice>, Stop> {
        // CAST: From 32 bits to at least as many.
        let start = seed as usize * PAGE_SIZE;

        area.fill(start..start + SIZE, seed)?;
        Ok(UserPages::pin(
            area.at(start),
            SIZE,
            ToDevice,
            PinDuration::ShortTerm,
        )?)
    };

    share(workers, &pin(0)?, |pages| {
        ensure(pages.size() == SIZE, "the range has another size")
    })?;
    let pinned = KBox::pin_init(new_mutex!(KVec::new()), GFP_KERNEL)?;
    // CAST: A small number.
    for seed in 0..workers.threads as u32 {
        pinned.lock().push((pin(seed)?, seed), GFP_KERNEL)?;
    }
    workers.run(&|_| {
        let taken = pinned.lock().pop();
        let (pages, seed) = taken.ok_or(EINVAL)?;
        let mut mapping = SgMapping::map(dev, pages, ToDevice, GFP_KERNEL)?;

        let mut bytes = [0; SIZE];
        mapping.sync_for_cpu().read(0, &mut bytes)?;
        compare(&bytes, seed)?;
        drop(mapping.unmap());
        Ok(())
    })?;
    Ok(Seen {
        workers,
        handed: Some(workers.threads),
    })
}
