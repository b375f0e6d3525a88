// SPDX-License-Identifier: GPL-2.0

//! A pair of rings: commands go to the controller in one, and their completions come in the other.

use super::{
    command::{
        self,
        Command,
        Completion,
        Data,
        Job,
        Report, //
    },
    prp::{
        self,
        List,
        ListPool,
        Pages, //
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
    SubmissionRing,
    Untrusted, //
};

/// A pair of rings of a controller.
pub(crate) struct Queue<'bound> {
    regs: Arc<Regs<'bound>>,
    pool: ListPool<'bound>,
    /// Commands may have SGL descriptors.
    sgl: bool,
    /// 0 is the admin queue.
    number: u16,
    depth: u16,
    /// The addresses of the rings, for the commands that create the queue.
    addresses: [u64; 2],
}

impl<'bound> Queue<'bound> {
    /// The entries of a ring for `depth` commands: one stays vacant.
    pub(crate) fn entries(depth: u16) -> u16 {
        depth + 1
    }

    pub(crate) fn new(
        regs: &Arc<Regs<'bound>>,
        pool: &ListPool<'bound>,
        sgl: bool,
        number: u16,
        depth: u16,
    ) -> Self {
        Self {
            regs: regs.clone(),
            pool: pool.clone(),
            sgl,
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

/// A ring, which is freed after the controller's access to memory has ended.
struct DisableOnDrop<'bound, R>(R, Arc<Regs<'bound>>);

impl<R> Drop for DisableOnDrop<'_, R> {
    fn drop(&mut self) {
        let _ = self.1.disable();
    }
}

/// The state of the submitting side.
pub(crate) struct Submission<'bound> {
    ring: DisableOnDrop<'bound, SubmissionRing<'bound, Command>>,
    /// A list for each tag that has needed one.
    lists: KVec<Option<List<'bound>>>,
}

/// The state of the completing side.
pub(crate) struct Completions<'bound> {
    ring: DisableOnDrop<'bound, CompletionRing<'bound, Completion>>,
    /// The head that the controller was told.
    reported_head: u16,
}

// SAFETY: `regs` is of the device for which memory is mapped; no other gets an address.
//
// The controller accesses the data of a command from the doorbell after `issue()` until it has
// written the completion with its identifier, which `next_completion()` returns when its phase says
// that it is new: the barrier is in the ring. The opcode's direction is that of the segments, and
// their length is that of the blocks that `Namespace` has for the command. Its pages and its list,
// or its SGL descriptor, describe the segments and nothing else. A list belongs to a tag, of which
// one command is in flight. `stop()` disables the controller, which ends all commands, or else its
// access to memory, which it gets again only when it is disabled.
//
// Rings are freed after the same. Lists are freed with the state, when no command is in flight.
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

    #[inline]
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
        let raw = |addr: Address, len| (unsafe { addr.as_raw() }, len);

        let pages = match job.data() {
            (Data::Bytes(size), true, false) => {
                let segments = segments.to_device().ok_or(EINVAL)?;
                let ranges = segments.map(|range| raw(range.address(), range.len()));
                prp::pages(ranges, size, self.sgl, slot, &self.pool)?
            }
            (Data::Bytes(size), false, true) => {
                let segments = segments.from_device().ok_or(EINVAL)?;
                let ranges = segments.map(|range| raw(range.address(), range.len()));
                prp::pages(ranges, size, self.sgl, slot, &self.pool)?
            }
            (Data::Bytes(_), ..) => Pages::default(),
            (Data::Blocks(first, count), ..) => prp::discard(first, count, slot, &self.pool)?,
            (Data::Ring(address), ..) => Pages {
                entries: [address, 0],
                ..Pages::default()
            },
        };
        let mut entries = pages.entries;
        if let (Some(entry), Some(list)) = (pages.list_entry, slot.as_ref()) {
            // SAFETY: The list stays until the controller is done with the command of the tag.
            let addr = unsafe { list.range().address().as_raw() };
            *entries.get_mut(entry).ok_or(EINVAL)? = addr;
        }
        Ok(Command::new(id.as_u16(), &job, entries, pages.sgl))
    }

    #[inline]
    unsafe fn issue(&self, submission: &mut Opened<Submission<'bound>>, command: Command) {
        // There are fewer tags than entries.
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
