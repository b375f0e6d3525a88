// SPDX-License-Identifier: GPL-2.0

//! Commands, and their completions.

use super::data_pointer::DataPointer;
use core::mem::offset_of;
use safe_dma::{
    block::Status,
    dma::{
        EntryFlag,
        FlaggedEntry,
        Untrusted, //
    }, //
};

safe_dma::plain_struct! {
    /// An entry of a submission ring. All numbers are little-endian.
    pub(crate) struct Command {
        opcode: u8,
        /// PSDT is [`SGL`] or 0; FUSE is 0.
        flags: u8,
        id: u16,
        namespace: u32,
        _reserved: [u32; 2],
        _metadata: u64,
        /// DPTR: PRP 1 and PRP 2, or an SGL descriptor.
        pointer: [u64; 2],
        /// CDW10 to CDW15.
        parameters: [u32; 6],
    }
}

safe_dma::plain_struct! {
    /// An entry of a completion ring. All numbers are little-endian.
    pub(crate) struct Completion {
        /// Dword 0.
        result: u32,
        _reserved: u32,
        /// SQHD, which is not needed: see `Queue::issue()`.
        _head: u16,
        /// SQID.
        queue: u16,
        id: u16,
        /// Bit 0 is the phase.
        status: u16,
    }
}

const _: () = assert!(size_of::<Command>() == 64 && size_of::<Completion>() == 16);

impl FlaggedEntry for Completion {
    const FLAG: EntryFlag = EntryFlag::le16(offset_of!(Completion, status), 0);
}

/// What the controller reports of a command.
pub(crate) struct Report {
    /// Without the phase; 0 is success.
    pub(crate) status: u16,
    pub(crate) result: Untrusted<u32>,
}

/// Returns the identifier of the command that completed in the ring of `queue`, and its report.
///
/// For an entry that names another queue, the identifier is one that is never in flight: no queue
/// has so many tags.
#[inline]
pub(crate) fn completion(entry: Untrusted<Completion>, queue: u16) -> (Untrusted<u16>, Report) {
    let named = entry.project(|entry| u16::from_le(entry.queue));
    let id = match named.into_inner() == queue {
        true => entry.project(|entry| u16::from_le(entry.id)),
        false => Untrusted::new(u16::MAX),
    };
    let status = entry.project(|entry| u16::from_le(entry.status) >> 1);
    let result = entry.project(|entry| u32::from_le(entry.result));

    // A status is only compared, never used as an index.
    let status = status.into_inner();
    (id, Report { status, result })
}

/// Opcodes of admin commands.
#[derive(Clone, Copy)]
#[repr(u8)]
pub(crate) enum AdminOpcode {
    CreateSubmissionQueue = 0x01,
    CreateCompletionQueue = 0x05,
    Identify = 0x06,
    Abort = 0x08,
    SetFeatures = 0x09,
}

/// Opcodes of I/O commands.
#[derive(Clone, Copy)]
#[repr(u8)]
pub(crate) enum IoOpcode {
    Flush = 0x00,
    Write = 0x01,
    Read = 0x02,
    WriteZeroes = 0x08,
    DatasetManagement = 0x09,
}

/// FUA, in CDW12: the data is on the medium when the command completes.
pub(crate) const FORCE_UNIT_ACCESS: u32 = 1 << 30;
/// PSDT, in the flags: the data pointer is an SGL descriptor.
const SGL: u8 = 1 << 6;
/// AD, in CDW11 of [`IoOpcode::DatasetManagement`].
const DEALLOCATE: u32 = 1 << 2;

/// The data of a command.
#[derive(Clone, Copy)]
pub(crate) enum Data {
    /// So many bytes, in the direction of the opcode. There are none if it has no direction.
    Bytes(u32),
    /// A list of one range of blocks, which the controller reads: the first, and their number.
    Blocks(u64, u32),
    /// The address of the ring that the command creates. 0 for a command without data.
    Ring(u64),
}

/// A command without its identifier and the addresses of its data.
#[derive(Clone, Copy)]
pub(crate) struct Job {
    opcode: u8,
    namespace: u32,
    /// CDW10 to CDW12. The others are 0.
    parameters: [u32; 3],
    data: Data,
}

impl Job {
    /// Creates a command for the admin queue.
    pub(crate) fn admin(opcode: AdminOpcode, namespace: u32, [a, b]: [u32; 2], data: Data) -> Self {
        Self {
            // CAST: The discriminant.
            opcode: opcode as u8,
            namespace,
            parameters: [a, b, 0],
            data,
        }
    }

    /// Creates a command for a namespace, with so many bytes of data.
    #[inline]
    pub(crate) fn io(opcode: IoOpcode, namespace: u32, parameters: [u32; 3], size: u32) -> Self {
        Self {
            // CAST: As above.
            opcode: opcode as u8,
            namespace,
            parameters,
            data: Data::Bytes(size),
        }
    }

    /// Creates a command that discards a range of blocks.
    pub(crate) fn discard(namespace: u32, first: u64, count: u32) -> Self {
        Self {
            // CAST: As above.
            opcode: IoOpcode::DatasetManagement as u8,
            namespace,
            // NR, in CDW10, is zero-based: one range.
            parameters: [0, DEALLOCATE, 0],
            data: Data::Blocks(first, count),
        }
    }

    /// Returns the data, whether the controller reads it, and whether the controller writes it.
    ///
    /// Bits 1 and 0 of every opcode are the direction: 01 to the controller, 10 from it, 00 none.
    #[inline]
    pub(crate) fn data(&self) -> (Data, bool, bool) {
        (self.data, self.opcode & 1 != 0, self.opcode & 2 != 0)
    }
}

impl Command {
    /// Creates an entry.
    #[inline]
    pub(crate) fn new(id: u16, job: &Job, pointer: DataPointer) -> Self {
        let [a, b, c] = job.parameters.map(u32::to_le);
        let (flags, pointer) = match pointer {
            DataPointer::Prps(pointer) => (0, pointer),
            DataPointer::Sgl(pointer) => (SGL, pointer),
        };

        Self {
            opcode: job.opcode,
            flags,
            id: id.to_le(),
            namespace: job.namespace.to_le(),
            _reserved: [0; 2],
            _metadata: 0,
            pointer: pointer.map(u64::to_le),
            parameters: [a, b, c, 0, 0, 0],
        }
    }
}

/// The bit of a status which says that the command would fail again.
pub(crate) const DO_NOT_RETRY: u16 = 1 << 14;

/// Returns the status of a request for that of a command, without its phase.
///
/// C: `nvme_error_status()`, [`drivers/nvme/host/core.c`](srctree/drivers/nvme/host/core.c).
pub(crate) fn status(status: u16) -> Status {
    match status & 0x7ff {
        0x000 => Status::OK,
        // Opcode, field, namespace, attributes.
        0x001 | 0x002 | 0x00b | 0x180 => Status::NOTSUPP,
        0x081 => Status::NOSPC,
        0x083 => Status::RESV_CONFLICT,
        0x370 => Status::TRANSPORT,
        // Interrupted, range, not ready.
        0x021 | 0x080 | 0x082 => Status::TARGET,
        // Write fault, unrecovered read, compare, access, deallocated block, read only.
        0x280 | 0x281 | 0x285..=0x287 | 0x182 => Status::MEDIUM,
        0x181 | 0x282..=0x284 => Status::PROTECTION,
        _ => Status::IOERR,
    }
}

mod tests;
