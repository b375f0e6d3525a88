// SPDX-License-Identifier: GPL-2.0

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

struct Nothing<'a>(&'a Device<Bound>);

// SAFETY: No command is ever prepared, so the device accesses no memory.
unsafe impl Engine for Nothing<'_> {
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
        Err(ENOTSUPP)
    }

    unsafe fn issue(&self, _: &mut Opened<()>, (): ()) {}

    fn next_completion(&self, _: &mut Opened<()>) -> Option<(Untrusted<u16>, Result)> {
        None
    }

    fn stop(&self, _: &mut Opened<()>, _: &mut Opened<()>) -> Result {
        Ok(())
    }
}
