// SPDX-License-Identifier: GPL-2.0

//! The names that most checks use.

pub(in crate::selftest) use super::{
    device_buffer::{
        fetch,
        load,
        JOB,
        SOON,
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
        limits,
        Bidirectional,
        BufferPool,
        CoherentMemory,
        CpuBuffer,
        DeviceBuffer,
        DevicePages,
        Direction,
        ErrorWith,
        FromDevice,
        IovaBuilder,
        IovaMapping,
        Mapping,
        Memory,
        NoncontiguousPages,
        Pages,
        Permits,
        Pool,
        ResourceMapping,
        ScatterBuffer,
        SgMapping,
        ToDevice,
        Transfer,
        WaitError, //
    },
    testdev::{
        addresses::{
            phys_at,
            Number,
            Phys, //
        },
        edu::{
            Channel,
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
        Delta, //
    }, //
};

/// Returns empty attributes, for which mainline has no constant.
pub(in crate::selftest) fn no_attrs() -> Attrs {
    DMA_ATTR_NO_WARN & !DMA_ATTR_NO_WARN
}
