// SPDX-License-Identifier: GPL-2.0

//! Memory without a device, for unit tests.

use super::{
    super::request::Refused,
    memory::Memory, //
};
use crate::dma::{
    Bidirectional,
    CoherentMemory, //
};
use core::ops::Range;
use kernel::{
    dma::DmaAddress,
    io::PhysAddr,
    prelude::*, //
};

const SIZE: usize = 1000;

/// Memory that can be synced if `SYNCS`, and is shared otherwise.
pub(in crate::testdev) struct Bytes<const SYNCS: bool>([u8; SIZE]);

pub(in crate::testdev) type Mock = Bytes<true>;
pub(in crate::testdev) type Shared = Bytes<false>;

impl<const SYNCS: bool> Bytes<SYNCS> {
    pub(in crate::testdev) const SIZE: usize = SIZE;

    pub(in crate::testdev) const fn new() -> Self {
        Self([0; SIZE])
    }
}

impl<const SYNCS: bool> Memory for Bytes<SYNCS> {
    type RuntimeDirection = Bidirectional;
    type CpuOwned = Self;
    // Never created, because the tests have no engine.
    type Segment = CoherentMemory<'static, [u8]>;

    const HAS_SYNCS: bool = SYNCS;
    const IS_SHARED: bool = !SYNCS;

    fn dma(&self) -> DmaAddress {
        0
    }

    fn pages(&self, _show: &mut dyn FnMut(PhysAddr)) {}

    fn into_cpu(self) -> Result<Self, Self> {
        Ok(self)
    }

    fn into_device(owned: Self) -> Self {
        owned
    }

    fn write(owned: &mut Self, offset: usize, bytes: &[u8]) -> Result<(), Refused> {
        owned.0[offset..offset + bytes.len()].copy_from_slice(bytes);
        Ok(())
    }

    fn read(owned: &Self, offset: usize, bytes: &mut [u8]) -> Result<(), Refused> {
        bytes.copy_from_slice(&owned.0[offset..offset + bytes.len()]);
        Ok(())
    }

    fn segment(self, _range: Range<usize>) -> Result<(Self::Segment, Range<usize>), Self> {
        Err(self)
    }

    fn from_segment(_segment: Self::Segment) -> Self {
        Self::new()
    }
}
