// SPDX-License-Identifier: GPL-2.0

//! A lifecycle with parameters: maps memory, syncs it, and unmaps it. With a pattern, its bytes are
//! also transferred and checked.

use super::super::{
    account::{
        Account,
        Charge, //
    },
    edu::BUFFER_SIZE,
    mapping::{
        self,
        AnyMapping,
        Made,
        Owner, //
    },
    operate::move_bytes,
    quiesce,
    request::{
        Dir,
        Kind,
        Refused,
        Request,
        To,
        Why, //
    },
    stats::Counted,
    target::Target, //
};
use kernel::prelude::*;

/// A mapping, counted until it is dropped.
struct Mapped<'bound> {
    // Fields are dropped in this order: the mapping is counted until it is unmapped.
    mapping: KBox<dyn AnyMapping<'bound> + 'bound>,
    _charge: Charge,
    _counted: Counted,
}

impl<'bound> Mapped<'bound> {
    fn new(target: &Target<'bound>, request: &Request) -> Result<Self, Refused> {
        let charge = Account::charge(&target.account, mapping::size(request)?)?;
        let Made { mapping, info } = quiesce::shared(|| mapping::make(target, request))?;

        Ok(Self {
            mapping,
            _charge: charge,
            _counted: Counted::new(&target.stats, info.bounced),
        })
    }

    /// Calls `f` with a new mapping, and unmaps it.
    fn with(
        target: &Target<'bound>,
        request: &Request,
        f: impl FnOnce(&mut Self) -> Result<(), Refused>,
    ) -> Result<(), Refused> {
        let mut mapped = Self::new(target, request)?;
        let result = f(&mut mapped);
        let aborted = match mapped.mapping.owner() {
            Owner::InFlight => mapped.mapping.abort(),
            _ => Ok(()),
        };

        quiesce::shared(|| drop(mapped));
        result?;
        aborted
    }

    /// Calls `f`; if the memory can be synced, the CPU owns it during the call.
    fn with_cpu<R>(
        &mut self,
        target: &Target<'bound>,
        f: impl FnOnce(&mut (dyn AnyMapping<'bound> + 'bound)) -> Result<R, Refused>,
    ) -> Result<R, Refused> {
        let synced = quiesce::shared(|| self.mapping.sync_for_cpu()).is_ok();
        let result = f(&mut *self.mapping);

        if synced {
            target.stats.synced();
            quiesce::shared(|| self.mapping.sync_for_device())?;
            target.stats.synced();
        }
        result
    }
}

/// Runs the lifecycle of the mapping in `request`. May sleep.
pub(super) fn run(target: &Target<'_>, request: &Request) -> Result<(), Refused> {
    let mut asked = *request;
    if dir_of(request) == Dir::FromDevice {
        // The device writes the bytes, so the memory is not filled.
        asked.pattern = None;
    }

    Mapped::with(target, &asked, |mapped| match request.pattern {
        Some(pattern) => through_device(target, mapped, request, pattern),
        None => mapped.with_cpu(target, |_| Ok(())),
    })
}

/// Returns the direction; shared memory is bidirectional.
fn dir_of(request: &Request) -> Dir {
    match request.kind() {
        Kind::Coherent | Kind::Pool => Dir::Bidirectional,
        _ => request.dir(),
    }
}

/// Copies the bytes through the device to other memory, or from there, or both, as the direction
/// allows.
fn through_device<'bound>(
    target: &Target<'bound>,
    mapped: &mut Mapped<'bound>,
    request: &Request,
    pattern: u32,
) -> Result<(), Refused> {
    let size = mapping::size(request)?;
    let dir = dir_of(request);
    let other = Request {
        kind: Some(Kind::Coherent),
        dir: None,
        // CAST: From at most 64 bits.
        size: Some(size as u64),
        offset: None,
        pattern: None,
        ..*request
    };

    Mapped::with(target, &other, |other| {
        if dir != Dir::FromDevice {
            copy(target, &mut mapped.mapping, &mut other.mapping, size)?;
            other.mapping.check(0..size, pattern)?;
        }
        if dir == Dir::ToDevice {
            return Ok(());
        }

        // Another pattern, so that unchanged memory is an error.
        let pattern = !pattern;

        other.mapping.fill(0..size, pattern)?;
        copy(target, &mut other.mapping, &mut mapped.mapping, size)?;
        match mapped.with_cpu(target, |mapping| mapping.check(0..size, pattern)) {
            // The CPU cannot access this memory, so the device reads it if the direction allows.
            Err(Refused {
                why: Why::Text(_),
                error: EOPNOTSUPP,
            }) if dir == Dir::Bidirectional => {
                other.mapping.fill(0..size, !pattern)?;
                copy(target, &mut mapped.mapping, &mut other.mapping, size)?;
                other.mapping.check(0..size, pattern)
            }
            Err(Refused {
                error: EOPNOTSUPP, ..
            }) => Ok(()),
            result => result,
        }
    })
}

/// Copies the bytes of a mapping to another one, through the device's buffer.
fn copy<'bound>(
    target: &Target<'bound>,
    from: &mut KBox<dyn AnyMapping<'bound> + 'bound>,
    to: &mut KBox<dyn AnyMapping<'bound> + 'bound>,
    size: usize,
) -> Result<(), Refused> {
    for start in (0..size).step_by(BUFFER_SIZE) {
        let part = start..size.min(start + BUFFER_SIZE);

        target.go_on()?;
        move_bytes(target, &mut **from, To::Device, part.clone())?;
        move_bytes(target, &mut **to, To::Memory, part)?;
    }
    Ok(())
}
