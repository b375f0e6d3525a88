// SPDX-License-Identifier: GPL-2.0

//! DMA to a register of another device.

use crate::{
    selftest::{
        prelude::*,
        resource::{
            map,
            mapped,
            unmapped,
            NUMBERS, //
        }, //
    },
    testdev::{
        edu::OpenRegister,
        regs::COMPUTING, //
    }, //
};

/// The maximum number of polls: the other device computes in a thread of the host.
const POLLS: usize = 100_000;

/// Lets the device read a register of another device; returns the value.
fn read<'a>(
    ctx: &Context<'_>,
    register: ResourceMapping<'a, ToDevice>,
) -> Result<(ResourceMapping<'a, ToDevice>, u32), Stop> {
    let mut seen = [0; size_of::<u32>()];

    let register =
        Transfer::to_device(ctx.edu()?.channel(), register, 0..seen.len(), JOB)?.wait(TIMEOUT)?;
    fetch(ctx, &mut seen)?;
    Ok((register, u32::from_le_bytes(seen)))
}

/// Lets the device write numbers to a register of another device, and read the results.
pub(super) fn check(ctx: &Context<'_>, other: &pci::Device<Bound>) -> Result<Evidence, Stop> {
    let register = |register: OpenRegister| {
        // SAFETY: `with()` keeps this driver bound to the device, an `edu`, until this returns.
        unsafe { register.of(other) }
    };
    let registers = register(OpenRegister::Factorial)?;
    let size = OpenRegister::Factorial.range().len();
    if other.resource_start(0)? == ctx.pdev.resource_start(0)? {
        return fail("both devices have the same registers");
    }

    let status = register(OpenRegister::Status)?;
    let mut number_to = map(ctx, registers, FromDevice)?;
    let mut factorial_from = map(ctx, registers, ToDevice)?;
    let mut status_from = map(ctx, status, ToDevice)?;
    let evidence = mapped(ctx, &number_to, "the other device computed the factorial")?;
    let its_factorial = mapped(ctx, &factorial_from, "")?;
    let its_status = mapped(ctx, &status_from, "")?;

    for (number, expected) in NUMBERS {
        load(ctx, &number.to_le_bytes())?;
        number_to =
            Transfer::from_device(ctx.edu()?.channel(), number_to, 0..size, JOB)?.wait(TIMEOUT)?;

        let mut polls = 0;
        loop {
            let (mapping, status) = read(ctx, status_from)?;

            status_from = mapping;
            if status & COMPUTING == 0 {
                break;
            }
            polls += 1;
            if polls == POLLS {
                return fail("the other device does not end its computation");
            }
        }

        let (mapping, factorial) = read(ctx, factorial_from)?;
        factorial_from = mapping;
        if factorial != expected {
            return fail("the other device has not computed the factorial");
        }
    }
    drop((number_to, factorial_from, status_from));
    unmapped(ctx, its_factorial)?;
    unmapped(ctx, its_status)?;
    unmapped(ctx, evidence)
}
