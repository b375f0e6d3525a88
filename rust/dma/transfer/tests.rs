// SPDX-License-Identifier: GPL-2.0

use kernel::prelude::*;

#[kunit_tests(safe_dma_transfer)]
mod transfer {
    use super::super::{
        mock::{
            Event::{
                self,
                Commit,
                EngineDropped,
                Issue,
                MemoryDropped,
                Read,
                StateDropped,
                Stop,
                Write, //
            },
            Fixture,
            SIZE,
            START,
            STARTED, //
        },
        *, //
    };
    use crate::dma::{
        FromDevice,
        ToDevice, //
    };
    use core::mem;
    use kernel::dma::DmaAddress;

    const LONG: Delta = Delta::from_secs(1000);

    #[test]
    fn range_is_what_the_engine_gets() -> Result {
        let test = Fixture::new(c"safe_dma_range")?;

        for range in [0..SIZE, 0..1, SIZE - 1..SIZE, 100..300] {
            let (addr, len) = (START + range.start as DmaAddress, range.len());

            let memory = test.memory();
            mem::forget(test.start_to_device(memory, range.clone(), 1)?);
            assert!(test.saw(&[Read(addr, len, 1), Issue(1), Commit]));

            let memory = test.memory();
            mem::forget(test.start_from_device(memory, range, 2)?);
            assert!(test.saw(&[Write(addr, len, 2), Issue(2), Commit]));
        }
        Ok(())
    }

    #[test]
    fn range_refused() -> Result {
        let test = Fixture::new(c"safe_dma_refused")?;

        for (start, end) in [
            (0, 0),
            (SIZE, SIZE),
            (2, 1),
            (0, SIZE + 1),
            (SIZE, SIZE + 1),
            (SIZE + 1, SIZE + 2),
            (0, usize::MAX),
            (usize::MAX - 1, usize::MAX),
            (usize::MAX, 0),
            (usize::MAX, 1),
        ] {
            let memory = test.memory();

            let Err(err) = test.start_to_device(memory, start..end, 0) else {
                return Err(EINVAL);
            };
            // Nothing has started, and the memory is at hand.
            assert!(err.error == EINVAL && test.saw(&[EngineDropped]));
            let Err(err) = test.start_from_device(err.value, start..end, 0) else {
                return Err(EINVAL);
            };
            assert!(err.error == EINVAL && test.saw(&[EngineDropped]));

            drop(err);
            assert!(test.saw(&[MemoryDropped]));
        }
        Ok(())
    }

    #[test]
    fn memory_of_another_device_refused() -> Result {
        let test = Fixture::new(c"safe_dma_here")?;
        let other = Fixture::new(c"safe_dma_there")?;

        let Err(err) = test.start_to_device(other.memory(), 0..SIZE, 0) else {
            return Err(EIO);
        };
        assert!(err.error == EINVAL && test.saw(&[EngineDropped]));
        let Err(err) = test.start_from_device(err.value, 0..SIZE, 0) else {
            return Err(EIO);
        };
        assert!(err.error == EINVAL && test.saw(&[EngineDropped]));

        // The device was the reason: an engine of the other one takes the memory.
        mem::forget(other.start_to_device(err.value, 0..SIZE, 1)?);
        assert!(other.saw(&STARTED));
        Ok(())
    }

    #[test]
    fn start_error_returns_the_memory() -> Result {
        let test = Fixture::new(c"safe_dma_start_error")?;

        test.open(Err(ENXIO));
        let memory = test.memory();
        let Err(err) = test.start_to_device(memory, 0..SIZE, 1) else {
            return Err(EIO);
        };
        assert!(err.error == ENXIO && test.saw(&[EngineDropped]));

        test.open(Ok(()));
        test.prepare(Err(EBUSY));
        let Err(err) = test.start_to_device(err.value, 0..SIZE, 1) else {
            return Err(EIO);
        };
        // Nothing was issued, and nothing is stopped.
        assert!(err.error == EBUSY);
        assert!(test.saw(&[Read(START, SIZE, 1), EngineDropped, StateDropped]));

        // And good for another start.
        test.prepare(Ok(()));
        mem::forget(test.start_to_device(err.value, 0..SIZE, 1)?);
        assert!(test.saw(&STARTED));
        Ok(())
    }

    #[test]
    fn end_returns_the_memory() -> Result {
        let test = Fixture::new(c"safe_dma_done")?;

        let transfer = test.start()?;
        test.complete(Ok(()));
        let memory = transfer.wait(LONG)?;
        assert!(test.saw(&[EngineDropped, StateDropped]));
        drop(memory);
        assert!(test.saw(&[MemoryDropped]));

        let transfer = test.start()?;
        test.complete(Err(ENXIO));
        let Err(WaitError::Failed(error, memory)) = transfer.wait(LONG) else {
            return Err(EIO);
        };
        assert!(error == ENXIO && test.saw(&[EngineDropped, StateDropped]));
        drop(memory);
        assert!(test.saw(&[MemoryDropped]));
        Ok(())
    }

    /// The end of another command does not end it.
    #[test]
    fn other_ends_are_ignored() -> Result {
        let test = Fixture::new(c"safe_dma_other")?;

        let transfer = test.start()?;
        test.complete_all([Some((1, Ok(()))), Some((u16::MAX, Err(EIO)))]);
        let Err(WaitError::InFlight(ETIMEDOUT, transfer)) = transfer.wait(LONG) else {
            return Err(EIO);
        };
        assert!(test.saw(&[Event::Wait]));

        test.complete_all([Some((0, Ok(()))), Some((1, Err(EIO)))]);
        mem::forget(transfer.wait(LONG)?);
        assert!(test.saw(&[EngineDropped, StateDropped]));
        Ok(())
    }

    #[test]
    fn timed_out_can_be_waited_for_again() -> Result {
        let test = Fixture::new(c"safe_dma_timed_out")?;

        let transfer = test.start()?;
        let Err(WaitError::InFlight(ETIMEDOUT, transfer)) = transfer.wait(LONG) else {
            return Err(EIO);
        };
        assert!(test.saw(&[Event::Wait]));
        let Err(WaitError::InFlight(ETIMEDOUT, transfer)) = transfer.wait(LONG) else {
            return Err(EIO);
        };
        assert!(test.saw(&[Event::Wait]));

        test.complete(Ok(()));
        mem::forget(transfer.wait(Delta::from_nanos(i64::MAX))?);
        assert!(test.saw(&[EngineDropped, StateDropped]));
        Ok(())
    }

    /// The error of an engine that does not wait is no timeout.
    #[test]
    fn wait_error_leaves_it_in_flight() -> Result {
        let test = Fixture::new(c"safe_dma_wait_error")?;

        let transfer = test.start()?;
        test.wait(ENODEV);
        let Err(WaitError::InFlight(ENODEV, transfer)) = transfer.wait(LONG) else {
            return Err(EIO);
        };
        assert!(test.saw(&[Event::Wait]));

        test.complete(Ok(()));
        mem::forget(transfer.wait(LONG)?);
        assert!(test.saw(&[EngineDropped, StateDropped]));
        Ok(())
    }

    /// A device that completes other commands again and again does not prolong the wait.
    #[test]
    fn time_is_up() -> Result {
        let test = Fixture::new(c"safe_dma_time_is_up")?;

        for timeout in [
            Delta::ZERO,
            Delta::from_millis(1),
            Delta::from_nanos(i64::MIN),
        ] {
            let transfer = test.start()?;
            test.complete_always(Some(1));
            let Err(WaitError::InFlight(ETIMEDOUT, transfer)) = transfer.wait(timeout) else {
                return Err(EIO);
            };
            test.complete_always(None);
            mem::forget(transfer);
            assert!(test.saw(&[]));
        }
        Ok(())
    }

    /// A completion is seen, even if there is no time to wait.
    #[test]
    fn no_time_to_wait() -> Result {
        let test = Fixture::new(c"safe_dma_no_time")?;

        let transfer = test.start()?;
        test.complete(Ok(()));
        mem::forget(transfer.wait(Delta::ZERO)?);
        assert!(test.saw(&[EngineDropped, StateDropped]));
        Ok(())
    }

    #[test]
    fn abort_returns_the_memory() -> Result {
        let test = Fixture::new(c"safe_dma_abort")?;

        let memory = test.start()?.abort()?;
        assert!(test.saw(&[Stop, EngineDropped, StateDropped]));
        drop(memory);
        assert!(test.saw(&[MemoryDropped]));
        Ok(())
    }

    #[test]
    fn abort_error_leaves_it_in_flight() -> Result {
        let test = Fixture::new(c"safe_dma_abort_error")?;

        let transfer = test.start()?;
        test.stop(Err(EBUSY));
        let Err(err) = transfer.abort() else {
            return Err(EIO);
        };
        assert!(err.error == EBUSY && test.saw(&[Stop]));

        // It may end on its own.
        test.complete(Ok(()));
        mem::forget(err.value.wait(LONG)?);
        assert!(test.saw(&[EngineDropped, StateDropped]));
        Ok(())
    }

    #[test]
    fn drop_aborts_once() -> Result {
        let test = Fixture::new(c"safe_dma_drop")?;

        drop(test.start()?);
        assert!(test.saw(&[Stop, MemoryDropped, EngineDropped, StateDropped]));
        Ok(())
    }

    /// The device may still use the memory, and what the engine and its states own: all must stay.
    #[test]
    fn drop_leaks_when_abort_fails() -> Result {
        let test = Fixture::new(c"safe_dma_leak")?;

        let transfer = test.start()?;
        test.stop(Err(EBUSY));
        drop(transfer);
        assert!(test.saw(&[Stop]));
        Ok(())
    }

    #[test]
    fn forgotten() -> Result {
        let test = Fixture::new(c"safe_dma_forget")?;

        mem::forget(test.start()?);
        assert!(test.saw(&[]));
        mem::forget(test.start()?.wait(LONG));
        assert!(test.saw(&[Event::Wait]));
        let transfer = test.start()?;
        test.stop(Err(EBUSY));
        mem::forget(transfer.abort());
        assert!(test.saw(&[Stop]));
        Ok(())
    }

    #[test]
    fn into_error() -> Result {
        let test = Fixture::new(c"safe_dma_into_error")?;

        test.prepare(Err(EBUSY));
        let memory = test.memory();
        let Err(err) = test.start_to_device(memory, 0..SIZE, 1) else {
            return Err(EIO);
        };
        assert!(Error::from(err) == EBUSY);
        assert!(test.saw(&[
            Read(START, SIZE, 1),
            EngineDropped,
            StateDropped,
            MemoryDropped
        ]));
        test.prepare(Ok(()));

        let Err(err) = test.start()?.wait(LONG) else {
            return Err(EIO);
        };
        assert!(Error::from(err) == ETIMEDOUT);
        assert!(test.saw(&[
            Event::Wait,
            Stop,
            MemoryDropped,
            EngineDropped,
            StateDropped
        ]));

        let transfer = test.start()?;
        test.complete(Err(ENXIO));
        let Err(err) = transfer.wait(LONG) else {
            return Err(EIO);
        };
        assert!(Error::from(err) == ENXIO);
        assert!(test.saw(&[EngineDropped, StateDropped, MemoryDropped]));

        // The device gets a second chance to stop.
        let transfer = test.start()?;
        test.stop(Err(EBUSY));
        let Err(err) = transfer.abort() else {
            return Err(EIO);
        };
        test.stop(Ok(()));
        assert!(Error::from(err) == EBUSY);
        assert!(test.saw(&[Stop, Stop, MemoryDropped, EngineDropped, StateDropped]));
        Ok(())
    }

    /// Memory for one direction is passed on for that direction.
    #[test]
    fn one_direction() -> Result {
        let test = Fixture::new(c"safe_dma_direction")?;

        let memory = test.memory_for::<ToDevice>();
        mem::forget(test.start_to_device(memory, 0..SIZE, 1)?);
        assert!(test.saw(&STARTED));
        let memory = test.memory_for::<FromDevice>();
        mem::forget(test.start_from_device(memory, 0..SIZE, 2)?);
        assert!(test.saw(&[Write(START, SIZE, 2), Issue(2), Commit]));
        Ok(())
    }
}
