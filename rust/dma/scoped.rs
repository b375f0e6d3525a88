// SPDX-License-Identifier: GPL-2.0

//! A mapping for the time of a closure: the buffer stays where it is kept.
//!
//! [`Mapping`] takes a buffer by value, and each step gives it back or keeps it. That is a burden
//! where a buffer is a field of something larger, and all transfers are waited for anyway.
//! [`with_mapping`] takes the buffer out of its place, and puts it back when the closure has
//! returned.
//!
//! # Why the place may be empty afterwards
//!
//! A device that is still at work when the closure returns would write to memory that is the CPU's.
//! So the closure is given no memory that it could put into a [`Transfer`] of its own, and then
//! forget that ([`core::mem::forget`]): it has a handle that starts a transfer, waits, and aborts
//! it before it returns.
//!
//! There remains the device that cannot be stopped. Then the memory must not come back, ever; but a
//! plain `&mut B` has something in it when the borrow ends, whatever happens. To wait until the
//! device stops could be to wait for ever, and to put another buffer in its place would hide that
//! what was to be sent or received is not there. So the place is an [`Option`]: it is empty if the
//! device has kept the buffer, and who goes on with it must look.
//!
//! All of this is done with values that are owned: no unsafe code is needed, and a handle, were it
//! forgotten or taken elsewhere, would do no harm.

use super::{
    buffer::Buffer,
    direction::{
        DeviceReads,
        DeviceWrites,
        Direction,
        Permits, //
    },
    streaming::{
        CpuAccess,
        Mapping, //
    },
    transfer::{
        Engine,
        StartError,
        Transfer,
        WaitError, //
    }, //
};
use core::ops::Range;
use kernel::{
    device::{
        Bound,
        Device, //
    },
    prelude::*,
    time::Msecs, //
};

/// A buffer that is mapped for the time of a closure; see [`with_mapping`].
pub struct ScopedMapping<'bound, B: Buffer, D: Direction> {
    /// [`None`] if a device has kept it.
    mapping: Option<Mapping<'bound, B, D>>,
}

impl<'bound, B: Buffer, D: Direction> ScopedMapping<'bound, B, D> {
    /// The mapping, to look at; [`None`] if the device has kept it.
    pub fn mapping(&self) -> Option<&Mapping<'bound, B, D>> {
        self.mapping.as_ref()
    }

    /// Lends the memory to the CPU, until the guard is dropped; [`None`] if the device has kept it.
    ///
    /// Does not sleep. C: see [`Mapping::sync_for_cpu`].
    pub fn sync_for_cpu(&mut self) -> Option<CpuAccess<'_, B::Target, D>> {
        self.mapping.as_mut().map(Mapping::sync_for_cpu)
    }

    /// Transfers the bytes of `range` from memory to the device, and waits for that, for `timeout`
    /// milliseconds at most. Sleeps.
    ///
    /// When this returns, the device is done with the memory, or keeps it for ever.
    ///
    /// # Errors
    ///
    /// - [`ETIMEDOUT`] if the time was up: the transfer was aborted then, and the memory is here;
    /// - [`EIO`] if that could not be done, or could not before: the memory is lost;
    /// - what the engine said; see [`StartError`] and [`WaitError`].
    pub fn read<E: Engine>(
        &mut self,
        engine: &E,
        range: Range<usize>,
        job: E::Job,
        timeout: Msecs,
    ) -> Result
    where
        D: DeviceReads,
    {
        self.transfer(timeout, |mapping| {
            Transfer::read(engine, mapping, range, job)
        })
    }

    /// Transfers the bytes of `range` from the device to memory, and waits for that, for `timeout`
    /// milliseconds at most. Sleeps.
    ///
    /// Errors are those of [`ScopedMapping::read`].
    pub fn write<E: Engine>(
        &mut self,
        engine: &E,
        range: Range<usize>,
        job: E::Job,
        timeout: Msecs,
    ) -> Result
    where
        D: DeviceWrites,
    {
        self.transfer(timeout, |mapping| {
            Transfer::write(engine, mapping, range, job)
        })
    }

    /// Has `start` start a transfer, and sees it to its end.
    fn transfer<E: Engine>(
        &mut self,
        timeout: Msecs,
        start: impl FnOnce(
            Mapping<'bound, B, D>,
        ) -> Result<
            Transfer<E, Mapping<'bound, B, D>>,
            StartError<Mapping<'bound, B, D>>,
        >,
    ) -> Result {
        let mapping = self.mapping.take().ok_or(EIO)?;

        let (mapping, result) = match start(mapping).map(|transfer| transfer.wait(timeout)) {
            Ok(Ok(mapping)) => (mapping, Ok(())),
            Ok(Err(WaitError::Failed(error, mapping))) => (mapping, Err(error)),
            Ok(Err(WaitError::TimedOut(transfer))) => match transfer.abort() {
                Ok(mapping) => (mapping, Err(ETIMEDOUT)),
                // Not dropped, which tries once more, and drops the memory if that succeeds.
                Err(err) => {
                    err.transfer.leak();
                    return Err(EIO);
                }
            },
            Err(StartError { error, memory }) => (memory, Err(error)),
        };

        self.mapping = Some(mapping);
        result
    }
}

/// Maps the buffer in `place` while `f` runs, and puts it back after that.
///
/// `place` is empty afterwards if the device could not be stopped, and then only; [why](self).
/// Whatever `f` returns is returned.
///
/// Does not sleep, unless `f` does.
///
/// # Errors
///
/// - [`EINVAL`] if there is nothing in `place`;
/// - [`EIO`] if the device has kept the buffer, and `f` returned no error;
/// - what `f` said; and if the buffer could not be mapped, see
///   [`MapError`](super::streaming::MapError): `f` was not called then.
///
/// C: `dma_map_single()`, `dma_unmap_single()`, `include/linux/dma-mapping.h`.
///
/// # Examples
///
/// ```
/// use kernel::{
///     device::{
///         Bound,
///         Device, //
///     },
///     prelude::*, //
/// };
/// use safe_dma::dma::{
///     direction::Bidirectional,
///     scoped::with_mapping,
///     transfer::Engine, //
/// };
///
/// struct Request {
///     id: u32,
///     data: Option<KVec<u8>>,
/// }
///
/// fn exchange<E: Engine>(
///     dev: &Device<Bound>,
///     engine: &E,
///     request: &mut Request,
///     out: E::Job,
///     back: E::Job,
/// ) -> Result {
///     with_mapping(dev, &mut request.data, Bidirectional, |mapping| {
///         mapping.read(engine, 0..64, out, 1000)?;
///         mapping.write(engine, 0..64, back, 1000)
///     })?;
///
///     let data = request.data.as_ref().ok_or(EIO)?;
///     pr_info!("request {}: answer begins with {:#x}\n", request.id, data[0]);
///     Ok(())
/// }
/// ```
pub fn with_mapping<'bound, B, D, R>(
    dev: &'bound Device<Bound>,
    place: &mut Option<B>,
    direction: D,
    f: impl FnOnce(&mut ScopedMapping<'bound, B, D>) -> Result<R>,
) -> Result<R>
where
    B: Buffer,
    D: Direction + Permits<B::Target>,
{
    let buffer = place.take().ok_or(EINVAL)?;

    let mut scoped = match Mapping::map(dev, buffer, direction) {
        Ok(mapping) => ScopedMapping {
            mapping: Some(mapping),
        },
        Err(err) => {
            *place = Some(err.buffer);
            return Err(err.error);
        }
    };

    let result = f(&mut scoped);
    *place = scoped.mapping.map(Mapping::unmap);

    if place.is_none() {
        return result.and(Err(EIO));
    }
    result
}

#[kunit_tests(safe_dma_scoped)]
mod tests {
    use super::*;
    use crate::dma::direction::ToDevice;
    use kernel::faux;

    /// What could not be mapped is in its place, and the closure has not seen it.
    #[test]
    fn device_without_dma() -> Result {
        let device = faux::Registration::new(c"safe_dma_no_scope", None)?;
        let faux: &faux::Device<Bound> = device.as_ref();
        let mut place = Some(KBox::new([0x5au8; 64], GFP_KERNEL)?);
        let mut called = false;

        let result: Result = with_mapping(faux.as_ref(), &mut place, ToDevice, |_| {
            called = true;
            Ok(())
        });
        assert!(result == Err(EIO));
        assert!(!called);
        assert!(place.is_some_and(|buffer| *buffer == [0x5a; 64]));
        Ok(())
    }

    #[test]
    fn nothing_in_place() -> Result {
        let device = faux::Registration::new(c"safe_dma_no_buffer", None)?;
        let faux: &faux::Device<Bound> = device.as_ref();
        let mut place: Option<KBox<u64>> = None;

        let result: Result = with_mapping(faux.as_ref(), &mut place, ToDevice, |_| Ok(()));
        assert!(result == Err(EINVAL));
        assert!(place.is_none());
        Ok(())
    }
}
