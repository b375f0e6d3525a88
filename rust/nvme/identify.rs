// SPDX-License-Identifier: GPL-2.0

//! What controller and namespaces report of themselves. All of it is untrusted.

use super::{
    admin::{
        AdminQueue,
        SIZE, //
    },
    command::{
        AdminOpcode,
        Data,
        Job, //
    },
    data_pointer::PAGE, //
};
use kernel::{
    prelude::*,
    time::Delta, //
};

// CNS, in CDW10 of Identify.
const NAMESPACE: u32 = 0;
const CONTROLLER: u32 = 1;
const ACTIVE_NAMESPACES: u32 = 2;

/// What the driver needs of a controller.
pub(crate) struct ControllerInfo {
    /// MDTS: the data of a command has at most `1 << max_data` pages. 0 for no limit.
    pub(crate) max_data: u8,
    pub(crate) write_cache: bool,
    pub(crate) discard: bool,
    pub(crate) write_zeroes: bool,
    /// Commands of a namespace may have SGL descriptors.
    pub(crate) sgls: bool,
    /// How long it takes to shut down, at most.
    pub(crate) shutdown: Delta,
}

/// What the driver needs of a namespace.
pub(crate) struct NamespaceInfo {
    /// The number of blocks.
    pub(crate) blocks: u64,
    /// The size of a block in bytes, as a power of two.
    pub(crate) block_shift: u32,
}

/// The bytes that a command has read.
struct Bytes(KBox<[u8; SIZE]>);

impl Bytes {
    fn read(admin: &mut AdminQueue<'_>, cns: u32, namespace: u32) -> Result<Self> {
        let mut bytes = Self(KBox::new([0; SIZE], GFP_KERNEL)?);

        let data = Data::Bytes(PAGE as u32);
        let command = Job::admin(AdminOpcode::Identify, namespace, [cns, 0], data);
        admin.read(command, &mut bytes.0)?;
        Ok(bytes)
    }

    /// Returns the little-endian number of `N` bytes at `offset`.
    fn number<const N: usize>(&self, offset: usize) -> Result<u64> {
        let bytes = self.0.get(offset..).and_then(|rest| rest.get(..N));

        Ok(bytes
            .ok_or(EINVAL)?
            .iter()
            .rev()
            .fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }
}

/// Identifies the controller. Sleeps.
pub(crate) fn controller(admin: &mut AdminQueue<'_>) -> Result<ControllerInfo> {
    let bytes = Bytes::read(admin, CONTROLLER, 0)?;
    // ONCS.
    let optional = bytes.number::<2>(520)?;

    Ok(ControllerInfo {
        // MDTS. CAST: A byte.
        max_data: bytes.number::<1>(77)? as u8,
        // VWC.
        write_cache: bytes.number::<1>(525)? & 1 != 0,
        discard: optional & 1 << 2 != 0,
        write_zeroes: optional & 1 << 3 != 0,
        // SGLS: 1 for data of any alignment, 2 for data that is aligned to 4 bytes. `dma_alignment`
        // in `namespace.rs` asks for that.
        sgls: matches!(bytes.number::<4>(536)? & 3, 1 | 2),
        // RTD3E, in microseconds. CAST: Clamped.
        shutdown: Delta::from_secs(bytes.number::<4>(88)?.div_ceil(1_000_000).clamp(5, 60) as i64),
    })
}

/// Returns the numbers of the namespaces, at most `max`. Sleeps.
pub(crate) fn namespaces(admin: &mut AdminQueue<'_>, max: usize) -> Result<KVec<u32>> {
    let bytes = Bytes::read(admin, ACTIVE_NAMESPACES, 0)?;
    let mut found = KVec::new();

    for offset in (0..SIZE).step_by(4).take(max) {
        match bytes.number::<4>(offset)? {
            0 => break,
            // They ascend: there is one disk for each.
            number if found.last().is_some_and(|last| u64::from(*last) >= number) => break,
            // CAST: Four bytes.
            number => found.push(number as u32, GFP_KERNEL)?,
        }
    }
    Ok(found)
}

/// Identifies a namespace. Sleeps.
///
/// # Errors
///
/// [`EOPNOTSUPP`] for a format that the driver does not have: metadata, or blocks of less than 512
/// bytes or more than a page.
pub(crate) fn namespace(admin: &mut AdminQueue<'_>, number: u32) -> Result<NamespaceInfo> {
    let bytes = Bytes::read(admin, NAMESPACE, number)?;
    // FLBAS: bits 6:5 are the upper bits of the format's number, as for `nvme_lbaf_index()` of C.
    // CAST: Less than 64.
    let flbas = bytes.number::<1>(26)?;
    let format = (flbas & 0xf | flbas >> 1 & 0x30) as usize;
    // Its LBAF: MS, the size of metadata, in 16 bits, and above it LBADS. CAST: A byte.
    let format = bytes.number::<4>(128 + 4 * format)?;
    let block_shift = (format >> 16) as u32 & 0xff;

    if format & 0xffff != 0 || !(9..=12).contains(&block_shift) {
        return Err(EOPNOTSUPP);
    }
    Ok(NamespaceInfo {
        // NSZE.
        blocks: bytes.number::<8>(0)?,
        block_shift,
    })
}
