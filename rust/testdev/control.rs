// SPDX-License-Identifier: GPL-2.0

//! `/sys/kernel/debug/safe_dma/<pci address>/`: the device at the hands of who writes to a file.
//!
//! `run` takes words `key=value`, and reads as what it takes. Only root may open it.

mod ops;
mod words;

use kernel::{
    debugfs::{
        Dir,
        Scope, //
    },
    device::{
        Bound,
        Device, //
    },
    fmt,
    pci,
    prelude::*,
    sync::global_lock,
    uaccess::UserSliceReader, //
};
use ops::OPERATIONS;
use words::{
    parse,
    MAX_LEN, //
};

global_lock! {
    // SAFETY: `Root::new()` initializes it, and whoever makes the one that there is promises to do so
    // before all else.
    unsafe(uninit) static ROOT: Mutex<Option<Dir>> = None;
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
        *ROOT.lock() = Some(Dir::new(c"safe_dma"));
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

/// What the files of a device have.
///
/// # Invariants
///
/// The target lives as long as this.
struct Files {
    target: Target<'static>,
}

/// The directory of a bound device, which is removed when this is dropped.
pub(super) struct Control {
    _scope: Pin<KBox<Scope<Files>>>,
}

impl Control {
    /// Makes the directory.
    ///
    /// # Safety
    ///
    /// It is dropped before the end of `'bound`.
    pub(super) unsafe fn new<'bound>(pdev: &'bound pci::Device<Bound>) -> Result<Self> {
        let target = Target { pdev };
        // SAFETY: Only the lifetime is changed. Nobody reaches the value but the functions of the files,
        // and those for the time of a call. Dropping the directory waits for calls that are under way,
        // and comes before the end of `'bound`, by the caller's promise.
        let target = unsafe { core::mem::transmute::<Target<'bound>, Target<'static>>(target) };
        let root = ROOT.lock().clone().ok_or(ENODEV)?;

        // INVARIANT: As above.
        let files =
            root.scope::<_, Error, _>(Ok(Files { target }), pdev.as_ref().name(), |files, dir| {
                dir.read_write_callback_file(c"run", files, &describe, &run);
            });
        Ok(Self {
            _scope: KBox::pin_init(files, GFP_KERNEL)?,
        })
    }
}

/// Reads what `run` takes.
fn describe(_files: &Files, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    writeln!(
        f,
        "Write op=NAME, which runs one operation and all that it needs:"
    )?;
    for operation in OPERATIONS {
        writeln!(f, "op={:<20} {}", operation.name, operation.what)?;
    }
    Ok(())
}

/// Runs the operation that is asked for. May sleep.
fn run(files: &Files, reader: &mut UserSliceReader) -> Result {
    let dev = files.target.dev();
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
    (operation.run)(&files.target).inspect_err(|error| {
        dev_err!(dev, "run: op={} failed: {:?}\n", operation.name, error);
    })
}
