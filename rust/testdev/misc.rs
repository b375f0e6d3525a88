// SPDX-License-Identifier: GPL-2.0

//! `/dev/safe_dmaN`: `mmap()` of the pages that programs share with a device.
//!
//! Programs start operations by writing to `run` in debugfs, see [`super::control`].

use super::{
    control::check_capable,
    minor::Minor,
    revocable::Revocable, //
};
use kernel::{
    container_of,
    device::{
        Bound,
        Device, //
    },
    fs::File,
    miscdevice::{
        MiscDevice,
        MiscDeviceOptions,
        MiscDeviceRegistration, //
    },
    mm::virt::VmaNew,
    prelude::*,
    sync::{
        Arc,
        ArcBorrow, //
    }, //
};

/// The device file of a bound device.
#[pin_data]
pub struct Misc {
    #[pin]
    registration: MiscDeviceRegistration<PageFile>,
    access: Arc<Revocable>,
    // Dropped last: the number is in use until the file is removed.
    _minor: Minor,
}

impl Misc {
    /// Registers the device file.
    pub fn new(dev: &Device<Bound>, access: Arc<Revocable>) -> impl PinInit<Self, Error> + use<'_> {
        pin_init::pin_init_scope(move || {
            let minor = Minor::take(dev)?;
            let name = minor.name();

            Ok(try_pin_init!(Self {
                access,
                registration <- MiscDeviceRegistration::register(MiscDeviceOptions { name }),
                _minor: minor,
            }))
        })
    }
}

/// The operations of the device file.
pub(super) struct PageFile;

#[vtable]
impl MiscDevice for PageFile {
    type Ptr = Arc<Revocable>;

    fn open(_file: &File, misc: &MiscDeviceRegistration<Self>) -> Result<Arc<Revocable>> {
        check_capable()?;
        // SAFETY: Each registration of this type is a field of a `Misc`, and its removal waits for
        // this call. `access` is initialized before the file is registered. The reference covers
        // only that field, because the file may be opened before the rest of the `Misc` is
        // initialized.
        let access =
            unsafe { &(*container_of!(core::ptr::from_ref(misc), Misc, registration)).access };

        Ok(access.clone())
    }

    fn mmap(access: ArcBorrow<'_, Revocable>, _file: &File, vma: &VmaNew) -> Result {
        // The file may have been opened by another process.
        check_capable()?;
        // SAFETY: The area is not changed after this call, and its error is returned. The file
        // belongs to a `MiscDevice` of this module, and keeps the module loaded.
        access.enter(|live| unsafe { live.pages.mmap(vma) })?
    }
}
