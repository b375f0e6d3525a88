// SPDX-License-Identifier: GPL-2.0

//! A controller, and its queues.

use super::{
    admin::AdminQueue,
    command::{
        self,
        AdminOpcode,
        Data,
        Job,
        Report,
        DO_NOT_RETRY, //
    },
    data_pointer::{
        self,
        ListPool, //
    },
    identify::{
        self,
        ControllerInfo, //
    },
    queue::Queue,
    regs::Regs,
};
use kernel::{
    cpu,
    device::{
        Bound,
        Device, //
    },
    new_mutex,
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        Arc,
        Mutex, //
    },
};
use safe_dma::{
    block::{
        HardwareQueue,
        Request,
        Status,
        Timeout, //
    },
    dma::in_flight, //
};

/// The number of commands in flight in a queue.
pub(crate) const DEPTH: u16 = 127;

/// The feature Number of Queues.
const FEATURE_QUEUES: u32 = 7;
/// PC, in CDW11 of a command that creates a queue.
const CONTIGUOUS: u32 = 1;
/// IEN, in CDW11 of the command that creates a completion queue.
const INTERRUPT: u32 = 2;

type IoQueue<'bound> = HardwareQueue<'bound, Queue<'bound>>;

/// A controller.
#[pin_data]
pub(crate) struct Controller<'bound> {
    regs: Arc<Regs<'bound>>,
    pool: ListPool<'bound>,
    pub(crate) info: ControllerInfo,
    /// By the number that blk-mq has for a queue. The controller's identifier of the queue is one
    /// more, and so is its interrupt vector: the admin queue has 0.
    queues: KVec<Pin<KBox<IoQueue<'bound>>>>,
    /// Under this lock the controller is enabled, reset and stopped. [`None`] if it is dead.
    #[pin]
    admin: Mutex<Option<AdminQueue<'bound>>>,
    /// How many queues are in use.
    started_queues: Atomic<usize>,
    /// How many resets have ended.
    resets: Atomic<usize>,
}

impl<'bound> Controller<'bound> {
    /// Enables and identifies the controller, which may access memory. Sleeps.
    pub(crate) fn new(regs: Arc<Regs<'bound>>) -> Result<Arc<Self>> {
        let pool = data_pointer::list_pool(regs.device())?;
        let mut admin = AdminQueue::new(&regs, &pool)?;
        let info = identify::controller(&mut admin)?;

        let mut queues = KVec::new();
        for _ in 0..set_queue_count(&mut admin, cpu::nr_cpu_ids())? {
            let queue = KBox::pin_init(IoQueue::new(), GFP_KERNEL)?;
            queues.push(queue, GFP_KERNEL)?;
        }
        Arc::pin_init(
            try_pin_init!(Self {
                regs,
                pool,
                info,
                queues,
                admin <- new_mutex!(Some(admin)),
                started_queues: Atomic::new(0),
                resets: Atomic::new(0),
            }),
            GFP_KERNEL,
        )
    }

    #[inline]
    pub(crate) fn device(&self) -> &'bound Device<Bound> {
        self.regs.device()
    }

    /// Returns how many queues there can be.
    pub(crate) fn max_queues(&self) -> u16 {
        u16::try_from(self.queues.len()).unwrap_or(u16::MAX)
    }

    /// Returns how many commands can be in flight in a queue.
    pub(crate) fn depth(&self) -> u16 {
        // CAST: At most `DEPTH`.
        (self.regs.max_entries() - 1).min(DEPTH.into()) as u16
    }

    /// Returns the queue with this number of blk-mq, which counts from 0.
    #[inline]
    pub(crate) fn queue(&self, queue: usize) -> Option<&IoQueue<'bound>> {
        self.queues.get(queue).map(|queue| &**queue)
    }

    /// Calls `f` with the admin queue. Sleeps.
    pub(crate) fn with_admin<R>(
        &self,
        f: impl FnOnce(&mut AdminQueue<'bound>) -> Result<R>,
    ) -> Result<R> {
        let mut admin = self.admin.lock();
        f(admin.as_mut().get_mut().as_mut().ok_or(ENODEV)?)
    }

    /// Creates the first `count` queues, with a vector each. Sleeps.
    pub(crate) fn start_queues(&self, count: u16) -> Result {
        self.started_queues.store(count.into(), Relaxed);
        self.with_admin(|admin| self.create_queues(admin))
    }

    fn create_queues(&self, admin: &mut AdminQueue<'bound>) -> Result {
        let queues = self.queues.iter().take(self.started_queues.load(Relaxed));

        // `number` is the controller's identifier of the queue, and the interrupt vector.
        for (number, queue) in (1..).zip(queues) {
            let depth = self.depth();
            let engine = Queue::new(&self.regs, &self.pool, self.info.sgls, number, depth);
            // Calls `Queue::open()`, which allocates the rings: the queue has addresses now.
            let (submitter, completer) = in_flight(engine, depth.into())?;

            let [sq, cq] = submitter.engine().addresses();
            let last = u32::from(Queue::entries(depth) - 1);
            let cdw10 = last << 16 | u32::from(number);
            // A completion queue names its vector, a submission queue its completion queue, which
            // therefore comes first. Both are `number`.
            let cdw11 = u32::from(number) << 16 | CONTIGUOUS;
            let mut create = |opcode, cdw11, ring| {
                admin.execute(Job::admin(opcode, 0, [cdw10, cdw11], Data::Ring(ring)))
            };
            create(AdminOpcode::CreateCompletionQueue, cdw11 | INTERRUPT, cq)?;
            create(AdminOpcode::CreateSubmissionQueue, cdw11, sq)?;

            queue.start(submitter, completer);
        }
        Ok(())
    }

    /// Ends the requests whose commands have completed, and returns whether there was one. Does not
    /// sleep.
    ///
    /// C: `nvme_irq()`, [`drivers/nvme/host/pci.c`](srctree/drivers/nvme/host/pci.c).
    pub(crate) fn reap(&self, queue: usize) -> bool {
        self.queue(queue).is_some_and(|queue| queue.reap(end))
    }

    /// Handles a request that did not end in time. Sleeps.
    ///
    /// Aborts its command. If the controller refuses that, or the request times out `again`, resets
    /// the controller.
    ///
    /// C: `nvme_timeout()`, [`drivers/nvme/host/pci.c`](srctree/drivers/nvme/host/pci.c).
    pub(crate) fn timed_out(&self, queue: usize, tag: u16, again: bool) -> Timeout {
        let resets = self.resets.load(Relaxed);
        let mut admin = self.admin.lock();
        let admin = admin.as_mut().get_mut();
        // A reset has queued it again, while this waited for the lock.
        if self.resets.load(Relaxed) != resets {
            return Timeout::Handled;
        }
        let Some(io_queue) = self.queue(queue) else {
            return Timeout::Wait;
        };

        // An interrupt may have been lost.
        io_queue.poll(end);
        // If it is not in flight, it has completed, or a reset has queued it again.
        let Some(id) = io_queue.in_flight(tag) else {
            return Timeout::Handled;
        };
        if let (Some(admin), false) = (admin.as_mut(), again) {
            dev_warn!(self.device(), "command {:#x} has timed out\n", id.as_u16());
            // The controller's identifiers of command and queue. CAST: Less than 16 bits.
            let which = u32::from(id.as_u16()) << 16 | (queue + 1) as u32;
            let command = Job::admin(AdminOpcode::Abort, 0, [which, 0], Data::Ring(0));
            if admin.execute(command).is_ok() {
                return Timeout::Wait;
            }
        }
        self.reset(admin);
        Timeout::Handled
    }

    /// Resets the controller. Requests in flight are queued again. Sleeps.
    ///
    /// blk-mq is not quiesced. Meanwhile the queues refuse requests with [`Status::RESOURCE`], so
    /// that it sends them again later.
    ///
    /// C: `nvme_reset_work()`, [`drivers/nvme/host/pci.c`](srctree/drivers/nvme/host/pci.c).
    fn reset(&self, admin: &mut Option<AdminQueue<'bound>>) {
        dev_warn!(self.device(), "resetting\n");
        self.stop(admin, Status::RESOURCE);

        let restart = || {
            let mut new = AdminQueue::new(&self.regs, &self.pool)?;
            // A controller that has fewer queues than before refuses to create the others.
            set_queue_count(&mut new, cpu::nr_cpu_ids())?;
            self.create_queues(&mut new)?;
            Ok::<_, Error>(new)
        };
        // On an error the new admin queue is dropped, which disables the controller.
        match restart() {
            Ok(new) => *admin = Some(new),
            Err(error) => {
                dev_err!(self.device(), "cannot be reset: {:?}\n", error);
                self.stop(admin, Status::OFFLINE);
            }
        }
        self.resets.fetch_add(1, Relaxed);
    }

    /// Stops the controller, and refuses requests with `status` from now on. Sleeps.
    ///
    /// Requests that were in flight are queued again, or end.
    ///
    /// C: `nvme_dev_disable()`, [`drivers/nvme/host/pci.c`](srctree/drivers/nvme/host/pci.c).
    fn stop(&self, admin: &mut Option<AdminQueue<'bound>>, status: Status) {
        for queue in self.queues.iter() {
            // It succeeds: the controller is disabled, or cut off from memory.
            let _ = queue.stop(status, |request| request.retry(Status::IOERR));
        }
        *admin = None;
    }

    /// Shuts the controller down, which gets no more requests. Sleeps.
    pub(crate) fn shut_down(&self) {
        let mut admin = self.admin.lock();
        let admin = admin.as_mut().get_mut();

        if admin.is_some() && self.regs.shut_down(self.info.shutdown).is_err() {
            dev_warn!(self.device(), "does not shut down\n");
        }
        self.stop(admin, Status::OFFLINE);
    }
}

/// Ends the request of a command that has completed, or queues it again.
fn end(request: Request, report: Report) {
    match command::status(report.status) {
        Status::OK => request.end(Status::OK),
        status if report.status & DO_NOT_RETRY != 0 => request.end(status),
        status => request.retry(status),
    }
}

/// Asks the controller for `wanted` queues, and returns how many it has, at most `wanted`. Sleeps.
///
/// C: `nvme_set_queue_count()`, [`drivers/nvme/host/core.c`](srctree/drivers/nvme/host/core.c).
fn set_queue_count(admin: &mut AdminQueue<'_>, wanted: u32) -> Result<u32> {
    // More than any kernel has CPUs. A count has 16 bits.
    let wanted = wanted.clamp(1, 1 << 15);
    let last = wanted - 1;
    let parameters = [FEATURE_QUEUES, last << 16 | last];
    let command = Job::admin(AdminOpcode::SetFeatures, 0, parameters, Data::Ring(0));
    // Both counts are zero-based: of submission queues, and in the upper half of completion queues.
    let granted = admin.execute(command)?;

    Ok(wanted.min((granted & 0xffff).min(granted >> 16) + 1))
}
