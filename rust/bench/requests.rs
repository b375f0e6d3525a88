// SPDX-License-Identifier: GPL-2.0

//! The data of block requests.

use super::{
    by_hand_others,
    prelude::*, //
};
use core::cell::Cell;
use kernel::time::Msecs;
use safe_dma::block::{
    scope,
    Operations,
    QueueLimits,
    Refused,
    Request,
    RequestMapping,
    TagSet,
    Timeout,
    Transfer, //
};

/// Longer than the count takes.
const TIMEOUT: Msecs = 60_000;
const MAX_SEGMENTS: u16 = 32;

/// As a controller whose pages have 4 KiB, with a segment for each page.
const LIMITS: QueueLimits = QueueLimits {
    block_size: 512,
    // CAST: Small constants.
    max_sectors: (MAX_SEGMENTS as usize * PAGE_SIZE / 512) as u32,
    max_segments: MAX_SEGMENTS,
    max_segment_size: PAGE_SIZE as u32,
    virt_boundary_mask: 4095,
    dma_alignment: 3,
    write_cache: false,
    fua: false,
    max_discard_sectors: 0,
    max_write_zeroes_sectors: 0,
};

#[inline(never)]
fn library_request(dev: &Device<Bound>, request: Request) -> Result<Request> {
    match RequestMapping::map(dev, request) {
        Ok(mapping) => Ok(mapping.unmap()),
        Err(_) => Err(EIO),
    }
}

/// A disk that maps the data of each request, and does not move it.
struct Mapper<'a, 'bound> {
    bench: &'a Bench<'bound>,
    result: Cell<Result>,
}

// SAFETY: The disk has no sectors, so that `run()` alone sends requests, and waits for each. So one
// thread at a time accesses the value.
unsafe impl Send for Mapper<'_, '_> {}

// SAFETY: As for `Send`: one thread at a time accesses the value.
unsafe impl Sync for Mapper<'_, '_> {}

impl Mapper<'_, '_> {
    /// Maps the same request in C and with the library.
    fn map(&self, request: Request) -> Result {
        let dev = self.bench.dev();
        // CAST: From 32 bits to at least as many.
        let operation = Operation::new("request", request.bytes() as usize, 1);

        self.bench.series(operation, By::Hand, (), |()| {
            by_hand_others::request(dev, &request)
        })?;
        // Ends the request with an error.
        self.bench
            .series(operation, By::Library, request, |request| {
                library_request(dev, request)
            })
    }
}

impl Operations for Mapper<'_, '_> {
    fn queue_rq(&self, _queue: usize, request: Request, _last: bool) -> Result<(), Refused> {
        self.result.set(self.map(request));
        Ok(())
    }

    fn commit_rqs(&self, _queue: usize) {}

    fn timeout(&self, _queue: usize, _tag: u16, _again: bool) -> Timeout {
        Timeout::Wait
    }
}

pub(super) fn run(bench: &Bench<'_>) -> Result {
    scope(|registrations| {
        let tags = TagSet::new(1, 2, MAX_SEGMENTS, TIMEOUT, None)?;
        let mapper = Mapper {
            bench,
            result: Cell::new(Ok(())),
        };
        let disk = registrations.disk(bench.dev(), fmt!("bench"), &tags, LIMITS, 0, mapper)?;

        for size in [PAGE_SIZE, 128 << 10] {
            let mut data = KVec::from_elem(0u8, size, GFP_KERNEL)?;

            disk.execute(Transfer::In(&mut data))?;
            disk.data().result.get()?;
        }
        Ok(())
    })
}
