// SPDX-License-Identifier: GPL-2.0

//! Threads on all processors that do the same work at the same time.

use super::super::evidence::Stop;
use core::ptr::NonNull;
use kernel::{
    bindings,
    cpu::nr_cpu_ids,
    error::from_err_ptr,
    ffi::{
        c_int,
        c_void, //
    },
    new_mutex,
    prelude::*,
    sync::{
        atomic::{
            Acquire,
            Atomic,
            Full,
            Relaxed, //
        },
        Mutex, //
    },
    time::{
        delay::fsleep,
        Delta, //
    }, //
};

/// How long a thread lets others run; what is shorter is no sleep.
const PAUSE: Delta = Delta::from_micros(50);

/// How often it is looked whether all have ended.
const LOOK: Delta = Delta::from_millis(1);

/// The work of one thread, which is told its number.
type Work<'a> = dyn Fn(usize) -> Result<(), Stop> + Sync + 'a;

/// Work that threads share.
#[pin_data]
struct Shared<'a> {
    work: &'a Work<'a>,
    /// How many have begun, and how many have not ended.
    begun: Atomic<usize>,
    left: Atomic<usize>,
    /// The first failure.
    #[pin]
    failure: Mutex<Option<Stop>>,
}

/// A kernel thread. Dropping it waits until it has ended; one that has not begun never does.
///
/// # Invariants
///
/// This is a thread that was created here, with a reference that belongs to this value.
struct Thread(NonNull<bindings::task_struct>);

impl Thread {
    /// Creates a thread that calls `begin`, and waits to be woken. Sleeps.
    ///
    /// # Safety
    ///
    /// `shared` outlives the thread.
    unsafe fn new(shared: &Shared<'_>, cpu: u32) -> Result<Self> {
        let data = core::ptr::from_ref(shared).cast_mut().cast();

        // SAFETY: By the caller's promise, which is what `begin()` asks for. The name is a format
        // that takes the number of the processor.
        let task = from_err_ptr(unsafe {
            bindings::kthread_create_on_cpu(Some(begin), data, cpu, c"safe_dma/%u".as_char_ptr())
        })?;

        // SAFETY: It was created just now, and cannot have ended.
        unsafe { bindings::get_task_struct(task) };

        // INVARIANT: That is the reference.
        NonNull::new(task).map(Self).ok_or(EFAULT)
    }

    fn wake(&self) {
        // SAFETY: By the invariants.
        unsafe { bindings::wake_up_process(self.0.as_ptr()) };
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        // SAFETY: By the invariants, and the reference is given away.
        unsafe { bindings::kthread_stop_put(self.0.as_ptr()) };
    }
}

/// Where a thread begins.
///
/// # Safety
///
/// `data` is a [`Shared`] that outlives the thread.
unsafe extern "C" fn begin(data: *mut c_void) -> c_int {
    // SAFETY: By the caller's promise. All that it has can be shared.
    let shared = unsafe { &*data.cast::<Shared<'_>>() };
    let number = shared.begun.fetch_add(1, Relaxed);

    if let Err(failure) = (shared.work)(number) {
        shared.failure.lock().get_or_insert(failure);
    }
    shared.left.fetch_sub(1, Full);
    0
}

/// How many threads there are, and how often each does something.
#[derive(Clone, Copy)]
pub(super) struct Crew {
    processors: u32,
    pub(super) threads: usize,
    pub(super) rounds: usize,
}

impl Crew {
    /// A thread for each processor, and two where there is one.
    pub(super) fn new() -> Self {
        let processors = nr_cpu_ids();

        Self {
            processors,
            // CAST: From 32 bits to at least as many.
            threads: processors.max(2) as usize,
            // Where only one of them runs, nothing comes of many.
            rounds: if processors > 1 { 30 } else { 8 },
        }
    }

    /// Calls `work` in all threads, and returns when all have ended: the first failure, if there is
    /// one. Sleeps.
    pub(super) fn run(&self, work: &Work<'_>) -> Result<(), Stop> {
        let shared = KBox::pin_init(
            pin_init!(Shared {
                work,
                begun: Atomic::new(0),
                left: Atomic::new(self.threads),
                failure <- new_mutex!(None),
            }),
            GFP_KERNEL,
        )?;
        let mut threads = KVec::with_capacity(self.threads, GFP_KERNEL)?;

        for cpu in (0..self.processors).cycle().take(self.threads) {
            // SAFETY: The threads are dropped before what they share, also on errors, and have
            // ended then.
            threads.push(unsafe { Thread::new(&shared, cpu)? }, GFP_KERNEL)?;
        }
        for thread in &threads {
            thread.wake();
        }
        // One that is stopped before it has begun never does. In short sleeps, as the kernel
        // reports who waits for a minute.
        while shared.left.load(Acquire) != 0 {
            fsleep(LOOK);
        }
        drop(threads);

        let failure = shared.failure.lock().take();
        failure.map_or(Ok(()), Err)
    }

    /// Lets other threads run, in each round where there is one processor, and else in some: the
    /// host may have fewer processors. Sleeps.
    pub(super) fn pause(&self, round: usize) {
        if self.processors == 1 || round % 4 == 0 {
            fsleep(PAUSE);
        }
    }
}
