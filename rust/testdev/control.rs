// SPDX-License-Identifier: GPL-2.0

//! `/sys/kernel/debug/safe_dma/<pci address>/`: the device at the hands of who writes to a file.
//!
//! | file | what it has |
//! | --- | --- |
//! | `run` | takes words `key=value`, and reads as what it takes |
//! | `result` | what came of the words that were written last, as KTAP |
//! | `mappings` | what is mapped now, and has a name |
//! | `stats` | what was done since the driver was bound, in numbers |
//!
//! Only root may open them, and only who has `CAP_SYS_ADMIN` may use them.

mod files;
mod lifecycles;
mod round_trip;
mod words;

pub(super) use files::check_capable;

pub(crate) use super::quiet::quiet;

use super::{
    gate::Gate,
    quiet, //
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
    // SAFETY: `Root::new()` initializes it, and whoever makes the one that there is promises to do so
    // before all else.
    unsafe(uninit) static ROOT: Mutex<Option<Entry>> = None;
}

/// A file of debugfs, or a directory with all that is in it, which is removed when this is dropped.
///
/// # Invariants
///
/// What a `debugfs_create_*()` function has returned, and nobody else removes it.
struct Entry(*mut bindings::dentry);

// SAFETY: The functions of debugfs may be called from any thread.
unsafe impl Send for Entry {}

impl Drop for Entry {
    fn drop(&mut self) {
        // SAFETY: By the invariant; an error is ignored.
        unsafe { bindings::debugfs_remove(self.0) };
    }
}

/// The directory of all devices, which is there as long as this.
pub(crate) struct Root(());

impl Root {
    /// Makes the directory.
    ///
    /// # Safety
    ///
    /// It is called once, before any [`Control`] is made.
    pub(crate) unsafe fn new() -> Self {
        // SAFETY: Once, and before any use, by the caller's promise.
        unsafe { ROOT.init() };
        // SAFETY: As above.
        unsafe { quiet::init() };
        // SAFETY: The name is a C string, and no parent is the root of debugfs. INVARIANT: Made here.
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

/// The directory of a device, and what its files have.
struct Directory {
    // Dropped in the order of declaration: this waits for calls that are under way, and lets no more begin.
    _dir: Entry,
    _files: Pin<KBox<Files>>,
}

/// The directory of a bound device, which is removed when this is closed or dropped.
#[pin_data]
pub(super) struct Control {
    #[pin]
    directory: Mutex<Option<Directory>>,
}

impl Control {
    /// Makes the directory.
    pub(super) fn new(dev: &Device<Bound>, gate: Arc<Gate>) -> impl PinInit<Self, Error> + use<'_> {
        pin_init::pin_init_scope(move || {
            let files = KBox::pin_init(Files::new(gate), GFP_KERNEL)?;

            let root = ROOT.lock();
            let parent = root.as_ref().ok_or(ENODEV)?.0;
            // SAFETY: The name is a C string, and the parent is there while `ROOT` is locked; later nobody
            // removes it before the devices have gone.
            let dir = unsafe { bindings::debugfs_create_dir(dev.name().as_char_ptr(), parent) };
            // INVARIANT: Made here.
            let dir = Entry(dir);
            for (name, functions) in files::ALL {
                // SAFETY: As above. These functions take a file that was opened with a pointer to `Files`, which
                // are freed after the directory was removed.
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

    /// Removes the directory. Waits for operations that are under way.
    pub(super) fn close(&self) {
        drop(self.directory.lock().take());
    }
}
