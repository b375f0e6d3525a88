// SPDX-License-Identifier: GPL-2.0

//! Single operations on the test device: debugfs and the device file.

mod bindings;
pub mod testdev;

use kernel::{
    bindings::module,
    prelude::*,
    types::Opaque,
    ModuleMetadata, //
};
use safe_dma::dma;

/// The module of this crate, under the name that `#[vtable]` expects.
///
/// `module!` defines it for the crate that calls it, which is another one.
struct LocalModule;

impl ModuleMetadata for LocalModule {
    const NAME: &'static CStr = c"safe_dma";

    const THIS_MODULE: ThisModule = {
        #[allow(improper_ctypes, reason = "only its address is used")]
        extern "C" {
            static __this_module: Opaque<module>;
        }

        // SAFETY: The module loader creates it, and keeps it until the module is unloaded.
        unsafe { ThisModule::from_ptr(__this_module.get()) }
    };
}
