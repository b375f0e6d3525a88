// SPDX-License-Identifier: GPL-2.0

use kernel::prelude::*;

#[kunit_tests(rust_nvme_completion)]
mod completion {
    use super::super::*;
    use crate::nvme::{
        controller::DEPTH,
        queue::Queue, //
    };
    use safe_dma::dma::Engine;

    fn entry(queue: u16, id: u16, status: u16) -> Untrusted<Completion> {
        Untrusted::new(Completion {
            result: 0x1234_5678u32.to_le(),
            _reserved: 0,
            _head: 0,
            queue: queue.to_le(),
            id: id.to_le(),
            status: status.to_le(),
        })
    }

    #[test]
    fn of_its_queue() {
        let (id, report) = completion(entry(3, 0x2007, 0x4281 << 1 | 1), 3);

        assert_eq!(id.into_inner(), 0x2007);
        assert_eq!(report.status, 0x4281);
        assert_eq!(report.result.into_inner(), 0x1234_5678);
        assert!(status(report.status) == Status::MEDIUM);
    }

    #[test]
    fn of_another_queue() {
        for (named, queue) in [(0, 1), (1, 0), (2, 1), (0x100, 1), (u16::MAX, 1)] {
            for id in [0, 1, 0x1001, u16::MAX] {
                let (id, _) = completion(entry(named, id, 1), queue);
                let tag = id.into_inner() & ((1 << Queue::TAG_BITS) - 1);

                assert!(tag >= DEPTH);
            }
        }
    }

    /// C: `nvme_error_status()`, [`drivers/nvme/host/core.c`](srctree/drivers/nvme/host/core.c).
    #[test]
    fn statuses() {
        // Whatever the bits above the code and its type are.
        for upper in [0, 0x0800, 0x1000, DO_NOT_RETRY, 0x7800] {
            for (code, expected) in [
                (0x000, Status::OK),
                (0x001, Status::NOTSUPP),
                (0x007, Status::IOERR),
                (0x00b, Status::NOTSUPP),
                (0x081, Status::NOSPC),
                (0x082, Status::TARGET),
                (0x083, Status::RESV_CONFLICT),
                (0x180, Status::NOTSUPP),
                (0x181, Status::PROTECTION),
                (0x182, Status::MEDIUM),
                (0x280, Status::MEDIUM),
                (0x281, Status::MEDIUM),
                (0x282, Status::PROTECTION),
                (0x284, Status::PROTECTION),
                (0x285, Status::MEDIUM),
                (0x287, Status::MEDIUM),
                (0x288, Status::IOERR),
                (0x370, Status::TRANSPORT),
                (0x7ff, Status::IOERR),
            ] {
                assert!(status(code | upper) == expected);
            }
        }
    }
}
