// SPDX-License-Identifier: GPL-2.0

//! The module: the driver, and the state of all devices.

use super::{
    control::Root,
    driver::TestDriver, //
};
use kernel::{
    driver::Registration,
    pci,
    prelude::*,
    InPlaceModule,
    ModuleMetadata, //
};

/// The loaded module.
#[pin_data]
pub(crate) struct TestModule {
    // Fields are dropped in this order: the devices before the parent of their directories.
    #[pin]
    _driver: Registration<pci::Adapter<TestDriver>>,
    _root: Root,
}

impl InPlaceModule for TestModule {
    fn init(module: &'static ThisModule) -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            // SAFETY: A module is initialized once, and no device is bound before the driver is
            // registered.
            _root: unsafe { Root::new() },
            _driver <- Registration::new(<Self as ModuleMetadata>::NAME, module),
        })
    }
}
