// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see CPU accesses
// In C: uses a mapping through an open file after the driver was unbound
// Here: does not compile

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

struct OpenFile {
    mapping: Mapping<'static, KVec<u8>, FromDevice>,
}

impl OpenFile {
    fn new(mapping: Mapping<'static, KVec<u8>, FromDevice>) -> Result<Arc<Self>> {
        Ok(Arc::new(Self { mapping }, GFP_KERNEL)?)
    }
}

fn open(dev: &Device<Bound>, frame: KVec<u8>) -> Result<Arc<OpenFile>> {
    OpenFile::new(Mapping::map(dev, frame, FromDevice)?) //~ ERROR E0521
}
