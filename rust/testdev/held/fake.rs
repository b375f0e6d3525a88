// SPDX-License-Identifier: GPL-2.0

//! Memory without a device, for unit tests.

use super::{
    super::request::Refused,
    memory::Memory, //
};
use crate::dma::{coherent::CoherentMemory, direction::Bidirectional};
use core::ops::Range;
use kernel::{
    dma::DmaAddress,
    io::PhysAddr,
    prelude::*, //
};

const SIZE: usize = 1000;

/// Memory that the CPU and the device own in turn, or both.
pub(in crate::testdev) struct Bytes<const TURNS: bool>([u8; SIZE]);

pub(in crate::testdev) type Fake = Bytes<true>;
pub(in crate::testdev) type Shared = Bytes<false>;

impl<const TURNS: bool> Bytes<TURNS> {
    pub(in crate::testdev) const SIZE: usize = SIZE;

    pub(in crate::testdev) const fn new() -> Self {
        Self([0; SIZE])
    }
}

impl<const TURNS: bool> Memory for Bytes<TURNS> {
    type Way = Bidirectional;
    type Turn = Self;
    // Never created: there is no engine.
    type Segment = CoherentMemory<'static, [u8]>;

    const HAS_TURNS: bool = TURNS;
    const IS_SHARED: bool = !TURNS;

    fn dma(&self) -> DmaAddress {
        0
    }

    fn pages(&self, _show: &mut dyn FnMut(PhysAddr)) {}

    fn into_cpu(self) -> Result<Self, Self> {
        Ok(self)
    }

    fn into_device(turn: Self) -> Self {
        turn
    }

    fn write(turn: &mut Self, offset: usize, bytes: &[u8]) -> Result<(), Refused> {
        turn.0[offset..offset + bytes.len()].copy_from_slice(bytes);
        Ok(())
    }

    fn read(turn: &Self, offset: usize, bytes: &mut [u8]) -> Result<(), Refused> {
        bytes.copy_from_slice(&turn.0[offset..offset + bytes.len()]);
        Ok(())
    }

    fn segment(self, _range: Range<usize>) -> Result<(Self::Segment, Range<usize>), Self> {
        Err(self)
    }

    fn from_segment(_segment: Self::Segment) -> Self {
        Self::new()
    }
}
