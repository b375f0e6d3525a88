// SPDX-License-Identifier: GPL-2.0

//! A pair of rings, as an engine: one takes commands to the controller, the other returns their
//! completions.

use super::{
    command::{
        self,
        Command,
        Completion,
        Data,
        Job,
        Report, //
    },
    data_pointer::{
        self,
        DataPointer,
        List,
        ListPool, //
    },
    regs::Regs,
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    prelude::*,
    sync::Arc, //
};
use safe_dma::dma::{
    Address,
    AnySegments,
    CommandId,
    CompletionRing,
    Engine,
    Opened,
    Pool,
    SubmissionRing,
    Untrusted, //
};

/// A submission queue and its completion queue, as the library's [`Engine`].
///
/// [`in_flight()`](safe_dma::dma::in_flight()) calls [`Engine::open`], which allocates the rings.
/// The library keeps them beside this value, as [`Submission`] and [`Completions`].
pub(crate) struct Queue<'bound> {
    pub(super) regs: Arc<Regs<'bound>>,
    pool: ListPool<'bound>,
    /// Whether commands may have SGLs.
    has_sgls: bool,
    /// The controller's identifier: 0 for the admin queue, or else blk-mq's number plus 1.
    number: u16,
    depth: u16,
    /// The addresses of the rings, for the commands that create the queue; 0 before they are
    /// allocated.
    addresses: [u64; 2],
}

impl<'bound> Queue<'bound> {
    /// The entries of a ring for `depth` commands: one stays vacant.
    pub(crate) fn entries(depth: u16) -> u16 {
        depth + 1
    }

    /// Describes a queue, whose rings are allocated later.
    pub(crate) fn new(
        regs: &Arc<Regs<'bound>>,
        pool: &ListPool<'bound>,
        has_sgls: bool,
        number: u16,
        depth: u16,
    ) -> Self {
        Self {
            regs: regs.clone(),
            pool: pool.clone(),
            has_sgls,
            number,
            depth,
            addresses: [0; 2],
        }
    }

    /// Returns the addresses of the submission ring and of the completion ring.
    pub(crate) fn addresses(&self) -> [u64; 2] {
        self.addresses
    }
}

/// A ring. Dropping it first disables the whole controller, not only this queue.
///
/// Nothing else proves that the controller does not access the ring. `stop()` has disabled it
/// before, except where creating a queue fails.
struct DisableOnDrop<'bound, R>(R, Arc<Regs<'bound>>);

impl<R> Drop for DisableOnDrop<'_, R> {
    fn drop(&mut self) {
        // The ring is freed after this returns. On an error the controller is cut off from memory.
        let _ = self.1.disable();
    }
}

/// The state of the submitting side.
pub(crate) struct Submission<'bound> {
    // Dropped before the lists: the controller accesses neither afterwards.
    ring: DisableOnDrop<'bound, SubmissionRing<'bound, Command>>,
    /// A list for each tag that has needed one.
    lists: KVec<Option<List<'bound>>>,
}

/// The state of the completing side.
pub(crate) struct Completions<'bound> {
    ring: DisableOnDrop<'bound, CompletionRing<'bound, Completion>>,
    /// The head in the doorbell.
    reported_head: u16,
}

// SAFETY: By the points of `Engine`:
//
// 1. `regs` is of the device for which memory is mapped. Addresses go to no other.
// 2. The controller accesses the data of a command from the doorbell after `issue()` until it has
//    written the completion. Pages and list, or the SGL descriptor, are those of the segments, and
//    `prepare()` has checked their direction and length. The command has blocks of that length, as
//    `Namespace::job()` computes both from the request; the data of Identify is a page. A command
//    that creates a ring or discards blocks accesses no segments. `Controller::create_queues()`
//    passes no addresses but those of rings. `stop()` disables the controller, which ends all
//    commands, or else ends its access to memory, which it gets again only when it is disabled.
// 3. `next_completion()` returns the identifier of an entry whose phase is new and that names this
//    queue. The ring is zeroed at first, and a device that does not answer writes no entry.
// 4. `Regs::write_doorbell()` orders what was written before. `CompletionRing::pop()` has
//    `dma_rmb()`. `Regs::disable()` reads a register or the configuration space.
// 5. `DisableOnDrop` disables the controller before a ring is freed, and the lists are freed after
//    that. A list belongs to a tag, of which one command is in flight.
// 6. Each queue has its own rings and lists. `stop()` of one ends the commands of all; the others
//    return theirs from their own `stop()`. A controller that is enabled again has no queues but a
//    new admin queue.
unsafe impl<'bound> Engine for Queue<'bound> {
    type Command = Job;
    type Entry = Command;
    type Status = Report;
    type Submission = Submission<'bound>;
    type Completion = Completions<'bound>;

    /// The rest recognizes former commands.
    const TAG_BITS: u32 = 12;

    fn device(&self) -> &Device<Bound> {
        self.regs.device()
    }

    unsafe fn open(&mut self) -> Result<(Submission<'bound>, Completions<'bound>)> {
        let (dev, entries) = (self.regs.device(), Self::entries(self.depth));
        let submission = SubmissionRing::new(dev, entries.into(), GFP_KERNEL)?;
        let completion = CompletionRing::new(dev, entries.into(), GFP_KERNEL)?;
        let mut lists = KVec::with_capacity(self.depth.into(), GFP_KERNEL)?;
        for _ in 0..self.depth {
            lists.push_within_capacity(None)?;
        }

        // SAFETY: The controller gets the addresses by the registers or by the commands that create
        // the queue. `DisableOnDrop` keeps the rings until it is disabled.
        self.addresses = unsafe {
            [
                submission.range().address().as_raw(),
                completion.range().address().as_raw(),
            ]
        };
        if self.number == 0 {
            self.regs.set_admin_queue(entries, self.addresses);
        }
        let submission = Submission {
            ring: DisableOnDrop(submission, self.regs.clone()),
            lists,
        };
        let completions = Completions {
            ring: DisableOnDrop(completion, self.regs.clone()),
            reported_head: 0,
        };
        Ok((submission, completions))
    }

    // Saves 65 instructions a request: with `#[inline]` it is not in line.
    #[inline(always)]
    unsafe fn prepare(
        &self,
        submission: &mut Opened<Submission<'bound>>,
        id: CommandId,
        segments: AnySegments<'_>,
        job: Job,
    ) -> Result<Command> {
        let tag = usize::from(id.as_u16()) & ((1 << Self::TAG_BITS) - 1);
        let slot = submission.lists.get_mut(tag).ok_or(EINVAL)?;
        // SAFETY: By the caller's promise the memory stays mapped. The number goes into the command
        // or its list.
        let raw = |(addr, len): (Address, _)| (unsafe { addr.as_raw() }, len);

        let list = move || -> Result<_> {
            // It is allocated when a tag first needs it, and then kept.
            let list: &_ = match slot {
                Some(list) => list,
                none => none.insert(Pool::zalloc(&self.pool, GFP_ATOMIC)?),
            };
            // SAFETY: The list stays until the controller is done with the command of the tag.
            Ok((list, unsafe { list.range().address().as_raw() }))
        };

        let pointer = match job.data() {
            (Data::Bytes(_), false, false) => DataPointer::Prps([0; 2]),
            (Data::Bytes(size), reads, writes) => {
                let ranges = segments.ranges(reads, writes).ok_or(EINVAL)?.map(raw);
                data_pointer::of_ranges(ranges, size, self.has_sgls, list)?
            }
            (Data::Blocks(first, count), ..) => data_pointer::of_blocks(first, count, list()?)?,
            (Data::Ring(address), ..) => DataPointer::Prps([address, 0]),
        };
        Ok(Command::new(id.as_u16(), &job, pointer))
    }

    #[inline]
    unsafe fn issue(&self, submission: &mut Opened<Submission<'bound>>, command: Command) {
        // There are fewer tags than entries, and a tag is free only after the controller has read
        // its entry: the head that it reports is not needed.
        submission.ring.0.push_vacant(command);
    }

    #[inline]
    fn commit(&self, submission: &mut Opened<Submission<'bound>>) {
        self.regs
            .write_doorbell(self.number, false, submission.ring.0.tail());
    }

    #[inline]
    fn next_completion(
        &self,
        completions: &mut Opened<Completions<'bound>>,
    ) -> Option<(Untrusted<u16>, Report)> {
        if let Some(entry) = completions.ring.0.pop() {
            return Some(command::completion(entry, self.number));
        }

        // One doorbell for all completions so far. A controller whose ring is full waits
        // for it.
        let head = completions.ring.0.head();
        if completions.reported_head != head {
            completions.reported_head = head;
            self.regs.write_doorbell(self.number, true, head);
        }
        None
    }

    fn stop(
        &self,
        _submission: &mut Opened<Submission<'bound>>,
        _completions: &mut Opened<Completions<'bound>>,
    ) -> Result {
        // It accesses no memory either way.
        let _ = self.regs.disable();
        Ok(())
    }
}
