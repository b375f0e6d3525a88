// SPDX-License-Identifier: GPL-2.0

//! `/sys/kernel/debug/safe_dma/<pci address>/`: single operations, for scripts and programs.
//!
//! | file | contents |
//! | --- | --- |
//! | `run` | runs the operation that is written to it as words `key=value`; reads as their syntax |
//! | `result` | the result of the last write, as KTAP |
//! | `mappings` | the named mappings |
//! | `stats` | counters since the driver was bound |
//!
//! Only root may open the files, and only a process with `CAP_SYS_ADMIN` may use them.

mod files;
mod lifecycles;
mod parser;
mod round_trip;

pub(super) use files::check_capable;

use super::{
    quiesce,
    revocable::Revocable, //
};
use files::Files;
use kernel::{
    bindings,
    device::{
        Bound,
        Device, //
    },
    ffi::c_void,
    new_mutex,
    prelude::*,
    sync::{
        global_lock,
        Arc,
        Mutex, //
    }, //
};

global_lock! {
    // SAFETY: `Root::new()` initializes the lock; its caller promises to call it before any use.
    unsafe(uninit) static ROOT: Mutex<Option<Entry>> = None;
}

/// A directory of debugfs, removed with its files on drop.
///
/// # Invariants
///
/// The pointer was returned by `debugfs_create_dir()`, and only this value removes the directory.
struct Entry(*mut bindings::dentry);

// SAFETY: The functions of debugfs may be called from any thread.
unsafe impl Send for Entry {}

impl Drop for Entry {
    fn drop(&mut self) {
        // SAFETY: By the invariant; `debugfs_remove()` ignores error pointers.
        unsafe { bindings::debugfs_remove(self.0) };
    }
}

/// The parent of the devices' directories, removed on drop.
pub struct Root(());

impl Root {
    /// Creates the directory.
    ///
    /// # Safety
    ///
    /// This is called once, before any [`Control`] is created.
    pub unsafe fn new() -> Self {
        // SAFETY: By the caller's promise, this runs once, before any use of the lock.
        unsafe { ROOT.init() };
        // SAFETY: As above.
        unsafe { quiesce::init() };
        // SAFETY: The name is a C string, and a null parent stands for the root of debugfs.
        // INVARIANT: The directory is new, and only this value has its pointer.
        let dir = Entry(unsafe {
            bindings::debugfs_create_dir(c"safe_dma".as_char_ptr(), core::ptr::null_mut())
        });
        *ROOT.lock() = Some(dir);
        Self(())
    }
}

impl Drop for Root {
    fn drop(&mut self) {
        *ROOT.lock() = None;
    }
}

/// The directory of a device, and the data of its files.
struct Directory {
    // Dropped first: the removal waits for running calls and prevents new ones.
    _dir: Entry,
    _files: Pin<KBox<Files>>,
}

/// The directory of a bound device, removed on close or drop.
#[pin_data]
pub struct Control {
    #[pin]
    directory: Mutex<Option<Directory>>,
}

impl Control {
    /// Creates the directory.
    pub fn new(dev: &Device<Bound>, access: Arc<Revocable>) -> impl PinInit<Self, Error> + use<'_> {
        pin_init::pin_init_scope(move || {
            let files = KBox::pin_init(Files::new(access), GFP_KERNEL)?;

            let root = ROOT.lock();
            let parent = root.as_ref().ok_or(ENODEV)?.0;
            // SAFETY: The name is a C string. The parent exists while `ROOT` is locked, and is
            // removed only after all devices are unbound.
            let dir = unsafe { bindings::debugfs_create_dir(dev.name().as_char_ptr(), parent) };
            // INVARIANT: The directory is new, and only this value has its pointer.
            let dir = Entry(dir);
            for (name, functions) in files::ALL {
                // SAFETY: As above. The functions expect a file that was opened with a pointer to a
                // `Files`, as this one is; it is freed after the directory is removed.
                unsafe {
                    bindings::debugfs_create_file_short(
                        name.as_char_ptr(),
                        0o600,
                        dir.0,
                        core::ptr::from_ref::<Files>(&files)
                            .cast_mut()
                            .cast::<c_void>(),
                        core::ptr::null(),
                        functions,
                    )
                };
            }

            Ok(try_pin_init!(Self {
                directory <- new_mutex!(Some(Directory {
                    _dir: dir,
                    _files: files,
                })),
            }))
        })
    }

    /// Removes the directory, after running operations have ended. Sleeps.
    pub fn close(&self) {
        drop(self.directory.lock().take());
    }
}
