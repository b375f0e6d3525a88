// SPDX-License-Identifier: GPL-2.0

//! A descriptor that goes to the device and comes back, in a ring without a device.

use super::{
    by_hand_queue::{
        bench_descriptor,
        Ring,
        BENCH_OWNED, //
    },
    prelude::*, //
};
use crate::dma::{
    DescriptorRing,
    EntryFlag,
    FlaggedEntry, //
};
use core::{
    cell::Cell,
    mem::offset_of, //
};
use kernel::{
    dma::DmaAddress,
    transmute::{
        AsBytes,
        FromBytes, //
    }, //
};

const LEN: u16 = 32;
const SIZE: u32 = 1500;

/// `struct bench_descriptor`.
#[derive(Clone, Copy)]
#[repr(C)]
struct Descriptor {
    status: u32,
    options: u32,
    addr: u64,
}

// SAFETY: No padding, and none of the fields has.
unsafe impl AsBytes for Descriptor {}
// SAFETY: All fields are valid whatever their bytes are.
unsafe impl FromBytes for Descriptor {}

impl FlaggedEntry for Descriptor {
    const FLAG: EntryFlag = EntryFlag::le32(offset_of!(Descriptor, status), 31);
}

#[inline(never)]
fn library_post(ring: &mut DescriptorRing<'_, Descriptor>, addr: DmaAddress, len: u32) -> Result {
    ring.post(Descriptor {
        status: len,
        options: 0,
        addr,
    })?;
    Ok(())
}

#[inline(never)]
fn library_reap(ring: &mut DescriptorRing<'_, Descriptor>, len: &mut u32) -> Result {
    let (_, descriptor) = ring.reap().ok_or(EAGAIN)?;

    // The harness compares it with what is expected, as that of C.
    *len = descriptor
        .project(|descriptor| descriptor.status)
        .into_inner();
    Ok(())
}

/// The device: which descriptor it is done with next.
struct Device {
    descriptors: *mut bench_descriptor,
    index: Cell<u16>,
}

impl Device {
    /// Clears the owner bit of the next descriptor.
    fn finish(&self) -> Result {
        let index = self.index.get();

        // SAFETY: The ring has so many descriptors, and is not dropped before this.
        unsafe {
            let status = &raw mut (*self.descriptors.add(index.into())).status;
            status.write_volatile(status.read_volatile() & !BENCH_OWNED);
        }
        self.index.set((index + 1) % LEN);
        Ok(())
    }
}

pub(super) fn run(bench: &Bench<'_>) -> Result {
    let dev = bench.dev();
    let operation = Operation::new("ring", size_of::<Descriptor>(), 1);
    // Not constants in the library's functions, as they are none in those of C.
    let (addr, size) = core::hint::black_box((0, SIZE));

    let ring = Ring::new(dev, LEN)?;
    let device = Device {
        descriptors: ring.descriptors(),
        index: Cell::new(0),
    };
    bench.in_two(
        operation,
        By::Hand,
        (),
        |()| ring.post(addr, size),
        |_| device.finish(),
        |_| match ring.reap()? {
            SIZE => Ok(()),
            _ => Err(EIO),
        },
    )?;
    drop(ring);

    let mut ring = DescriptorRing::<Descriptor>::new(dev, LEN.into(), GFP_KERNEL)?;
    let device = Device {
        descriptors: ring.as_ptr().cast_mut().cast(),
        index: Cell::new(0),
    };
    bench.in_two(
        operation,
        By::Library,
        &mut ring,
        |ring| {
            library_post(ring, addr, size)?;
            Ok(ring)
        },
        |_| device.finish(),
        |ring| {
            let mut len = 0;

            library_reap(ring, &mut len)?;
            match len {
                SIZE => Ok(ring),
                _ => Err(EIO),
            }
        },
    )
}
