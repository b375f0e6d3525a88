// SPDX-License-Identifier: GPL-2.0

//! The mappings of a pool of buffers, and the number of their users.

use crate::dma::{
    compat,
    Buffer,
    Direction,
    Mapping, //
};
use core::{
    mem::{
        self,
        ManuallyDrop, //
    },
    pin::Pin,
    ptr::NonNull, //
};
use kernel::{
    new_spinlock_irq,
    prelude::*,
    sync::{
        SpinLockIrq,
        SpinLockIrqGuard, //
    }, //
};

/// The memory of a pool, in a box of its own.
#[pin_data]
struct Shared<'bound, B: Buffer, D: Direction> {
    #[pin]
    free: SpinLockIrq<FreeList<'bound, B, D>>,
}

/// Buffers that are not taken, and the number of users.
///
/// # Invariants
///
/// `users` is the number of values that may access the memory of the pool: the `BufferPool`, and
/// each [`Checkout`], whether forgotten or not.
struct FreeList<'bound, B: Buffer, D: Direction> {
    /// The buffer that was returned last.
    first: Option<KBox<Entry<'bound, B, D>>>,
    users: usize,
}

impl<'bound, B: Buffer, D: Direction> FreeList<'bound, B, D> {
    #[inline]
    fn pop(&mut self) -> Option<KBox<Entry<'bound, B, D>>> {
        let mut entry = self.first.take()?;

        self.first = entry.next.take();
        Some(entry)
    }

    #[inline]
    fn push(&mut self, mut entry: KBox<Entry<'bound, B, D>>) {
        let next = mem::replace(&mut entry.next, self.first.take());

        self.first = Some(entry);
        // It is `None`, as the entry was not in the list. Dropping it would check that.
        mem::forget(next);
    }
}

impl<B: Buffer, D: Direction> Drop for FreeList<'_, B, D> {
    fn drop(&mut self) {
        // One by one: a nested drop for each entry would overflow the stack.
        while self.pop().is_some() {}
    }
}

/// A pointer to the memory of a pool.
///
/// # Invariants
///
/// The memory is valid while `users` is not 0. The owner of the pointer is a user, or an entry of
/// one.
pub(super) struct SharedRef<'bound, B: Buffer, D: Direction>(NonNull<Shared<'bound, B, D>>);

// SAFETY: The memory is a list of mappings under a lock: any thread may take one out or drop them,
// if mappings are `Send`.
unsafe impl<'bound, B: Buffer, D: Direction> Send for SharedRef<'bound, B, D> where
    Mapping<'bound, B, D>: Send
{
}

// SAFETY: As for `Send`: a shared reference gives access under the lock alone.
unsafe impl<'bound, B: Buffer, D: Direction> Sync for SharedRef<'bound, B, D> where
    Mapping<'bound, B, D>: Send
{
}

impl<'bound, B: Buffer, D: Direction> SharedRef<'bound, B, D> {
    /// Allocates an empty list with one user. Sleeps.
    pub(super) fn new() -> Result<Self> {
        let shared = KBox::pin_init(
            pin_init!(Shared {
                free <- new_spinlock_irq!(FreeList { first: None, users: 1 }, "BufferPool::free"),
            }),
            GFP_KERNEL,
        )?;
        // SAFETY: The value is not moved: it stays in its box until it is dropped there.
        let shared = KBox::leak(unsafe { Pin::into_inner_unchecked(shared) });

        // INVARIANT: Allocated just now.
        Ok(Self(NonNull::from(shared)))
    }

    /// Adds a new mapping to the list. Sleeps.
    pub(super) fn add(&self, mapping: Mapping<'bound, B, D>) -> Result {
        // INVARIANT: The CPU has not owned any of it since it was mapped.
        let entry = Entry {
            needs_sync: compat::dev_need_sync(mapping.device()),
            mapping,
            shared: Self(self.0),
            next: None,
        };
        let entry = KBox::new(entry, GFP_KERNEL)?;

        self.lock().push(entry);
        Ok(())
    }

    /// Returns the number of users.
    pub(super) fn users(&self) -> usize {
        self.lock().users
    }

    #[inline]
    fn lock(&self) -> SpinLockIrqGuard<'_, FreeList<'bound, B, D>> {
        // SAFETY: By the invariants of this type and of the list, the memory is valid: the owner of
        // `self`, which is borrowed, is a user, or an entry that a user has.
        unsafe { self.0.as_ref() }.free.lock()
    }

    /// Returns an entry to the list, and frees the memory if this was the last user.
    ///
    /// # Safety
    ///
    /// A user calls this, and does not use the memory again.
    #[inline]
    pub(super) unsafe fn release(&self, entry: Option<KBox<Entry<'bound, B, D>>>) {
        let mut free = self.lock();

        if let Some(entry) = entry {
            free.push(entry);
        }
        // INVARIANT: By the caller's promise there is one user less.
        free.users -= 1;
        let is_last = free.users == 0;
        drop(free);

        if is_last {
            // SAFETY: There is no user left, and none can come: it takes one to make another.
            unsafe { self.free() };
        }
    }

    /// Unmaps and frees the memory.
    ///
    /// # Safety
    ///
    /// There are no users.
    #[cold]
    unsafe fn free(&self) {
        // SAFETY: The pointer is from `KBox::leak()`, and by the caller's promise it is not used
        // again.
        drop(unsafe { KBox::from_raw(self.0.as_ptr()) });
    }
}

/// A mapping of a pool, in a box, so that taking it moves a pointer only.
///
/// # Invariants
///
/// While it is in the list the device owns it: what the CPU owned has been synced, if that is
/// needed. `needs_sync` was read after it was mapped.
pub(super) struct Entry<'bound, B: Buffer, D: Direction> {
    mapping: Mapping<'bound, B, D>,
    needs_sync: bool,
    shared: SharedRef<'bound, B, D>,
    /// The next entry in the list; [`None`] outside of it.
    next: Option<KBox<Self>>,
}

/// A mapping that was taken from a pool, to which it returns.
///
/// # Invariants
///
/// - The CPU owns the first `cpu_len` bytes of the mapping, which is not shorter.
/// - This is one of the users of the pool.
pub(super) struct Checkout<'bound, B: Buffer, D: Direction> {
    entry: ManuallyDrop<KBox<Entry<'bound, B, D>>>,
    cpu_len: usize,
}

impl<'bound, B: Buffer, D: Direction> Checkout<'bound, B, D> {
    /// Takes a mapping.
    #[inline]
    pub(super) fn new(shared: &SharedRef<'bound, B, D>) -> Result<Self> {
        let mut free = shared.lock();
        let entry = free.pop().ok_or(ENOBUFS)?;

        // INVARIANT: The value that is returned is a user. The device owns all of an entry that was
        // in the list.
        free.users += 1;
        Ok(Self {
            entry: ManuallyDrop::new(entry),
            cpu_len: 0,
        })
    }

    /// Returns the mapping.
    #[inline]
    pub(super) fn mapping(&self) -> &Mapping<'bound, B, D> {
        &self.entry.mapping
    }

    /// Returns the number of bytes that the CPU owns.
    #[inline]
    pub(super) fn cpu_len(&self) -> usize {
        self.cpu_len
    }

    /// Gives the first `len` bytes to the CPU, which owns none.
    ///
    /// # Safety
    ///
    /// `len` is not 0, and at most the size of the mapping.
    #[inline]
    pub(super) unsafe fn sync_for_cpu(&mut self, len: usize) {
        if self.entry.needs_sync {
            // SAFETY: By the safety requirements the mapping has so many bytes.
            unsafe { self.entry.mapping.frame.sync_for_cpu(0, len) };
        }

        // INVARIANT: Just synced, if that is needed.
        self.cpu_len = len;
    }

    /// Gives what the CPU owns to the device.
    #[inline]
    pub(super) fn sync_for_device(&mut self) {
        // INVARIANT: The CPU owns nothing from here on.
        let cpu_len = mem::replace(&mut self.cpu_len, 0);

        if cpu_len != 0 && self.entry.needs_sync {
            // SAFETY: By the invariants the CPU owns these bytes of the mapping.
            unsafe { self.entry.mapping.frame.sync_for_device(0, cpu_len) };
        }
    }
}

impl<B: Buffer, D: Direction> Drop for Checkout<'_, B, D> {
    #[inline]
    fn drop(&mut self) {
        self.sync_for_device();

        // SAFETY: `self` is not used again.
        let entry = unsafe { ManuallyDrop::take(&mut self.entry) };
        let shared = SharedRef(entry.shared.0);

        // INVARIANT: Given to the device above.
        // SAFETY: By the invariants `self` is a user, which does not use the memory again.
        unsafe { shared.release(Some(entry)) };
    }
}
