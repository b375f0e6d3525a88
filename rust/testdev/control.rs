// SPDX-License-Identifier: GPL-2.0

//! `/sys/kernel/debug/safe_dma/<pci address>/`: operations by words, for scripts and programs.
//!
//! | file | contents |
//! | --- | --- |
//! | `run` | takes words `key=value`; reads as their syntax |
//! | `result` | the result of the last write, as KTAP |
//! | `mappings` | the mappings that have a name |
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
    // SAFETY: `Root::new()` initializes it, and whoever makes the one that there is promises to do
    // so before all else.
    unsafe(uninit) static ROOT: Mutex<Option<Entry>> = None;
}

/// A file of debugfs, or a directory and its files, removed on drop.
///
/// # Invariants
///
/// The return value of a `debugfs_create_*()` function; only this removes it.
struct Entry(*mut bindings::dentry);

// SAFETY: The functions of debugfs may be called from any thread.
unsafe impl Send for Entry {}

impl Drop for Entry {
    fn drop(&mut self) {
        // SAFETY: By the invariant; an error is ignored.
        unsafe { bindings::debugfs_remove(self.0) };
    }
}

/// The directory of all devices, removed on drop.
pub struct Root(());

impl Root {
    /// Creates the directory.
    ///
    /// # Safety
    ///
    /// It is called once, before any [`Control`] is made.
    pub unsafe fn new() -> Self {
        // SAFETY: Once, and before any use, by the caller's promise.
        unsafe { ROOT.init() };
        // SAFETY: As above.
        unsafe { quiesce::init() };
        // SAFETY: The name is a C string, and no parent is the root of debugfs. INVARIANT: Made
        // here.
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
    // Dropped first: this waits for running calls, and prevents new ones.
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
            // SAFETY: The name is a C string, and the parent is there while `ROOT` is locked; later
            // nobody removes it before the devices have gone.
            let dir = unsafe { bindings::debugfs_create_dir(dev.name().as_char_ptr(), parent) };
            // INVARIANT: Made here.
            let dir = Entry(dir);
            for (name, functions) in files::ALL {
                // SAFETY: As above. These functions take a file that was opened with a pointer to
                // `Files`, which are freed after the directory was removed.
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

    /// Removes the directory. Waits for running operations.
    pub fn close(&self) {
        drop(self.directory.lock().take());
    }
}
