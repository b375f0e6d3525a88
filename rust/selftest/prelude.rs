// SPDX-License-Identifier: GPL-2.0

//! The names that most checks use.

pub(in crate::selftest) use super::{
    device_buffer::{
        fetch,
        load,
        JOB,
        TIMEOUT, //
    },
    direction_test::{
        DirectionTest,
        DATA,
        OTHER, //
    },
    evidence::{
        direction_name,
        fail,
        Evidence,
        Failure,
        Stop, //
    },
    ktap::Suite,
    pattern,
    place::Place,
    Context, //
};
pub(in crate::selftest) use crate::{
    dma::{
        buffer::Pages,
        buffer_pool::{
            BufferPool,
            CpuBuffer,
            DeviceBuffer,
            LocalBufferPool, //
        },
        coherent::CoherentMemory,
        direction::{
            Bidirectional,
            Direction,
            FromDevice,
            Permits,
            ToDevice, //
        },
        iova::{
            IovaBuilder,
            IovaMapping, //
        },
        limits,
        pages::{
            DevicePages,
            NoncontiguousPages, //
        },
        pool::DmaPool,
        resource::ResourceMapping,
        scoped::with_mapping,
        sg::{
            Scattered,
            SgMapping, //
        },
        streaming::{
            MapError,
            Mapping, //
        },
        transfer::{
            DeviceMemory,
            Transfer,
            WaitError, //
        }, //
    },
    testdev::{
        addresses::{
            phys_at,
            Number,
            Phys, //
        },
        edu::{
            Edu,
            Job,
            BUFFER_SIZE, //
        }, //
    }, //
};
pub(in crate::selftest) use core::ops::Range;
pub(in crate::selftest) use kernel::{
    alloc::Flags,
    device::{
        Bound,
        Device, //
    },
    dma::{
        attrs::*,
        Attrs,
        DataDirection,
        DmaAddress, //
    },
    fmt,
    io::{
        Io,
        PhysAddr, //
    },
    page::PAGE_SIZE,
    pci,
    prelude::*,
    ptr::Alignment,
    sync::Arc,
    time::{
        delay::fsleep,
        Delta,
        Msecs, //
    }, //
};

/// Returns empty attributes, for which mainline has no constant.
pub(in crate::selftest) fn no_attrs() -> Attrs {
    DMA_ATTR_NO_WARN & !DMA_ATTR_NO_WARN
}
