// SPDX-License-Identifier: GPL-2.0

//! A namespace, which is a disk.

use super::{
    command::{
        IoOpcode,
        Job,
        FORCE_UNIT_ACCESS, //
    },
    controller::Controller,
    data_pointer,
    identify, //
};
use kernel::{
    device::Bound,
    page::PAGE_SIZE,
    pci,
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        Arc, //
    },
    time::Msecs,
};
use safe_dma::{
    block::{
        Operation,
        Operations,
        QueueLimits,
        Refused,
        Registrations,
        Request,
        Status,
        TagSet,
        Timeout, //
    },
    dma::limits, //
};

const TIMEOUT: Msecs = 30_000;
const SECTOR_SHIFT: u32 = 9;
const MAX_NAMESPACES: usize = 16;

/// The number of controllers that have had disks.
static CONTROLLERS: Atomic<u32> = Atomic::new(0);

/// A namespace.
pub(crate) struct Namespace<'bound> {
    controller: Arc<Controller<'bound>>,
    number: u32,
    /// The size of a block in sectors, as a power of two.
    shift: u32,
}

/// Adds a disk for each namespace. Sleeps.
pub(crate) fn add_all<'bound>(
    controller: &Arc<Controller<'bound>>,
    dev: &'bound pci::Device<Bound>,
    queues: u16,
    registrations: &mut Registrations<Namespace<'bound>>,
) -> Result {
    let size = max_size(controller);
    let sgls = controller.info.sgls;
    // Without SGLs a segment is a page at least, except for the first and the last: data that does
    // not begin at a page has one segment more than pages. CAST: At most 513.
    let pages = (size / data_pointer::PAGE as usize + 1) as u16;
    let (segments, virt_boundary_mask) = if sgls {
        (data_pointer::MAX_RANGES, 0)
    } else {
        (pages, data_pointer::PAGE as usize - 1)
    };
    // The first queue has vector 1: vector 0 is that of `SHARED_VECTORS` in `nvme.rs`.
    let vectors = Some((dev, 1));
    let tags = TagSet::new(
        queues.into(),
        controller.depth(),
        segments,
        TIMEOUT,
        vectors,
    )?;
    let instance = CONTROLLERS.fetch_add(1, Relaxed);

    for number in controller.with_admin(|admin| identify::namespaces(admin, MAX_NAMESPACES))? {
        let info = match controller.with_admin(|admin| identify::namespace(admin, number)) {
            Ok(info) => info,
            Err(ENOMEM) => return Err(ENOMEM),
            Err(_) => {
                dev_warn!(dev, "namespace {} is not usable\n", number);
                continue;
            }
        };
        let shift = info.block_shift - SECTOR_SHIFT;
        // CAST: Far less than 32 bits.
        let max_sectors = (size >> SECTOR_SHIFT) as u32;
        let only_if = |supported, limit| if supported { limit } else { 0 };
        let queue_limits = QueueLimits {
            block_size: 1 << info.block_shift,
            max_sectors,
            max_segments: segments,
            max_segment_size: u32::MAX,
            virt_boundary_mask,
            dma_alignment: 3,
            write_cache: controller.info.write_cache,
            fua: controller.info.write_cache,
            max_discard_sectors: only_if(controller.info.discard, u32::MAX >> SECTOR_SHIFT),
            max_write_zeroes_sectors: only_if(controller.info.write_zeroes, max_sectors),
        };
        let sectors = info.blocks.checked_mul(1 << shift).ok_or(EINVAL)?;
        let namespace = Namespace {
            controller: controller.clone(),
            number,
            shift,
        };
        registrations.disk(
            dev.as_ref(),
            fmt!("rnvme{}n{}", instance, number),
            &tags,
            queue_limits,
            sectors,
            namespace,
        )?;
    }
    Ok(())
}

/// Returns the largest data of a command in bytes: a multiple of a page, one at least.
fn max_size(controller: &Controller<'_>) -> usize {
    let shift = match controller.info.max_data {
        0 => data_pointer::MAX_SHIFT,
        shift => data_pointer::MAX_SHIFT.min(shift.into()),
    };
    // CAST: A constant.
    let size = (data_pointer::PAGE as usize) << shift;
    let size = size.min(limits::opt_mapping_size(controller.device()));

    // C refuses less than a page of the CPU. Where that is larger than the controller's limit, the
    // controller refuses the commands that are above it.
    (size & !(PAGE_SIZE - 1)).max(PAGE_SIZE)
}

impl<'bound> Namespace<'bound> {
    /// Returns the command for a request.
    ///
    /// C: `nvme_setup_cmd()`, [`drivers/nvme/host/core.c`](srctree/drivers/nvme/host/core.c).
    #[inline]
    fn job(&self, request: &Request) -> Result<Job, Status> {
        let first = request.sector() >> self.shift;
        let count = request.bytes() >> (SECTOR_SHIFT + self.shift);
        let blocks = |opcode, flags| {
            // A request has at most `max_sectors`.
            let last = count.checked_sub(1).filter(|last| *last <= 0xffff);
            let last = last.ok_or(Status::INVAL)?;

            // CAST: The halves.
            let parameters = [first as u32, (first >> 32) as u32, last | flags];
            Ok(Job::io(opcode, self.number, parameters, request.bytes()))
        };

        match request.operation() {
            Operation::Read => blocks(IoOpcode::Read, 0),
            Operation::Write { fua: false } => blocks(IoOpcode::Write, 0),
            Operation::Write { fua: true } => blocks(IoOpcode::Write, FORCE_UNIT_ACCESS),
            Operation::WriteZeroes => blocks(IoOpcode::WriteZeroes, 0),
            Operation::Flush => Ok(Job::io(IoOpcode::Flush, self.number, [0; 3], 0)),
            Operation::Discard => Ok(Job::discard(self.number, first, count)),
            _ => Err(Status::NOTSUPP),
        }
    }
}

impl Operations for Namespace<'_> {
    fn queue_rq(&self, queue: usize, request: Request, last: bool) -> Result<(), Refused> {
        let job = self.job(&request);

        match (job, self.controller.queue(queue)) {
            (Ok(job), Some(queue)) => queue.submit(self.controller.device(), request, job, last),
            (Err(status), _) => Err(Refused { status, request }),
            (_, None) => Err(Refused {
                status: Status::IOERR,
                request,
            }),
        }
    }

    fn commit_rqs(&self, queue: usize) {
        if let Some(queue) = self.controller.queue(queue) {
            queue.commit();
        }
    }

    fn timeout(&self, queue: usize, tag: u16, again: bool) -> Timeout {
        self.controller.timed_out(queue, tag, again)
    }
}
