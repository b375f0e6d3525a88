// SPDX-License-Identifier: GPL-2.0

use crate::dma::{
    direction::{
        FromDevice,
        ToDevice, //
    },
    span::Span,
    transfer::{
        Engine,
        Progress, //
    }, //
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    prelude::*,
    time::Msecs, //
};

struct Nothing<'a>(&'a Device<Bound>);

// SAFETY: No transfer is ever started, so the device accesses no memory.
unsafe impl Engine for Nothing<'_> {
    type Job = ();
    type Token = ();

    fn device(&self) -> &Device<Bound> {
        self.0
    }

    unsafe fn start_read(&self, _from: Span<'_, ToDevice>, _job: ()) -> Result {
        Err(ENOTSUPP)
    }

    unsafe fn start_write(&self, _to: Span<'_, FromDevice>, _job: ()) -> Result {
        Err(ENOTSUPP)
    }

    unsafe fn wait(&self, _token: &mut (), _timeout: Msecs) -> Progress {
        Progress::Failed(ENOTSUPP)
    }

    unsafe fn abort(&self, _token: &mut ()) -> Result {
        Ok(())
    }
}
