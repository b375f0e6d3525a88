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
/// `module!` defines it only in the crate that invokes the macro, `safe_dma_module`.
struct LocalModule;

impl ModuleMetadata for LocalModule {
    const NAME: &'static CStr = c"safe_dma";

    const THIS_MODULE: ThisModule = {
        #[allow(improper_ctypes, reason = "only its address is used")]
        extern "C" {
            static __this_module: Opaque<module>;
        }

        // SAFETY: The module loader creates `__this_module` and frees it when it unloads the
        // module.
        unsafe { ThisModule::from_ptr(__this_module.get()) }
    };
}
