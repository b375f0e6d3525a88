// SPDX-License-Identifier: GPL-2.0

//! The time of operations on several processors at once. Only the ratio of library and C in the
//! same guest is meaningful.

use super::prelude::*;

/// The number of measurements of each implementation.
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

    // The first turn only fills the caches of the kernel, and is not printed.
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
