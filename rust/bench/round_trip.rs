// SPDX-License-Identifier: GPL-2.0

//! Transfers from map to unmap, without the time that the device takes.

#[path = "../samples/edu/engine.rs"]
mod engine;

use super::prelude::*;
use crate::dma::{
    Mapping,
    Transfer, //
};
use engine::{
    Channel,
    Edu, //
};
use kernel::time::{
    delay::fsleep,
    Delta, //
};

const SIZE: usize = 4096;

type Sent<'a, 'bound> = Transfer<Channel<'a>, Mapping<'bound, Memory<SIZE>, ToDevice>>;

#[inline(never)]
fn library_send<'a, 'bound>(
    bench: &Bench<'bound>,
    engine: &'a Edu<'bound>,
    memory: Memory<SIZE>,
) -> Result<Sent<'a, 'bound>> {
    let mapping = Mapping::map(bench.dev(), memory, ToDevice)?;

    Ok(Transfer::to_device(engine.channel(), mapping, 0..SIZE, ())?)
}

#[inline(never)]
fn library_sent(transfer: Sent<'_, '_>) -> Result<Memory<SIZE>> {
    Ok(transfer.wait(Delta::from_secs(1))?.unmap())
}

/// Waits longer than a transfer takes.
fn meanwhile<T>(_sent: &T) -> Result {
    fsleep(Delta::from_millis(150));
    Ok(())
}

pub(super) fn run(bench: &Bench<'_>) -> Result {
    let operation = Operation::new("round_trip", SIZE, 1);
    let registers = bench.registers();

    bench.in_two(
        operation,
        By::Hand,
        memory::<SIZE>()?,
        |memory| registers.send(memory),
        meanwhile,
        |sent| registers.sent(sent),
    )?;

    let engine = Edu::new(bench.pdev())?;
    bench.in_two(
        operation,
        By::Library,
        memory::<SIZE>()?,
        |memory| library_send(bench, &engine, memory),
        meanwhile,
        library_sent,
    )
}
