// SPDX-License-Identifier: GPL-2.0

//! Operations of the test device by hand: debugfs and the device file.

#[allow(dead_code, reason = "the helpers are not for this crate alone")]
mod bindings;
pub mod testdev;

use kernel::{
    bindings::module,
    prelude::*,
    types::Opaque,
    ModuleMetadata, //
};
use safe_dma::dma;

/// The module that this crate is a part of, by the name that `#[vtable]` goes by.
///
/// `module!` makes it where it is used, which is in another crate.
struct LocalModule;

impl ModuleMetadata for LocalModule {
    const NAME: &'static CStr = c"safe_dma";

    const THIS_MODULE: ThisModule = {
        #[allow(improper_ctypes, reason = "nothing but its address is used")]
        extern "C" {
            static __this_module: Opaque<module>;
        }

        // SAFETY: The kernel makes it when it loads the module, and keeps it until the module is
        // unloaded.
        unsafe { ThisModule::from_ptr(__this_module.get()) }
    };
}
