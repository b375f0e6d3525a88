// SPDX-License-Identifier: GPL-2.0

//! Several processors at once, in time. That says nothing by itself: what counts is one beside the other, in
//! the same guest, in turn.

use super::{
    by_hand::{
        self,
        memory, //
    },
    series::By, //
};
use crate::dma::{
    direction::ToDevice,
    streaming::Mapping, //
};
use kernel::{
    device::{
        Bound,
        Device, //
    },
    page::PAGE_SIZE,
    prelude::*, //
};

/// How often each has its turn.
const TURNS: usize = 7;

fn library(dev: &Device<Bound>, rounds: usize) -> Result {
    let mut memory = memory::<PAGE_SIZE>()?;

    for _ in 0..rounds {
        memory = Mapping::map(dev, memory, ToDevice)?.unmap();
    }
    Ok(())
}

fn hand(dev: &Device<Bound>, rounds: usize) -> Result {
    let mut memory = memory::<PAGE_SIZE>()?;

    for _ in 0..rounds {
        memory = by_hand::single::<ToDevice, PAGE_SIZE>(dev, memory)?;
    }
    Ok(())
}

pub(super) fn run(dev: &Device<Bound>, count: u32, rounds: usize) -> Result {
    let print = |by: By, turn: usize, taken: u64| {
        dev_info!(
            dev,
            "bench: threads={} by={} turn={} rounds={} ns={}\n",
            count,
            by,
            turn,
            rounds,
            taken
        );
    };

    // The first turn is not printed: caches of the kernel fill.
    for turn in 0..=TURNS {
        let taken = by_hand::threads(count, &|| hand(dev, rounds))?;
        if turn > 0 {
            print(By::Hand, turn, taken);
        }
        let taken = by_hand::threads(count, &|| library(dev, rounds))?;
        if turn > 0 {
            print(By::Library, turn, taken);
        }
    }
    Ok(())
}
