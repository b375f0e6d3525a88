// SPDX-License-Identifier: GPL-2.0

//! Block requests whose data the device moves, refused, dropped and timed out.

use super::prelude::*;

pub(super) const PLAN: usize = 5;

pub(super) fn run(ctx: &Context<'_>, suite: &mut Suite<'_>) {
    suite.result(fmt!("the device reads the data"), checks::to_device(ctx));
    suite.result(fmt!("the device writes the data"), checks::from_device(ctx));
    suite.result(
        fmt!("refused, dropped, queued again"),
        checks::returned(ctx),
    );
    suite.result(
        fmt!("stopped when it has timed out"),
        checks::timed_out(ctx),
    );
    suite.result(fmt!("limits that are not possible"), checks::limits(ctx));
}

#[cfg(not(CONFIG_BLOCK))]
mod checks {
    use super::*;

    const NO_BLOCK: Result<&str, Stop> = Err(Stop::Skip("the kernel has no CONFIG_BLOCK"));

    pub(super) fn to_device(_ctx: &Context<'_>) -> Result<&'static str, Stop> {
        NO_BLOCK
    }

    pub(super) use to_device as from_device;
    pub(super) use to_device as returned;
    pub(super) use to_device as timed_out;
    pub(super) use to_device as limits;
}

#[cfg(CONFIG_BLOCK)]
mod checks {
    use super::{
        super::{
            place::Place,
            trace_marks::TraceMarks, //
        },
        *,
    };
    use crate::{
        bindings as helpers,
        dma::{
            in_flight,
            AnySegments,
            Completer,
            Submitter, //
        }, //
    };
    use kernel::{
        new_spinlock,
        sync::{
            atomic::{
                Atomic,
                Relaxed, //
            },
            SpinLock, //
        },
        time::Msecs, //
    };
    use safe_dma::block::{
        scope,
        Disk,
        Operations,
        QueueLimits,
        Refused,
        Request,
        RequestMapping,
        Status,
        TagSet,
        Timeout,
        Transfer as Data, //
    };

    const SIZE: usize = 512;
    /// Longer than any transfer takes.
    const REQUEST_TIMEOUT: Msecs = 10_000;
    const SEED: u32 = 9;
    const DEPTH: u16 = 4;

    type Of<'a> = Channel<'a, &'a Edu<'a>>;

    /// What the disk does with a request.
    #[derive(Clone, Copy, PartialEq)]
    enum Answer {
        Move,
        Refuse,
        Drop,
        /// Moves the data, and overlooks the interrupt.
        Lose,
        /// Queues it again, and moves its data then.
        Again,
    }

    /// A disk whose data the device moves.
    #[pin_data]
    struct Engines<'a> {
        dev: &'a Device<Bound>,
        #[pin]
        submitter: SpinLock<Option<Submitter<Of<'a>, RequestMapping<'a>, ()>>>,
        #[pin]
        completer: SpinLock<Option<Completer<Of<'a>, RequestMapping<'a>, ()>>>,
        #[pin]
        answer: SpinLock<Answer>,
        /// The number of times that a request was queued.
        queued: Atomic<usize>,
        timeouts: Atomic<usize>,
        marks: &'a TraceMarks<'a>,
        /// The data of the request, and whether it must be bounced.
        #[pin]
        data: SpinLock<Option<(Place, bool)>>,
        /// Where it was mapped.
        dma: Atomic<u64>,
        /// Whether interrupts are overlooked.
        loses: Atomic<bool>,
    }

    impl<'a> Engines<'a> {
        /// Claims that the data is mapped at `dma`.
        fn mark(&self, dma: DmaAddress) {
            self.dma.store(dma, Relaxed);

            let Some((data, is_bounced)) = *self.data.lock() else {
                return;
            };
            let Place {
                phys,
                size,
                direction,
                ..
            } = data;
            if is_bounced {
                self.marks.bounced(dma, size, direction, phys);
            } else {
                self.marks
                    .mapped(dma, size, direction, &|at| phys + at as PhysAddr);
            }
        }

        /// Passes on what has ended. Called in the interrupt handler.
        fn reap(&self) {
            // Others have it only to take it.
            let Some(mut completer) = self.completer.try_lock() else {
                return;
            };
            let Some(completer) = &mut *completer else {
                return;
            };
            if self.loses.load(Relaxed) {
                return;
            }

            while let Some(completed) = completer.reap() {
                if let Ok(completed) = completed {
                    let status = match completed.status {
                        Ok(()) => Status::OK,
                        Err(_) => Status::IOERR,
                    };
                    completed.memory.unmap().end(status);
                }
            }
        }
    }

    impl<'a> Operations for &Engines<'a> {
        fn queue_rq(&self, _queue: usize, request: Request, _last: bool) -> Result<(), Refused> {
            self.queued.fetch_add(1, Relaxed);
            let answer = core::mem::replace(&mut *self.answer.lock(), Answer::Move);
            match answer {
                Answer::Move => (),
                Answer::Refuse => {
                    return Err(Refused {
                        status: Status::NOTSUPP,
                        request,
                    })
                }
                Answer::Drop => return Ok(()),
                Answer::Lose => self.loses.store(true, Relaxed),
                Answer::Again => {
                    request.requeue();
                    return Ok(());
                }
            }

            let mapping = RequestMapping::map(self.dev, request)?;
            let range = match mapping.segments() {
                AnySegments::ToDevice(segments) => segments.single().map(|range| range.number()),
                AnySegments::FromDevice(segments) => segments.single().map(|range| range.number()),
                AnySegments::Bidirectional(_) => None,
            };
            self.mark(range.unwrap_or(0));
            let tag = mapping.request().tag();
            let mut submitter = self.submitter.lock();
            let Some(submitter) = &mut *submitter else {
                return Err(Refused {
                    status: Status::IOERR,
                    request: mapping.unmap(),
                });
            };
            submitter
                .submit(tag, mapping, (), JOB)
                .map_err(|error| Refused {
                    status: if error.error == EBUSY {
                        Status::RESOURCE
                    } else {
                        Status::INVAL
                    },
                    request: error.value.0.unmap(),
                })
        }

        fn commit_rqs(&self, _queue: usize) {}

        fn timeout(&self, _queue: usize, _tag: u16, _again: bool) -> Timeout {
            self.timeouts.fetch_add(1, Relaxed);
            let ends = (self.submitter.lock().take(), self.completer.lock().take());
            let (Some(mut submitter), Some(mut completer)) = ends else {
                return Timeout::Wait;
            };

            match submitter.stop(&mut completer, |mapping, ()| {
                mapping.unmap().end(Status::TIMEOUT);
            }) {
                Ok(()) => Timeout::Handled,
                Err(_) => Timeout::Wait,
            }
        }
    }

    const LIMITS: QueueLimits = QueueLimits {
        block_size: 512,
        max_sectors: 8 * (PAGE_SIZE / 4096) as u32,
        max_segments: 1,
        max_segment_size: PAGE_SIZE as u32,
        virt_boundary_mask: 0,
        dma_alignment: 3,
        write_cache: false,
        fua: false,
        max_discard_sectors: 0,
        max_write_zeroes_sectors: 0,
    };

    fn engines<'a>(ctx: &'a Context<'a>) -> Result<Pin<KBox<Engines<'a>>>, Stop> {
        let (submitter, completer) = in_flight(ctx.edu()?.channel(), DEPTH.into())?;

        Ok(KBox::pin_init(
            pin_init!(Engines {
                dev: ctx.dev,
                submitter <- new_spinlock!(Some(submitter)),
                completer <- new_spinlock!(Some(completer)),
                answer <- new_spinlock!(Answer::Move),
                queued: Atomic::new(0),
                timeouts: Atomic::new(0),
                marks: &ctx.iommu.marks,
                data <- new_spinlock!(None),
                dma: Atomic::new(0),
                loses: Atomic::new(false),
            }),
            GFP_KERNEL,
        )?)
    }

    /// Calls `f` with a disk without sectors, for which no request comes but those of `f`.
    fn with_disk<R>(
        ctx: &Context<'_>,
        timeout: Msecs,
        f: impl FnOnce(&Disk<&Engines<'_>>) -> Result<R, Stop>,
    ) -> Result<R, Stop> {
        let engines = engines(ctx)?;
        let engines = &*engines;
        let mut hook = || engines.reap();

        ctx.edu()?.with_hook(&mut hook, || {
            scope(|registrations| {
                let tags = TagSet::new(1, DEPTH, 1, timeout, None)?;
                let name = fmt!("safe_dma_check");

                f(registrations.disk(ctx.dev, name, &tags, LIMITS, 0, engines)?)
            })
        })
    }

    /// Sends a request, and checks its status, and that its data is not mapped any more.
    fn execute(
        ctx: &Context<'_>,
        disk: &Disk<&Engines<'_>>,
        data: Data<'_>,
        expected: Status,
    ) -> Result<(), Stop> {
        // SAFETY: The data is in memory of kmalloc().
        let phys = |data: &[u8]| unsafe { helpers::helper_virt_to_phys(data.as_ptr().cast()) };
        let place = match &data {
            Data::In(data) => Place::streaming::<FromDevice>(0, data.len(), phys(data)),
            Data::Out(data) => Place::streaming::<ToDevice>(0, data.len(), phys(data)),
        };
        *disk.data().data.lock() = Some((place, place.is_bounced(ctx)));
        disk.data().dma.store(0, Relaxed);

        if disk.execute(data)? != expected {
            return fail("the request ended with another status");
        }
        match (disk.data().dma.load(Relaxed), expected) {
            (0, Status::OK | Status::TIMEOUT) => fail("the data was not mapped"),
            (0, _) => Ok(()),
            (dma, _) => Ok(ctx.iommu.unmapped(dma, SIZE)?),
        }
    }

    /// Sends a pattern in a request, and finds it in the device.
    pub(super) fn to_device(ctx: &Context<'_>) -> Result<&'static str, Stop> {
        let mut data = KVec::from_elem(0u8, SIZE, GFP_KERNEL)?;
        pattern::fill(&mut data, SEED, 0);
        ctx.edu()?;
        load(ctx, &[0; SIZE])?;

        with_disk(ctx, REQUEST_TIMEOUT, |disk| {
            execute(ctx, disk, Data::Out(&data), Status::OK)
        })?;

        let mut seen = [0; SIZE];
        fetch(ctx, &mut seen)?;
        pattern::compare(&seen, SEED, 0)?;
        Ok("dma_map_phys, blk_mq_end_request to_device size 512 \
            witness: round trip, iova_to_phys")
    }

    /// Receives a pattern in a request.
    pub(super) fn from_device(ctx: &Context<'_>) -> Result<&'static str, Stop> {
        let mut pattern = [0; SIZE];
        pattern::fill(&mut pattern, SEED, 0);
        ctx.edu()?;
        load(ctx, &pattern)?;

        let mut data = KVec::from_elem(0u8, SIZE, GFP_KERNEL)?;
        with_disk(ctx, REQUEST_TIMEOUT, |disk| {
            execute(ctx, disk, Data::In(&mut data), Status::OK)
        })?;

        pattern::compare(&data, SEED, 0)?;
        Ok(
            "dma_map_phys, blk_rq_dma_unmap, dma_unmap_phys from_device size 512 \
            witness: round trip, iova_to_phys",
        )
    }

    /// Checks that the caller learns what became of a request.
    pub(super) fn returned(ctx: &Context<'_>) -> Result<&'static str, Stop> {
        let mut data = KVec::from_elem(0u8, SIZE, GFP_KERNEL)?;
        let queued = with_disk(ctx, REQUEST_TIMEOUT, |disk| {
            for (answer, status) in [
                (Answer::Refuse, Status::NOTSUPP),
                (Answer::Drop, Status::IOERR),
                (Answer::Again, Status::OK),
            ] {
                *disk.data().answer.lock() = answer;
                execute(ctx, disk, Data::In(&mut data), status)?;
            }
            if disk.execute(Data::In(&mut KVec::new())).err() != Some(EINVAL) {
                return fail("a request without data was sent");
            }
            Ok(disk.data().queued.load(Relaxed))
        })?;

        if queued != 4 {
            return fail("a request was not queued once, or twice");
        }
        Ok("blk_mq_end_request, blk_mq_requeue_request witness: status of blk_execute_rq")
    }

    /// Checks that a request whose time is up is returned after the device is done with it.
    pub(super) fn timed_out(ctx: &Context<'_>) -> Result<&'static str, Stop> {
        let mut data = KVec::from_elem(0u8, SIZE, GFP_KERNEL)?;
        let timeouts = with_disk(ctx, 10, |disk| {
            *disk.data().answer.lock() = Answer::Lose;
            execute(ctx, disk, Data::In(&mut data), Status::TIMEOUT)?;
            // There are no ends any more.
            execute(ctx, disk, Data::In(&mut data), Status::IOERR)?;
            Ok(disk.data().timeouts.load(Relaxed))
        })?;

        if timeouts != 1 {
            return fail("one request did not time out once");
        }
        Ok("blk_mq_ops::timeout, stop witness: status of blk_execute_rq, iova_to_phys")
    }

    /// Checks that numbers of which C would warn are refused.
    pub(super) fn limits(ctx: &Context<'_>) -> Result<&'static str, Stop> {
        let engines = engines(ctx)?;
        let engines = &*engines;
        let wrong = [
            QueueLimits {
                block_size: 0,
                ..LIMITS
            },
            QueueLimits {
                block_size: 513,
                ..LIMITS
            },
            QueueLimits {
                block_size: u32::MAX,
                ..LIMITS
            },
            QueueLimits {
                max_sectors: 0,
                ..LIMITS
            },
            QueueLimits {
                max_segments: 0,
                ..LIMITS
            },
            QueueLimits {
                max_segment_size: 1,
                ..LIMITS
            },
            QueueLimits {
                virt_boundary_mask: 2,
                ..LIMITS
            },
            QueueLimits {
                dma_alignment: u32::MAX,
                ..LIMITS
            },
            // More than the tag set has room for.
            QueueLimits {
                max_segments: 2,
                ..LIMITS
            },
        ];
        let tag_set = |queues, depth, segments, timeout| {
            TagSet::<&Engines<'_>>::new(queues, depth, segments, timeout, None).err()
        };

        for (queues, depth, segments, timeout) in [
            (0, 4, 1, 1),
            (1, 0, 1, 1),
            (1, 1, 1, 1),
            (1, u16::MAX, 1, 1),
            (1, 4, 0, 1),
            (1, 4, u16::MAX, 1),
            (1, 4, 1, 0),
        ] {
            if tag_set(queues, depth, segments, timeout) != Some(EINVAL) {
                return fail("a tag set of impossible numbers was allocated");
            }
        }
        scope(|registrations| {
            let tags = TagSet::new(u32::MAX, DEPTH, 1, REQUEST_TIMEOUT, None)?;
            if tags.queues() > 64 {
                return fail("there are more queues than CPUs");
            }
            for limits in wrong {
                let name = fmt!("safe_dma_check");
                if registrations
                    .disk(ctx.dev, name, &tags, limits, 0, engines)
                    .err()
                    != Some(EINVAL)
                {
                    return fail("a disk with impossible limits was added");
                }
            }
            let name = fmt!("safe_dma_check");
            if registrations
                .disk(ctx.dev, name, &tags, LIMITS, u64::MAX, engines)
                .err()
                != Some(EINVAL)
            {
                return fail("a disk with too many sectors was added");
            }
            for name in ["", "safe_dma_check_with_a_name_that_is_too_long"] {
                if registrations
                    .disk(ctx.dev, fmt!("{name}"), &tags, LIMITS, 0, engines)
                    .is_ok()
                {
                    return fail("a disk with an impossible name was added");
                }
            }
            Ok("blk_mq_alloc_tag_set, device_add_disk refused with EINVAL witness: no disk")
        })
    }
}
