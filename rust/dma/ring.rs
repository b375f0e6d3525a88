// SPDX-License-Identifier: GPL-2.0

//! Rings of entries in coherent memory, which the CPU and a device own in turn.
//!
//! Three kinds cover most devices:
//!
//! | ring | entries go | mark of a new entry | model |
//! | --- | --- | --- | --- |
//! | [`SubmissionRing`] | to the device | a tail that the driver writes to a doorbell | NVMe submission queue |
//! | [`CompletionRing`] | to the CPU | a phase bit in the entry, which flips each round | NVMe completion queue |
//! | [`DescriptorRing`] | to the device and back | an owner bit in the entry | network devices |
//!
//! A ring orders its accesses by barriers, and wraps its indexes around. It has no lock: `&mut`
//! proves that one context uses an end. The constructors and the drop of a ring, which allocate and
//! free its memory, may sleep; nothing else does.
//!
//! Not for rings in memory of the device. A device that reports its progress as an index in memory
//! needs only [`SubmissionRing`] and that index.
//!
//! # Untrusted devices
//!
//! A ring keeps and checks its own indexes, and returns the device's bytes as [`Untrusted`]. If the
//! device returns no entry, a ring stays full or empty. A flag in an entry that the device does not
//! own has no effect, since the CPU reads only the flag of the next entry.
//!
//! There is never a reference to the memory. An entry with a flag is copied by volatile accesses to
//! its words; one of a [`SubmissionRing`] by a plain write, which the doorbell orders. A copy that
//! is made while the device writes can be torn. A device that keeps to the protocol writes nothing
//! after the flag, which is read first. The bytes of any other device are untrusted, and valid for
//! the type, which is [`FromBytes`].
//!
//! # Safety
//!
//! Writing an entry is safe, like all writes of plain bytes to coherent memory, although the device
//! then accesses the memory that it describes. The promise that it may do so is made where an
//! address leaves the library, at [`Address::as_raw`](super::Address::as_raw): that of a buffer in
//! an entry, and that of the ring, which must be kept until the device has stopped using it. An
//! [`Engine`](super::Engine) that owns its rings keeps them while a command is in flight.
//!
//! # Byte order
//!
//! The driver converts the fields of its entries with `to_le()`, `from_le()` and so on.
//! [`EntryFlag`] names the byte order of the word with the flag.
//!
//! [`FromBytes`]: kernel::transmute::FromBytes
//! [`Untrusted`]: super::Untrusted

mod completion;
mod descriptor;
mod entries;
mod submission;

pub use self::{
    completion::CompletionRing,
    descriptor::DescriptorRing,
    entries::{
        EntryFlag,
        FlaggedEntry, //
    },
    submission::SubmissionRing, //
};

mod tests;
