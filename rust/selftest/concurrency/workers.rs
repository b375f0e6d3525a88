// SPDX-License-Identifier: GPL-2.0

//! Threads on all processors that do the same work concurrently.

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

/// The time that a thread sleeps to let others run. For less, `fsleep()` spins.
const PAUSE: Delta = Delta::from_micros(50);

/// The interval of polling for the end of all threads.
const LOOK: Delta = Delta::from_millis(1);

/// The work of one thread, called with its number.
type Work<'a> = dyn Fn(usize) -> Result<(), Stop> + Sync + 'a;

/// The state that the threads share.
#[pin_data]
struct Shared<'a> {
    work: &'a Work<'a>,
    /// The numbers of threads that have begun and that have not ended.
    begun: Atomic<usize>,
    left: Atomic<usize>,
    /// The first failure.
    #[pin]
    failure: Mutex<Option<Stop>>,
}

/// A kernel thread. Dropping it waits until it has ended, or cancels it if it has not begun.
///
/// # Invariants
///
/// The thread was created by [`Thread::new`], and this value owns a reference to it.
struct Thread(NonNull<bindings::task_struct>);

impl Thread {
    /// Creates a thread that calls `begin` once it is woken. Sleeps.
    ///
    /// # Safety
    ///
    /// `shared` outlives the thread.
    unsafe fn new(shared: &Shared<'_>, cpu: u32) -> Result<Self> {
        let data = core::ptr::from_ref(shared).cast_mut().cast();

        // SAFETY: By the caller's promise, `data` is what `begin()` requires. The name is a format
        // string for the number of the processor.
        let task = from_err_ptr(unsafe {
            bindings::kthread_create_on_cpu(Some(begin), data, cpu, c"safe_dma/%u".as_char_ptr())
        })?;

        // SAFETY: The thread was just created and not woken.
        unsafe { bindings::get_task_struct(task) };

        // INVARIANT: The reference was taken above.
        NonNull::new(task).map(Self).ok_or(EFAULT)
    }

    fn wake(&self) {
        // SAFETY: By the invariants.
        unsafe { bindings::wake_up_process(self.0.as_ptr()) };
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        // SAFETY: By the invariants. The function drops the reference.
        unsafe { bindings::kthread_stop_put(self.0.as_ptr()) };
    }
}

/// The entry point of a thread.
///
/// # Safety
///
/// `data` is a [`Shared`] that outlives the thread.
unsafe extern "C" fn begin(data: *mut c_void) -> c_int {
    // SAFETY: By the caller's promise. It is shared by threads, and all fields are `Sync`.
    let shared = unsafe { &*data.cast::<Shared<'_>>() };
    let number = shared.begun.fetch_add(1, Relaxed);

    if let Err(failure) = (shared.work)(number) {
        shared.failure.lock().get_or_insert(failure);
    }
    shared.left.fetch_sub(1, Full);
    0
}

/// A set of threads.
#[derive(Clone, Copy)]
pub(super) struct Workers {
    processors: u32,
    pub(super) threads: usize,
    /// The number of times that each thread repeats an operation.
    pub(super) rounds: usize,
}

impl Workers {
    /// Returns a thread for each processor, or two on a single one.
    pub(super) fn new() -> Self {
        let processors = nr_cpu_ids();

        Self {
            processors,
            // CAST: From 32 bits to at least as many.
            threads: processors.max(2) as usize,
            // On a single processor more rounds find nothing more.
            rounds: if processors > 1 { 30 } else { 8 },
        }
    }

    /// Calls `work` in all threads, waits for their end, and returns the first failure, if any.
    /// Sleeps.
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
            // SAFETY: `threads` is dropped before `shared`, also on errors, and its drop waits
            // until the threads have ended.
            threads.push(unsafe { Thread::new(&shared, cpu)? }, GFP_KERNEL)?;
        }
        for thread in &threads {
            thread.wake();
        }
        // Wait before stopping: a thread that is stopped before it has begun never calls `work`.
        // Poll, because the hung task detector reports long waits.
        while shared.left.load(Acquire) != 0 {
            fsleep(LOOK);
        }
        drop(threads);

        let failure = shared.failure.lock().take();
        failure.map_or(Ok(()), Err)
    }

    /// Lets other threads run: in each round on a single processor, otherwise in every fourth, as
    /// the host may have fewer processors. Sleeps.
    pub(super) fn pause(&self, round: usize) {
        if self.processors == 1 || round % 4 == 0 {
            fsleep(PAUSE);
        }
    }
}
