// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    FromDevice,
    Mapping, //
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    prelude::*,
    sync::Arc, //
};

// The mapping is in the driver's data, which is dropped before the binding ends.
struct OpenFile<'bound> {
    mapping: Mapping<'bound, KVec<u8>, FromDevice>,
}

impl<'bound> OpenFile<'bound> {
    fn new(mapping: Mapping<'bound, KVec<u8>, FromDevice>) -> Result<Arc<Self>> {
        Ok(Arc::new(Self { mapping }, GFP_KERNEL)?)
    }
}

fn open(dev: &Device<Bound>, frame: KVec<u8>) -> Result<Arc<OpenFile<'_>>> {
    OpenFile::new(Mapping::map(dev, frame, FromDevice)?)
}
