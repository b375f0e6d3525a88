// SPDX-License-Identifier: GPL-2.0

// DMA debugger: nothing: it does not see device accesses
// In C: unmaps on the assumption that the device is done
// Here: does not compile

use crate::dma::{
    AnySegments,
    CommandId,
    Engine,
    Opened,
    Untrusted, //
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    prelude::*, //
};

struct Queue<'a>(&'a Device<Bound>);

impl Engine for Queue<'_> {
    //~^ ERROR E0200
    type Command = ();
    type Entry = ();
    type Status = Result;
    type Submission = ();
    type Completion = ();

    const TAG_BITS: u32 = 16;

    fn device(&self) -> &Device<Bound> {
        self.0
    }

    unsafe fn open(&mut self) -> Result<((), ())> {
        Ok(((), ()))
    }

    unsafe fn prepare(
        &self,
        _: &mut Opened<()>,
        _id: CommandId,
        _segments: AnySegments<'_>,
        (): (),
    ) -> Result {
        Ok(())
    }

    unsafe fn issue(&self, _: &mut Opened<()>, (): ()) {}

    fn next_completion(&self, _: &mut Opened<()>) -> Option<(Untrusted<u16>, Result)> {
        Some((Untrusted::new(0), Ok(())))
    }

    fn stop(&self, _: &mut Opened<()>, _: &mut Opened<()>) -> Result {
        Ok(())
    }
}
