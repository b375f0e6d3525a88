// SPDX-License-Identifier: GPL-2.0

//! Times at which no operation maps or unmaps anything, of any device.
//!
//! Operations run side by side, and share [`shared()`]; who needs that nothing changes has [`quiet()`].

use kernel::{
    bindings,
    prelude::*,
    types::Opaque, //
};

/// A lock for many readers or one writer, who sleep: `struct rw_semaphore`, `include/linux/rwsem.h`.
struct Semaphore(Opaque<bindings::rw_semaphore>);

// SAFETY: It is made for several threads.
unsafe impl Sync for Semaphore {}

/// What the lock validator knows it by.
struct Key(Opaque<bindings::lock_class_key>);

// SAFETY: Only its address counts, and what the lock validator keeps there.
unsafe impl Sync for Key {}

static SEMAPHORE: Semaphore = Semaphore(Opaque::uninit());
static KEY: Key = Key(Opaque::uninit());

/// Makes the lock.
///
/// # Safety
///
/// It is called once, before the other functions.
pub(super) unsafe fn init() {
    // SAFETY: The lock is not in use, by the caller's promise; it and its key are static. The key is in
    // memory that was zeroed when the module was loaded.
    unsafe {
        bindings::__init_rwsem(
            SEMAPHORE.0.get(),
            c"safe_dma quiet".as_char_ptr(),
            KEY.0.get(),
        );
    }
}

/// Calls `f`, which maps or unmaps. Sleeps while it is quiet.
pub(super) fn shared<R>(f: impl FnOnce() -> R) -> R {
    // SAFETY: It was made before.
    unsafe { bindings::down_read(SEMAPHORE.0.get()) };
    let result = f();
    // SAFETY: It is held for reading since then.
    unsafe { bindings::up_read(SEMAPHORE.0.get()) };
    result
}

/// Calls `f` while nothing is mapped or unmapped by an operation, of any device.
pub(crate) fn quiet<R>(f: impl FnOnce() -> R) -> R {
    // SAFETY: It was made before.
    unsafe { bindings::down_write(SEMAPHORE.0.get()) };
    let result = f();
    // SAFETY: It is held for writing since then.
    unsafe { bindings::up_write(SEMAPHORE.0.get()) };
    result
}
