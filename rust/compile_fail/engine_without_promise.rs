// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see device accesses
// In C: unmaps on the assumption that the device is done
// Here: does not compile

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

struct Queue<'a>(&'a Device<Bound>);

impl Engine for Queue<'_> {
    //~^ ERROR E0200
    type Job = ();
    type Token = ();

    fn device(&self) -> &Device<Bound> {
        self.0
    }

    unsafe fn start_read(&self, _from: Span<'_, ToDevice>, _job: ()) -> Result {
        Ok(())
    }

    unsafe fn start_write(&self, _to: Span<'_, FromDevice>, _job: ()) -> Result {
        Ok(())
    }

    unsafe fn wait(&self, _token: &mut (), _timeout: Msecs) -> Progress {
        Progress::Done
    }

    unsafe fn abort(&self, _token: &mut ()) -> Result {
        Ok(())
    }
}
