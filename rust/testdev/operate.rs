// SPDX-License-Identifier: GPL-2.0

//! Operations on named mappings.

use super::{
    edu::{
        Interrupt,
        Job,
        BUFFER_SIZE, //
    },
    mapping::{
        self,
        AnyMapping,
        Extent,
        Owner, //
    },
    quiesce,
    registry::Registry,
    request::{
        Irq,
        Op,
        Outcome,
        Refused,
        Request,
        To,
        Why,
        TIMEOUT, //
    },
    stats::Counted,
    target::Target, //
};
use core::ops::Range;
use kernel::{
    prelude::*,
    time::Delta, //
};

pub(super) const NO_ENGINE: Refused = Refused::because(EOPNOTSUPP, "the device has no engine");
pub(super) const GONE: Refused = Refused::because(ENODEV, "the driver is being unbound");

/// Runs a request on a registry of mappings. May sleep.
///
/// A refused request changes nothing; the caller reports it.
pub(crate) fn run<'bound>(
    target: &Target<'bound>,
    registry: &Registry<'bound>,
    request: &Request,
) -> Result<Outcome, Refused> {
    request
        .check()
        .and_then(|()| operate(target, registry, request))
        .inspect_err(|_| target.stats.failed())
}

fn operate<'bound>(
    target: &Target<'bound>,
    registry: &Registry<'bound>,
    request: &Request,
) -> Result<Outcome, Refused> {
    let name = request.name;

    match request.op {
        Op::Map => map(target, registry, request),
        Op::Unmap => quiesce::shared(|| registry.undo(name)).map(moved),
        Op::SyncForCpu => registry.with(name, |mapping, size| {
            quiesce::shared(|| mapping.sync_for_cpu())?;
            target.stats.synced();
            Ok(moved(size))
        }),
        Op::SyncForDevice => registry.with(name, |mapping, size| {
            quiesce::shared(|| mapping.sync_for_device())?;
            target.stats.synced();
            Ok(moved(size))
        }),
        Op::Fill => registry.with(name, |mapping, size| {
            let (range, pattern) = with_pattern(request, size)?;

            mapping.fill(range.clone(), pattern)?;
            Ok(moved(range.len()))
        }),
        Op::Check => registry.with(name, |mapping, size| {
            let (range, pattern) = with_pattern(request, size)?;

            mapping.check(range.clone(), pattern)?;
            Ok(moved(range.len()))
        }),
        Op::Transfer => registry.with(name, |mapping, size| {
            transfer(
                target,
                mapping,
                &How::of(request),
                of_transfer(request, size)?,
            )
        }),
        Op::Start => registry.with(name, |mapping, size| {
            let range = of_transfer(request, size)?;

            start(target, mapping, &How::of(request), range, 0, Extent::All).map(moved)
        }),
        Op::Wait => registry.with(name, |mapping, size| {
            wait(target, mapping, request.timeout())?;
            Ok(moved(size))
        }),
        Op::Abort => registry.with(name, |mapping, size| {
            mapping.abort()?;
            Ok(moved(size))
        }),
    }
}

fn moved(bytes: usize) -> Outcome {
    Outcome {
        dma_address: None,
        bytes,
    }
}

fn map<'bound>(
    target: &Target<'bound>,
    registry: &Registry<'bound>,
    request: &Request,
) -> Result<Outcome, Refused> {
    let size = mapping::size(request)?;
    let info = registry.add(request.name, size, || {
        let made = quiesce::shared(|| mapping::make(target, request))?;
        let counted = Counted::new(&target.stats, made.info.bounced);

        Ok((made, counted))
    })?;

    Ok(Outcome {
        dma_address: Some(info.dma),
        bytes: size,
    })
}

/// Returns the range of a request in a mapping of `mapped` bytes; by default, at most `most` bytes.
fn range(request: &Request, mapped: usize, most: usize) -> Result<Range<usize>, Refused> {
    // CAST: From at most 64 bits.
    let end = mapped as u64;
    let offset = request.offset();
    let size = match request.size {
        Some(size) => size,
        None => end.saturating_sub(offset).min(most as u64),
    };

    match offset.checked_add(size) {
        // CAST: Within the mapping.
        Some(last) if size != 0 && last <= end => Ok(offset as usize..last as usize),
        _ => Err(Refused::new(EINVAL, Why::Beyond(offset, size, mapped))),
    }
}

fn with_pattern(request: &Request, mapped: usize) -> Result<(Range<usize>, u32), Refused> {
    // `check()` has ensured that a pattern is given.
    Ok((
        range(request, mapped, usize::MAX)?,
        request.pattern.unwrap_or(0),
    ))
}

fn of_transfer(request: &Request, mapped: usize) -> Result<Range<usize>, Refused> {
    range(request, mapped, BUFFER_SIZE)
}

/// Parameters of a transfer.
struct How {
    to: To,
    irq: Irq,
    timeout: u32,
}

impl How {
    fn of(request: &Request) -> Self {
        Self {
            // `check()` has ensured that a destination is given.
            to: request.to.unwrap_or(To::Device),
            irq: request.irq.unwrap_or(Irq::Normal),
            timeout: request.timeout(),
        }
    }
}

/// Starts a transfer of bytes of `range`, to or from offset `at` of the device's buffer; returns
/// their number.
fn start<'bound>(
    target: &Target<'bound>,
    mapping: &mut (dyn AnyMapping<'bound> + 'bound),
    how: &How,
    range: Range<usize>,
    at: usize,
    extent: Extent,
) -> Result<usize, Refused> {
    let engine = target.engine.as_ref().ok_or(NO_ENGINE)?;
    let len = mapping.start(engine, how.to, range, extent, job(at, how.irq))?;

    target.stats.transferred(len);
    Ok(len)
}

/// Returns the job of a transfer at `offset` in the device's buffer.
fn job(offset: usize, irq: Irq) -> Job {
    Job {
        offset,
        interrupt: match irq {
            Irq::Normal => Interrupt::Once,
            Irq::None => Interrupt::Never,
            Irq::Twice => Interrupt::Twice,
        },
    }
}

/// Waits for the transfer; returns [`GONE`] for any failure while the driver is being unbound.
fn wait<'bound>(
    target: &Target<'bound>,
    mapping: &mut (dyn AnyMapping<'bound> + 'bound),
    timeout: u32,
) -> Result<(), Refused> {
    mapping
        .wait(Delta::from_millis(timeout.into()))
        .map_err(|refused| if target.is_closed() { GONE } else { refused })
}

/// Transfers the bytes of `range`, one piece that is contiguous for the device at a time.
fn transfer<'bound>(
    target: &Target<'bound>,
    mapping: &mut (dyn AnyMapping<'bound> + 'bound),
    how: &How,
    range: Range<usize>,
) -> Result<Outcome, Refused> {
    let mut first = range.start;

    while first < range.end {
        let at = first - range.start;

        first += start(target, mapping, how, first..range.end, at, Extent::First)?;
        if let Err(refused) = wait(target, mapping, how.timeout) {
            // Unless the device has failed, the transfer is still in flight.
            if mapping.owner() == Owner::InFlight {
                mapping.abort()?;
            }
            return Err(refused);
        }
    }
    Ok(moved(range.len()))
}

/// Transfers the bytes of `range` to or from the start of the device's buffer. Sleeps.
pub(super) fn move_bytes<'bound>(
    target: &Target<'bound>,
    mapping: &mut (dyn AnyMapping<'bound> + 'bound),
    to: To,
    range: Range<usize>,
) -> Result<(), Refused> {
    let how = How {
        to,
        irq: Irq::Normal,
        timeout: TIMEOUT,
    };

    transfer(target, mapping, &how, range).map(drop)
}
