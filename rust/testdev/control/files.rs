// SPDX-License-Identifier: GPL-2.0

//! The files of a device, and their file operations.

use super::{
    super::{
        operate,
        request::{
            Refused,
            Why, //
        },
        revocable::{
            Live,
            Revocable, //
        },
        stats, //
    },
    lifecycles,
    parser::{
        parse,
        Asked,
        Syntax,
        MAX_LEN,
        TRANSFER_PAGE, //
    }, //
};
use kernel::{
    bindings,
    ffi::c_char,
    fmt,
    new_mutex,
    prelude::*,
    sync::{
        Arc,
        Mutex, //
    },
    uaccess::{
        UserPtr,
        UserSlice, //
    }, //
};

/// The data of a device's files.
#[pin_data]
pub(super) struct Files {
    access: Arc<Revocable>,
    /// The result of the last write to `run`.
    #[pin]
    result: Mutex<Text>,
}

impl Files {
    pub(super) fn new(access: Arc<Revocable>) -> impl PinInit<Self> {
        pin_init!(Self {
            access,
            result <- new_mutex!(Text::new()),
        })
    }
}

/// Text that grows on write.
struct Text(KVVec<u8>);

impl Text {
    const fn new() -> Self {
        Self(KVVec::new())
    }

    /// Appends `args`; returns [`ENOMEM`] if there is no memory for all of it.
    fn add(&mut self, args: fmt::Arguments<'_>) -> Result {
        fmt::Write::write_fmt(self, args).map_err(|_| ENOMEM)
    }
}

impl fmt::Write for Text {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0
            .extend_from_slice(text.as_bytes(), GFP_KERNEL)
            .map_err(|_| fmt::Error)
    }
}

/// Returns the operations of a file.
///
/// [`kernel::debugfs`] does not fit: its files have no `owner`, and call their operations on close,
/// which may be after the module was unloaded. Debugfs does not call these operations after the
/// file was removed. `__debugfs_file_get()` of a first open does read this table before it looks
/// whether the file was removed, in modules written in C as here: such an open must not race with
/// the end of the module.
const fn functions(
    read: unsafe extern "C" fn(
        *mut bindings::file,
        *mut c_char,
        usize,
        *mut bindings::loff_t,
    ) -> isize,
) -> bindings::debugfs_short_fops {
    bindings::debugfs_short_fops {
        read: Some(read),
        write: None,
        llseek: Some(bindings::default_llseek),
    }
}

static RUN: bindings::debugfs_short_fops = bindings::debugfs_short_fops {
    write: Some(write_run),
    ..functions(read_run)
};
static RESULT: bindings::debugfs_short_fops = functions(read_result);
static MAPPINGS: bindings::debugfs_short_fops = functions(read_mappings);
static STATS: bindings::debugfs_short_fops = functions(read_stats);

/// The files by name.
pub(super) static ALL: [(&CStr, &bindings::debugfs_short_fops); 4] = [
    (c"run", &RUN),
    (c"result", &RESULT),
    (c"mappings", &MAPPINGS),
    (c"stats", &STATS),
];

/// Defines read functions by functions that write the whole text.
macro_rules! reads {
    ($($name:ident: $text:expr;)*) => {$(
        /// Reads a part of the file.
        ///
        /// # Safety
        ///
        /// `file` was opened by debugfs, with a pointer to a [`Files`] that is valid during the
        /// call; the other arguments are as for `read` in `struct file_operations`.
        unsafe extern "C" fn $name(
            file: *mut bindings::file,
            buf: *mut c_char,
            len: usize,
            pos: *mut bindings::loff_t,
        ) -> isize {
            // SAFETY: By the caller's promise.
            unsafe { read(file, buf, len, pos, $text) }
        }
    )*};
}

reads! {
    read_run: |_, text| text.add(fmt!("{}", Syntax));
    read_result: |files, text| {
        text.0.extend_from_slice(&files.result.lock().0, GFP_KERNEL)?;
        Ok(())
    };
    read_mappings: |files, text| files.access.enter(|live| mappings(live, text))?;
    read_stats: |files, text| files.access.enter(|live| {
        text.add(fmt!("{}", stats::Listing(&live.target.stats, live.target.dev)))
    })?;
}

/// Generates the text with `write`, anew for each call, and copies a part of it to user space.
///
/// # Safety
///
/// As for the functions of [`reads`].
unsafe fn read(
    file: *mut bindings::file,
    buf: *mut c_char,
    len: usize,
    pos: *mut bindings::loff_t,
    write: impl FnOnce(&Files, &mut Text) -> Result,
) -> isize {
    // SAFETY: By the caller's promise.
    let files = unsafe { &*(*file).private_data.cast::<Files>() };
    let mut text = Text::new();
    let written = check_capable().and_then(|()| write(files, &mut text));

    match written {
        // SAFETY: By the caller's promise, and `text` has `text.0.len()` bytes.
        Ok(()) => unsafe {
            bindings::simple_read_from_buffer(
                buf.cast(),
                len,
                pos,
                text.0.as_ptr().cast(),
                text.0.len(),
            )
        },
        Err(error) => error.to_errno() as isize,
    }
}

/// Returns [`EPERM`] unless the caller has `CAP_SYS_ADMIN`: another process may have opened the
/// file.
pub(in crate::testdev) fn check_capable() -> Result {
    // SAFETY: `capable()` may be called by any process. CAST: A small constant.
    if unsafe { bindings::capable(bindings::CAP_SYS_ADMIN as i32) } {
        Ok(())
    } else {
        Err(EPERM)
    }
}

/// Writes a line for each mapping.
fn mappings(live: &Live<'_>, text: &mut Text) -> Result {
    text.add(fmt!("name kind dir owner dma size phys\n"))?;
    text.add(fmt!("{}", *live.registry))
}

/// Runs the operation that is written to `run`.
///
/// # Safety
///
/// As for the functions of [`reads`].
unsafe extern "C" fn write_run(
    file: *mut bindings::file,
    buf: *const c_char,
    len: usize,
    _pos: *mut bindings::loff_t,
) -> isize {
    // SAFETY: By the caller's promise.
    let files = unsafe { &*(*file).private_data.cast::<Files>() };
    let user = UserPtr::from_ptr(buf.cast_mut().cast());
    let mut buffer = [0; MAX_LEN];

    // Read the whole text before taking a lock.
    let text = match buffer.get_mut(..len) {
        _ if check_capable().is_err() => {
            Err(Refused::because(EPERM, "only CAP_SYS_ADMIN may use it"))
        }
        Some(text) => match UserSlice::new(user, len).reader().read_slice(text) {
            Ok(()) => Ok(&*text),
            Err(error) => Err(Refused::because(error, "the text cannot be read")),
        },
        None => Err(Refused::new(EINVAL, Why::TooLong(len, MAX_LEN))),
    };

    match files.access.enter(|live| run(live, text)) {
        Ok((result, outcome)) => {
            *files.result.lock() = result;
            match outcome {
                // CAST: At most `MAX_LEN`.
                Ok(()) => len as isize,
                Err(error) => error.to_errno() as isize,
            }
        }
        Err(error) => error.to_errno() as isize,
    }
}

/// Runs the operation; returns its result as KTAP and as an error. May sleep.
fn run(live: &Live<'_>, text: Result<&[u8], Refused>) -> (Text, Result) {
    let dev = live.target.dev;
    let mut result = Text::new();
    // Without memory for the result, `result` is empty.
    let mut say = |args: fmt::Arguments<'_>| {
        if result
            .add(fmt!("TAP version 14\n1..1\n"))
            .and_then(|()| result.add(args))
            .is_err()
        {
            result = Text::new();
        }
    };

    let text = match text {
        Ok(text) => text,
        Err(Refused { error, why }) => {
            live.target.stats.failed();
            dev_err!(dev, "run: {}\n", why);
            say(fmt!("not ok 1 op=? # {:?} {}\n", error, why));
            return (result, Err(error));
        }
    };
    let outcome = match parse(text) {
        Err(refused) => {
            live.target.stats.failed();
            dev_err!(dev, "run: {}\n", refused);
            say(fmt!("not ok 1 op=? # {:?} {}\n", EINVAL, refused));
            Err(EINVAL)
        }
        Ok(Asked::Named(request)) => {
            let (op, name) = (request.op.name(), &request.name);

            match operate::run(&live.target, &live.registry, &request) {
                Ok(outcome) => {
                    say(fmt!("ok 1 op={} name={} # {}\n", op, name, outcome));
                    Ok(())
                }
                Err(Refused { error, why }) => {
                    dev_err!(dev, "run: op={} name={}: {:?}: {}\n", op, name, error, why);
                    say(fmt!(
                        "not ok 1 op={} name={} # {:?} {}\n",
                        op,
                        name,
                        error,
                        why
                    ));
                    Err(error)
                }
            }
        }
        Ok(Asked::Page { page, to }) => {
            let op = TRANSFER_PAGE;

            match live.pages.transfer(&live.target, page, to) {
                Ok(()) => {
                    say(fmt!("ok 1 op={} page={} # to {}\n", op, page, to.name()));
                    Ok(())
                }
                Err(Refused { error, why }) => {
                    live.target.stats.failed();
                    dev_err!(dev, "run: op={} page={}: {:?}: {}\n", op, page, error, why);
                    say(fmt!(
                        "not ok 1 op={} page={} # {:?} {}\n",
                        op,
                        page,
                        error,
                        why
                    ));
                    Err(error)
                }
            }
        }
        Ok(Asked::Lifecycle(asked)) => match lifecycles::run(&live.target, &asked) {
            Ok(()) => {
                say(fmt!(
                    "ok 1 op={} # repeat {}\n",
                    asked.lifecycle.name,
                    asked.repeat
                ));
                Ok(())
            }
            Err(Refused { error, why }) => {
                let name = asked.lifecycle.name;

                dev_err!(dev, "run: op={} failed: {:?}: {}\n", name, error, why);
                say(fmt!("not ok 1 op={} # {:?} {}\n", name, error, why));
                Err(error)
            }
        },
    };
    (result, outcome)
}
