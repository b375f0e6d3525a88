// SPDX-License-Identifier: GPL-2.0

//! Excludes the mapping and unmapping of operations, of all devices.
//!
//! Operations run side by side under [`shared()`]; checks that need stable mappings run under
//! [`quiesce()`].

use kernel::{
    bindings,
    prelude::*,
    types::Opaque, //
};

/// A sleeping lock for readers and a writer: `struct rw_semaphore`, `include/linux/rwsem.h`.
struct Semaphore(Opaque<bindings::rw_semaphore>);

// SAFETY: It is made for several threads.
unsafe impl Sync for Semaphore {}

/// The key for the lock validator.
struct Key(Opaque<bindings::lock_class_key>);

// SAFETY: Only its address is used here; the lock validator guards the contents.
unsafe impl Sync for Key {}

static SEMAPHORE: Semaphore = Semaphore(Opaque::uninit());
static KEY: Key = Key(Opaque::uninit());

/// Initializes the lock.
///
/// # Safety
///
/// It is called once, before the other functions.
pub unsafe fn init() {
    // SAFETY: The lock is not in use, by the caller's promise; it and its key are static. The key
    // is in memory that was zeroed when the module was loaded.
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
    // SAFETY: This thread holds the lock for reading since `down_read()`.
    unsafe { bindings::up_read(SEMAPHORE.0.get()) };
    result
}

/// Calls `f` while no operation maps or unmaps, for any device.
pub fn quiesce<R>(f: impl FnOnce() -> R) -> R {
    // SAFETY: `control::Root::new()` called `init()` before the driver was registered, and only its
    // devices have operations and checks.
    unsafe { bindings::down_write(SEMAPHORE.0.get()) };
    let result = f();
    // SAFETY: This thread holds the lock for writing since `down_write()`.
    unsafe { bindings::up_write(SEMAPHORE.0.get()) };
    result
}
