// SPDX-License-Identifier: GPL-2.0

//! A mock engine: no device, and any completion that a broken one could send.

use kernel::prelude::*;

#[kunit_tests(safe_dma_in_flight)]
mod in_flight {
    use super::super::*;
    use crate::dma::{
        direction::ToDevice,
        engine::{
            CommandId,
            Opened, //
        },
        range::Range,
        segments::{
            AnySegments,
            Segments, //
        },
        untrusted::Untrusted, //
    };
    use core::{
        cell::Cell,
        mem, //
    };
    use kernel::{
        device::{
            Bound,
            Device, //
        },
        faux, //
    };

    /// The events so far, and the results that the engine will return.
    #[derive(Default)]
    struct Script {
        refuse: Cell<Option<Error>>,
        stop: Cell<Option<Error>>,
        completions: Cell<[Option<u16>; 4]>,
        /// Of the last command that was issued: its identifier, address and command.
        issued: Cell<Option<(u16, u64, u32)>>,
        issues: Cell<u32>,
        commits: Cell<u32>,
        memory_dropped: Cell<u32>,
        engine_dropped: Cell<u32>,
    }

    impl Script {
        fn complete(&self, id: u16) {
            let mut completions = self.completions.get();
            if let Some(place) = completions.iter_mut().find(|place| place.is_none()) {
                *place = Some(id);
            }
            self.completions.set(completions);
        }
    }

    fn bound(registration: &faux::Registration) -> &Device<Bound> {
        let faux: &faux::Device<Bound> = registration.as_ref();

        faux.as_ref()
    }

    struct Mock<'a, const TAG_BITS: u32> {
        dev: &'a Device<Bound>,
        script: &'a Script,
    }

    // SAFETY: No device is given an address.
    unsafe impl<const BITS: u32> Engine for Mock<'_, BITS> {
        type Command = u32;
        type Entry = (u16, u64, u32);
        type Status = u8;
        type Submission = ();
        type Completion = ();

        const TAG_BITS: u32 = BITS;

        fn device(&self) -> &Device<Bound> {
            self.dev
        }

        unsafe fn open(&mut self) -> Result<((), ())> {
            Ok(((), ()))
        }

        unsafe fn prepare(
            &self,
            _: &mut Opened<()>,
            id: CommandId,
            segments: AnySegments<'_>,
            command: u32,
        ) -> Result<Self::Entry> {
            if let Some(error) = self.script.refuse.get() {
                return Err(error);
            }
            let range = segments
                .to_device()
                .and_then(Segments::single)
                .ok_or(EINVAL)?;
            // SAFETY: No device is given the number.
            Ok((id.as_u16(), unsafe { range.address().as_raw() }, command))
        }

        unsafe fn issue(&self, _: &mut Opened<()>, entry: Self::Entry) {
            self.script.issued.set(Some(entry));
            self.script.issues.set(self.script.issues.get() + 1);
        }

        fn commit(&self, _: &mut Opened<()>) {
            self.script.commits.set(self.script.commits.get() + 1);
        }

        fn next_completion(&self, _: &mut Opened<()>) -> Option<(Untrusted<u16>, u8)> {
            let mut completions = self.script.completions.get();
            let id = completions[0].take()?;
            completions.rotate_left(1);
            self.script.completions.set(completions);
            Some((Untrusted::new(id), 7))
        }

        fn stop(&self, _: &mut Opened<()>, _: &mut Opened<()>) -> Result {
            self.script.stop.get().map_or(Ok(()), Err)
        }
    }

    impl<const BITS: u32> Drop for Mock<'_, BITS> {
        fn drop(&mut self) {
            self.script
                .engine_dropped
                .set(self.script.engine_dropped.get() + 1);
        }
    }

    /// 64 bytes at an address that leads nowhere.
    struct Nowhere<'a> {
        dev: &'a Device<Bound>,
        script: &'a Script,
        addr: u64,
    }

    // SAFETY: There is no memory, and no device is given the address.
    unsafe impl Memory for Nowhere<'_> {
        type Direction = ToDevice;

        fn device(&self) -> &Device<Bound> {
            self.dev
        }

        fn segments(&self) -> AnySegments<'_> {
            // SAFETY: As above.
            unsafe { Range::<'_, ToDevice>::new(self.addr, 64) }.into()
        }
    }

    impl Drop for Nowhere<'_> {
        fn drop(&mut self) {
            self.script
                .memory_dropped
                .set(self.script.memory_dropped.get() + 1);
        }
    }

    type Ends<'a, const BITS: u32> = (
        Submitter<Mock<'a, BITS>, Nowhere<'a>, u32>,
        Completer<Mock<'a, BITS>, Nowhere<'a>, u32>,
    );

    fn ends<'a, const BITS: u32>(
        registration: &'a faux::Registration,
        script: &'a Script,
        depth: usize,
    ) -> Result<Ends<'a, BITS>> {
        let dev = bound(registration);

        in_flight(Mock { dev, script }, depth)
    }

    fn memory<'a>(
        registration: &'a faux::Registration,
        script: &'a Script,
        addr: u64,
    ) -> Nowhere<'a> {
        let dev = bound(registration);

        Nowhere { dev, script, addr }
    }

    /// The reason for which the next completion is refused.
    fn refused<const BITS: u32>(
        completer: &mut Completer<Mock<'_, BITS>, Nowhere<'_>, u32>,
    ) -> Option<UnknownId> {
        completer.reap()?.err().map(|bad| bad.reason)
    }

    #[test]
    fn comes_back_together() -> Result {
        let (dev, script) = (
            faux::Registration::new(c"safe_dma_together", None)?,
            Script::default(),
        );
        let (mut submitter, mut completer) = ends::<12>(&dev, &script, 4)?;

        submitter.submit(2, memory(&dev, &script, 0x1000), 20, 200)?;
        submitter.submit(3, memory(&dev, &script, 0x2000), 30, 300)?;
        // The first use of tag 3.
        assert_eq!(script.issued.get(), Some((1 << 12 | 3, 0x2000, 300)));
        assert!(completer.reap().is_none());

        // In another order than they were submitted.
        script.complete(1 << 12 | 3);
        script.complete(1 << 12 | 2);
        for (addr, value) in [(0x2000, 30), (0x1000, 20)] {
            let Some(Ok(completed)) = completer.reap() else {
                return Err(EINVAL);
            };
            assert_eq!((completed.memory.addr, completed.value), (addr, value));
            assert_eq!(completed.status, 7);
            assert_eq!(script.memory_dropped.get(), 0);
            mem::forget(completed.memory);
        }
        assert!(completer.reap().is_none());
        Ok(())
    }

    #[test]
    fn notified_when_asked() -> Result {
        let (dev, script) = (
            faux::Registration::new(c"safe_dma_notified", None)?,
            Script::default(),
        );
        let (mut submitter, _completer) = ends::<12>(&dev, &script, 4)?;

        submitter.push(0, memory(&dev, &script, 0), 0, 0)?;
        submitter.push(1, memory(&dev, &script, 0), 0, 0)?;
        assert_eq!((script.issues.get(), script.commits.get()), (2, 0));
        submitter.submit(2, memory(&dev, &script, 0), 0, 0)?;
        assert_eq!((script.issues.get(), script.commits.get()), (3, 1));
        Ok(())
    }

    #[test]
    fn refused_submissions() -> Result {
        let (dev, script) = (
            faux::Registration::new(c"safe_dma_refused", None)?,
            Script::default(),
        );
        let other = faux::Registration::new(c"safe_dma_other", None)?;
        let (mut submitter, mut completer) = ends::<12>(&dev, &script, 4)?;
        submitter.submit(1, memory(&dev, &script, 0), 0, 0)?;

        for (tag, owner, refuse, error) in [
            (4, &dev, None, EINVAL),
            (u16::MAX, &dev, None, EINVAL),
            (1, &dev, None, EBUSY),
            (2, &other, None, EINVAL),
            (2, &dev, Some(ENOSPC), ENOSPC),
        ] {
            script.refuse.set(refuse);
            let Err(err) = submitter.submit(tag, memory(owner, &script, 0x3000), 33, 0) else {
                return Err(EINVAL);
            };
            let (memory, value) = err.value;
            assert_eq!((err.error, memory.addr, value), (error, 0x3000, 33));
            assert_eq!((script.issues.get(), script.commits.get()), (1, 1));
            mem::forget(memory);
        }

        // A command that was refused is not in flight.
        script.complete(1 << 12 | 2);
        assert_eq!(refused(&mut completer), Some(UnknownId::NotInFlight));
        assert_eq!(script.memory_dropped.get(), 0);
        Ok(())
    }

    /// The completions that a broken or hostile device may send.
    #[test]
    fn refused_completions() -> Result {
        let (dev, script) = (
            faux::Registration::new(c"safe_dma_spurious", None)?,
            Script::default(),
        );
        let (mut submitter, mut completer) = ends::<12>(&dev, &script, 4)?;
        submitter.submit(1, memory(&dev, &script, 0x1000), 10, 0)?;

        for (id, reason) in [
            // Never submitted.
            (1 << 12, UnknownId::NotInFlight),
            // The tag without its counter, and with one that is to come.
            (1, UnknownId::NotInFlight),
            (2 << 12 | 1, UnknownId::NotInFlight),
            (1 << 12 | 4, UnknownId::OutOfRange),
            (0xffff, UnknownId::OutOfRange),
        ] {
            script.complete(id);
            assert_eq!(refused(&mut completer), Some(reason));
        }

        script.complete(1 << 12 | 1);
        assert!(completer
            .reap()
            .is_some_and(|completion| completion.is_ok()));
        assert_eq!(script.memory_dropped.get(), 1);
        // Twice, and again when its tag is in flight anew.
        script.complete(1 << 12 | 1);
        assert_eq!(refused(&mut completer), Some(UnknownId::NotInFlight));
        submitter.submit(1, memory(&dev, &script, 0x2000), 20, 0)?;
        script.complete(1 << 12 | 1);
        assert_eq!(refused(&mut completer), Some(UnknownId::NotInFlight));
        assert_eq!(script.memory_dropped.get(), 1);
        Ok(())
    }

    /// The counter above the tag wraps; without one, the tag is the identifier.
    #[test]
    fn identifiers() -> Result {
        let (dev, script) = (
            faux::Registration::new(c"safe_dma_ids", None)?,
            Script::default(),
        );
        let (mut submitter, mut completer) = ends::<12>(&dev, &script, 2)?;
        for turn in 1..=17u16 {
            let id = (turn % 16) << 12 | 1;
            submitter.submit(1, memory(&dev, &script, 0), 0, 0)?;
            assert_eq!(script.issued.get().map(|(id, ..)| id), Some(id));
            script.complete(id);
            assert!(completer
                .reap()
                .is_some_and(|completion| completion.is_ok()));
        }

        let (mut submitter, mut completer) = ends::<16>(&dev, &script, 2)?;
        for _ in 0..2 {
            submitter.submit(1, memory(&dev, &script, 0), 0, 0)?;
            assert_eq!(script.issued.get().map(|(id, ..)| id), Some(1));
            script.complete(1);
            assert!(completer
                .reap()
                .is_some_and(|completion| completion.is_ok()));
        }
        Ok(())
    }

    #[test]
    fn vacant_tags() -> Result {
        let (dev, script) = (
            faux::Registration::new(c"safe_dma_vacant", None)?,
            Script::default(),
        );
        let (mut submitter, mut completer) = ends::<16>(&dev, &script, 3)?;

        for tag in 0..3 {
            assert_eq!(submitter.vacant(), Some(tag));
            submitter.submit(tag, memory(&dev, &script, 0), 0, 0)?;
        }
        assert_eq!(submitter.vacant(), None);
        // The table ends there.
        script.complete(3);
        assert_eq!(refused(&mut completer), Some(UnknownId::OutOfRange));
        script.complete(1);
        assert!(completer
            .reap()
            .is_some_and(|completion| completion.is_ok()));
        assert_eq!(submitter.vacant(), Some(1));
        Ok(())
    }

    #[test]
    fn depths() -> Result {
        let (dev, script) = (
            faux::Registration::new(c"safe_dma_depths", None)?,
            Script::default(),
        );

        assert_eq!(ends::<4>(&dev, &script, 0).err(), Some(EINVAL));
        assert_eq!(ends::<4>(&dev, &script, 17).err(), Some(EINVAL));
        assert!(ends::<4>(&dev, &script, 16).is_ok());
        assert_eq!(ends::<16>(&dev, &script, usize::MAX).err(), Some(EINVAL));
        assert_eq!(script.engine_dropped.get(), 4);
        Ok(())
    }

    #[test]
    fn dropped_in_flight() -> Result {
        let (dev, script) = (
            faux::Registration::new(c"safe_dma_dropped", None)?,
            Script::default(),
        );
        let (mut submitter, completer) = ends::<12>(&dev, &script, 4)?;
        submitter.submit(0, memory(&dev, &script, 0), 0, 0)?;

        drop((submitter, completer));
        assert_eq!(
            (script.memory_dropped.get(), script.engine_dropped.get()),
            (0, 0)
        );
        Ok(())
    }

    #[test]
    fn dropped_idle() -> Result {
        let (dev, script) = (
            faux::Registration::new(c"safe_dma_idle", None)?,
            Script::default(),
        );
        let (mut submitter, mut completer) = ends::<16>(&dev, &script, 4)?;
        submitter.submit(0, memory(&dev, &script, 0), 0, 0)?;
        script.complete(0);
        drop(completer.reap());
        assert_eq!(script.memory_dropped.get(), 1);

        drop(submitter);
        assert_eq!(script.engine_dropped.get(), 0);
        drop(completer);
        assert_eq!(
            (script.memory_dropped.get(), script.engine_dropped.get()),
            (1, 1)
        );
        Ok(())
    }

    #[test]
    fn stopped() -> Result {
        let (dev, script) = (
            faux::Registration::new(c"safe_dma_stopped", None)?,
            Script::default(),
        );
        let (mut submitter, mut completer) = ends::<12>(&dev, &script, 4)?;
        let (_submitter, mut other) = ends::<12>(&dev, &script, 4)?;
        submitter.submit(1, memory(&dev, &script, 0x1000), 10, 0)?;
        submitter.submit(3, memory(&dev, &script, 0x3000), 30, 0)?;

        // Not with the end of another table, and not if the device does not stop.
        assert_eq!(submitter.stop(&mut other, |_, _| ()), Err(EINVAL));
        script.stop.set(Some(EIO));
        assert_eq!(submitter.stop(&mut completer, |_, _| ()), Err(EIO));
        assert_eq!(script.memory_dropped.get(), 0);

        script.stop.set(None);
        let mut returned = (0, 0);
        submitter.stop(&mut completer, |memory, value| {
            returned = (returned.0 + memory.addr, returned.1 + value);
        })?;
        assert_eq!((returned, script.memory_dropped.get()), ((0x4000, 40), 2));

        // Late, and then the tag is as good as new.
        script.complete(1 << 12 | 1);
        assert_eq!(refused(&mut completer), Some(UnknownId::NotInFlight));
        submitter.submit(1, memory(&dev, &script, 0x5000), 50, 0)?;
        script.complete(2 << 12 | 1);
        assert!(completer
            .reap()
            .is_some_and(|completion| completion.is_ok()));
        Ok(())
    }
}
