// SPDX-License-Identifier: GPL-2.0

//! Keeps the operations of all devices from mapping and unmapping while a check runs.
//!
//! Operations map and unmap concurrently in [`shared()`]; checks that need stable mappings run in
//! [`quiesce()`].

use kernel::{
    bindings,
    prelude::*,
    types::Opaque, //
};

/// A reader-writer semaphore.
///
/// C: `struct rw_semaphore`, `include/linux/rwsem.h`.
struct Semaphore(Opaque<bindings::rw_semaphore>);

// SAFETY: A `struct rw_semaphore` is a lock, which several threads may use at once.
unsafe impl Sync for Semaphore {}

/// The semaphore's key for lockdep.
struct Key(Opaque<bindings::lock_class_key>);

// SAFETY: Only its address is used here; lockdep serializes accesses to the contents.
unsafe impl Sync for Key {}

static SEMAPHORE: Semaphore = Semaphore(Opaque::uninit());
static KEY: Key = Key(Opaque::uninit());

/// Initializes the lock.
///
/// # Safety
///
/// This is called once, before the other functions.
pub unsafe fn init() {
    // SAFETY: By the caller's promise, the lock is not in use. The lock and its key are static, and
    // the memory of the key was zeroed when the module was loaded.
    unsafe {
        bindings::__init_rwsem(
            SEMAPHORE.0.get(),
            c"safe_dma quiesce".as_char_ptr(),
            KEY.0.get(),
        );
    }
}

/// Calls `f`, which maps or unmaps. Sleeps while [`quiesce()`] runs.
pub fn shared<R>(f: impl FnOnce() -> R) -> R {
    // SAFETY: `control::Root::new()` called `init()` before the driver was registered, and only its
    // devices have operations and checks.
    unsafe { bindings::down_read(SEMAPHORE.0.get()) };
    let result = f();
    // SAFETY: `down_read()` has taken the lock for reading.
    unsafe { bindings::up_read(SEMAPHORE.0.get()) };
    result
}

/// Calls `f` while no operation maps or unmaps, for any device.
pub fn quiesce<R>(f: impl FnOnce() -> R) -> R {
    // SAFETY: `control::Root::new()` called `init()` before the driver was registered, and only its
    // devices have operations and checks.
    unsafe { bindings::down_write(SEMAPHORE.0.get()) };
    let result = f();
    // SAFETY: `down_write()` has taken the lock for writing.
    unsafe { bindings::up_write(SEMAPHORE.0.get()) };
    result
}
