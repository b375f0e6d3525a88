// SPDX-License-Identifier: GPL-2.0

//! `/sys/kernel/debug/safe_dma/<pci address>/`: the device at the hands of who writes to a file.
//!
//! `run` takes words `key=value`, and reads as what it takes. Only root may open it.

mod ops;
mod words;

use core::ptr::{
    from_ref,
    null, //
};
use kernel::{
    bindings,
    device::{
        Bound,
        Device, //
    },
    ffi::{
        c_char,
        c_void, //
    },
    fmt,
    new_mutex,
    pci,
    prelude::*,
    str::CString,
    sync::{
        global_lock,
        Mutex, //
    },
    uaccess::{
        UserPtr,
        UserSlice,
        UserSliceReader, //
    }, //
};
use ops::OPERATIONS;
use words::{
    parse,
    MAX_LEN, //
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

/// Calls `f` while no operation runs, of any device.
pub(crate) fn quiet<R>(f: impl FnOnce() -> R) -> R {
    let _root = ROOT.lock();
    f()
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

/// Who the operations are for.
struct Target<'a> {
    pdev: &'a pci::Device<Bound>,
}

impl<'a> Target<'a> {
    fn dev(&self) -> &'a Device<Bound> {
        self.pdev.as_ref()
    }
}

/// The directory of a device, and what its files have.
struct Files {
    // Dropped in the order of declaration: this waits for calls that are under way, and lets no more begin.
    _dir: Entry,
    _target: KBox<Target<'static>>,
}

/// The directory of a bound device, which is removed when this is closed or dropped.
#[pin_data]
pub(super) struct Control {
    #[pin]
    files: Mutex<Option<Files>>,
}

impl Control {
    /// Makes the directory.
    ///
    /// # Safety
    ///
    /// It is closed or dropped before the end of `'bound`.
    pub(super) unsafe fn new<'bound>(
        pdev: &'bound pci::Device<Bound>,
    ) -> impl PinInit<Self, Error> + use<'bound> {
        pin_init::pin_init_scope(move || {
            let target = KBox::new(Target { pdev }, GFP_KERNEL)?;
            // SAFETY: Only the lifetime is changed. Nobody reaches the value but the functions of the file,
            // and those for the time of a call. Dropping the directory waits for calls that are under way,
            // and comes before the end of `'bound`, by the caller's promise.
            let target = unsafe {
                core::mem::transmute::<KBox<Target<'bound>>, KBox<Target<'static>>>(target)
            };

            let root = ROOT.lock();
            let parent = root.as_ref().ok_or(ENODEV)?.0;
            // SAFETY: The name is a C string, and the parent is there while `ROOT` is locked; later nobody
            // removes it before the devices have gone. INVARIANT: Made here.
            let dir = Entry(unsafe {
                bindings::debugfs_create_dir(pdev.as_ref().name().as_char_ptr(), parent)
            });
            // SAFETY: As above. The functions of `FILE` take a file that was opened with a pointer to a
            // `Target`, which is freed after the directory was removed.
            unsafe {
                bindings::debugfs_create_file_short(
                    c"run".as_char_ptr(),
                    0o600,
                    dir.0,
                    from_ref::<Target<'static>>(&target)
                        .cast_mut()
                        .cast::<c_void>(),
                    null(),
                    &FILE,
                )
            };

            Ok(try_pin_init!(Self {
                files <- new_mutex!(Some(Files {
                    _dir: dir,
                    _target: target,
                })),
            }))
        })
    }

    /// Removes the directory. Waits for operations that are under way.
    pub(super) fn close(&self) {
        drop(self.files.lock().take());
    }
}

/// The functions of `run`.
///
/// Not [`kernel::debugfs`], whose files keep no module (`owner`), and look at their functions when they are
/// closed: that may be after the module has gone. Of these, debugfs calls none, nor looks at any, once the
/// file was removed.
static FILE: bindings::debugfs_short_fops = bindings::debugfs_short_fops {
    read: Some(read),
    write: Some(write),
    llseek: Some(bindings::default_llseek),
};

/// # Safety
///
/// `file` was opened by debugfs, with a pointer to a [`Target`] that is valid during the call; the rest is as
/// for `read` in `struct file_operations`.
unsafe extern "C" fn read(
    _file: *mut bindings::file,
    buf: *mut c_char,
    len: usize,
    pos: *mut bindings::loff_t,
) -> isize {
    match CString::try_from_fmt(fmt!("{}", Listing)) {
        // SAFETY: By the caller's promise, and the text has that many bytes.
        Ok(text) => unsafe {
            bindings::simple_read_from_buffer(
                buf.cast(),
                len,
                pos,
                text.to_bytes().as_ptr().cast(),
                text.to_bytes().len(),
            )
        },
        Err(error) => error.to_errno() as isize,
    }
}

/// # Safety
///
/// As for [`read`].
unsafe extern "C" fn write(
    file: *mut bindings::file,
    buf: *const c_char,
    len: usize,
    _pos: *mut bindings::loff_t,
) -> isize {
    // SAFETY: By the caller's promise.
    let target = unsafe { &*(*file).private_data.cast::<Target<'_>>() };
    let user = UserPtr::from_ptr(buf.cast_mut().cast());

    match run(target, &mut UserSlice::new(user, len).reader()) {
        // CAST: At most `MAX_LEN`.
        Ok(()) => len as isize,
        Err(error) => error.to_errno() as isize,
    }
}

/// What `run` takes.
struct Listing;

impl fmt::Display for Listing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "Write op=NAME, which runs one operation and all that it needs:"
        )?;
        for operation in OPERATIONS {
            writeln!(f, "op={:<20} {}", operation.name, operation.what)?;
        }
        Ok(())
    }
}

/// Runs the operation that is asked for. May sleep.
fn run(target: &Target<'_>, reader: &mut UserSliceReader) -> Result {
    let dev = target.dev();
    let mut buffer = [0; MAX_LEN];
    let len = reader.len();
    let text = match buffer.get_mut(..len) {
        Some(text) => text,
        None => {
            dev_err!(
                dev,
                "run: {} bytes are too many: at most {} will do\n",
                len,
                MAX_LEN
            );
            return Err(EINVAL);
        }
    };
    reader.read_slice(text)?;

    let operation = parse(text).map_err(|refused| {
        dev_err!(dev, "run: {}\n", refused);
        EINVAL
    })?;
    quiet(|| (operation.run)(target)).inspect_err(|error| {
        dev_err!(dev, "run: op={} failed: {:?}\n", operation.name, error);
    })
}
