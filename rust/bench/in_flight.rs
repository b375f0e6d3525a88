// SPDX-License-Identifier: GPL-2.0

//! Commands in flight: submission and completion, with rings in memory and no device.

use super::{
    by_hand_queue::{
        bench_completion,
        bench_memory,
        complete,
        Queue, //
    },
    prelude::*, //
};
use crate::dma::{
    in_flight,
    AnySegments,
    CommandId,
    Completer,
    CompletionRing,
    Engine,
    EntryFlag,
    ErrorWith,
    FlaggedEntry,
    Opened,
    SubmissionRing,
    Submitter,
    Untrusted, //
};
use core::{
    cell::{
        Cell,
        UnsafeCell, //
    },
    mem::offset_of, //
};
use kernel::transmute::{
    AsBytes,
    FromBytes, //
};

const DEPTH: u16 = 32;
const TAG: u16 = 5;
const SIZE: usize = 4096;
const OPCODE: u16 = 0x2;
const VALUE: u64 = 7;

/// `struct by_hand_entry` of `by_hand_queue.c`.
#[derive(Clone, Copy)]
#[repr(C)]
struct Command {
    opcode: u16,
    id: u16,
    namespace: u32,
    reserved: u64,
    metadata: u64,
    addr: u64,
    more: u64,
    len: u64,
    parameters: u64,
    tag: u64,
}

// SAFETY: No padding, and none of the fields has.
unsafe impl AsBytes for Command {}
// SAFETY: All fields are valid whatever their bytes are.
unsafe impl FromBytes for Command {}

/// `struct bench_completion`.
#[derive(Clone, Copy)]
#[repr(C)]
struct Completion {
    result: u32,
    reserved: u32,
    sq_head: u16,
    sq_id: u16,
    id: u16,
    status: u16,
}

// SAFETY: No padding, and none of the fields has.
unsafe impl AsBytes for Completion {}
// SAFETY: All fields are valid whatever their bytes are.
unsafe impl FromBytes for Completion {}

impl FlaggedEntry for Completion {
    const FLAG: EntryFlag = EntryFlag::le16(offset_of!(Completion, status), 0);
}

/// A queue of no device.
struct Rings<'a> {
    dev: &'a Device<Bound>,
    rings: Cell<Option<(SubmissionRing<'a, Command>, CompletionRing<'a, Completion>)>>,
    submission_doorbell: UnsafeCell<u32>,
    completion_doorbell: UnsafeCell<u32>,
}

// SAFETY: No device gets an address. The benchmark writes completions of commands that were issued.
unsafe impl<'a> Engine for Rings<'a> {
    type Command = u16;
    type Entry = Command;
    type Status = u16;
    type Submission = SubmissionRing<'a, Command>;
    type Completion = CompletionRing<'a, Completion>;

    const TAG_BITS: u32 = 12;

    #[inline(always)]
    fn device(&self) -> &Device<Bound> {
        self.dev
    }

    unsafe fn open(&mut self) -> Result<(Self::Submission, Self::Completion)> {
        self.rings.take().ok_or(EBUSY)
    }

    #[inline(always)]
    unsafe fn prepare(
        &self,
        _: &mut Opened<Self::Submission>,
        id: CommandId,
        segments: AnySegments<'_>,
        opcode: u16,
    ) -> Result<Command> {
        let range = segments
            .to_device()
            .and_then(|all| all.single())
            .ok_or(EINVAL)?;

        Ok(Command {
            opcode,
            id: id.as_u16(),
            namespace: 1,
            reserved: 0,
            metadata: 0,
            // SAFETY: No device gets the number.
            addr: unsafe { range.address().as_raw() },
            more: 0,
            // CAST: `SIZE`.
            len: range.len() as u64,
            parameters: 0,
            tag: 0,
        })
    }

    #[inline(always)]
    unsafe fn issue(&self, ring: &mut Opened<Self::Submission>, command: Command) {
        ring.push_vacant(command);
    }

    #[inline(always)]
    fn commit(&self, ring: &mut Opened<Self::Submission>) {
        // SAFETY: The doorbell is a word of this engine, which no reference leads to.
        unsafe {
            self.submission_doorbell
                .get()
                .write_volatile(ring.tail_with_barrier().into())
        };
    }

    #[inline(always)]
    fn next_completion(
        &self,
        ring: &mut Opened<Self::Completion>,
    ) -> Option<(Untrusted<u16>, u16)> {
        let completion = ring.pop()?;
        // SAFETY: As for the other doorbell.
        unsafe {
            self.completion_doorbell
                .get()
                .write_volatile(ring.head().into())
        };

        let status = completion.project(|entry| entry.status >> 1);
        Some((completion.project(|entry| entry.id), status.into_inner()))
    }

    fn stop(&self, _: &mut Opened<Self::Submission>, _: &mut Opened<Self::Completion>) -> Result {
        Ok(())
    }
}

type Memory<'a> = Mapping<'a, by_hand::Memory<SIZE>, ToDevice>;

#[inline(never)]
fn library_submit<'a>(
    submitter: &mut Submitter<Rings<'a>, Memory<'a>, u64>,
    tag: u16,
    memory: Memory<'a>,
    value: u64,
) -> Result<(), ErrorWith<(Memory<'a>, u64)>> {
    submitter.submit(tag, memory, value, OPCODE)
}

#[inline(never)]
fn library_reap<'a>(
    completer: &mut Completer<Rings<'a>, Memory<'a>, u64>,
    status: &mut u16,
) -> Result<Memory<'a>> {
    match completer.reap() {
        Some(Ok(completed)) if completed.value == VALUE => {
            *status = completed.status;
            Ok(completed.memory)
        }
        Some(_) => Err(EIO),
        None => Err(EAGAIN),
    }
}

/// The device: where it writes the next completion.
struct Writer {
    completions: *mut bench_completion,
    index: Cell<u16>,
    phase: Cell<bool>,
    /// How often the tag was used.
    uses: Cell<u16>,
}

impl Writer {
    fn new(completions: *mut bench_completion) -> Self {
        Self {
            completions,
            index: Cell::new(0),
            phase: Cell::new(true),
            uses: Cell::new(0),
        }
    }

    fn complete(&self) {
        let index = self.index.get();
        self.uses.set(self.uses.get().wrapping_add(1));
        let id = self.uses.get() << Rings::TAG_BITS | TAG;

        // SAFETY: The ring has so many entries, and is not dropped before this.
        unsafe { complete(self.completions, index, id, self.phase.get()) };
        self.index.set((index + 1) % DEPTH);
        if self.index.get() == 0 {
            self.phase.set(!self.phase.get());
        }
    }
}

pub(super) fn run(bench: &Bench<'_>) -> Result {
    let dev = bench.dev();
    let operation = Operation::new("in_flight", SIZE, 1);
    // Not a constant in the library's functions, as it is none in those of C.
    let tag = core::hint::black_box(TAG);

    let queue = Queue::new(dev, DEPTH)?;
    let writer = Writer::new(queue.completions());
    bench.in_two(
        operation,
        By::Hand,
        bench_memory {
            buf: core::ptr::null_mut(),
            addr: 0,
            len: SIZE,
        },
        |memory| queue.submit(tag, &memory, VALUE),
        |_| {
            writer.complete();
            Ok(())
        },
        |_| match queue.reap()? {
            (memory, VALUE) => Ok(memory),
            _ => Err(EIO),
        },
    )?;
    drop(queue);

    let rings = (
        // A vacant entry more than there are commands.
        SubmissionRing::new(dev, usize::from(DEPTH) + 1, GFP_KERNEL)?,
        CompletionRing::<Completion>::new(dev, DEPTH.into(), GFP_KERNEL)?,
    );
    let writer = Writer::new(rings.1.as_ptr().cast_mut().cast());
    let engine = Rings {
        dev,
        rings: Cell::new(Some(rings)),
        submission_doorbell: UnsafeCell::new(0),
        completion_doorbell: UnsafeCell::new(0),
    };
    let (mut submitter, mut completer) = in_flight(engine, DEPTH.into())?;
    bench.in_two(
        operation,
        By::Library,
        Mapping::map(dev, memory::<SIZE>()?, ToDevice)?,
        |memory| Ok(library_submit(&mut submitter, tag, memory, VALUE)?),
        |()| {
            writer.complete();
            Ok(())
        },
        |()| {
            let mut status = 0;

            library_reap(&mut completer, &mut status)
        },
    )
}
