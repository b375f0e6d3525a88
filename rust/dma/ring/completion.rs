// SPDX-License-Identifier: GPL-2.0

//! Entries for the CPU, with a phase bit.

use super::entries::{
    impl_memory,
    Entries,
    FlaggedEntry, //
};
use crate::dma::Untrusted;
use kernel::{
    alloc::Flags,
    device::{
        Bound,
        Device, //
    },
    prelude::*, //
};

/// A ring that the device writes and the driver reads, with a phase bit in each entry.
///
/// The memory is zeroed. In its first round the device sets the flag of the entries that it writes,
/// in the second round it clears it, and so on. The flag thus marks an entry as new. The device
/// writes the word with the flag last, or the whole entry at once.
///
/// C: `nvme_cqe_pending()`, `nvme_poll_cq()`,
/// [`drivers/nvme/host/pci.c`](srctree/drivers/nvme/host/pci.c).
///
/// # Examples
///
/// ```
/// use kernel::io::{
///     Io,
///     Mmio,
///     Region, //
/// };
/// use safe_dma::dma::{
///     CompletionRing,
///     EntryFlag,
///     FlaggedEntry,
///     Untrusted, //
/// };
///
/// safe_dma::plain_struct! {
///     struct Completion {
///         result: u32,
///         command_id: u16,
///         /// Bit 0 is the phase.
///         status: u16,
///     }
/// }
///
/// impl FlaggedEntry for Completion {
///     const FLAG: EntryFlag = EntryFlag::le16(core::mem::offset_of!(Completion, status), 0);
/// }
///
/// /// Handles all completions, and gives their entries back to the device.
/// fn poll(
///     ring: &mut CompletionRing<'_, Completion>,
///     registers: Mmio<'_, Region<0x2000>>,
///     mut handle: impl FnMut(Untrusted<u16>),
/// ) {
///     while let Some(completion) = ring.pop() {
///         handle(completion.project(|completion| u16::from_le(completion.command_id)));
///     }
///     registers.write32(ring.head().into(), 0x1004);
/// }
/// ```
///
/// # Invariants
///
/// `head` is less than the length.
pub struct CompletionRing<'bound, E: FlaggedEntry> {
    pub(super) entries: Entries<'bound, E>,
    /// The entry that is read next.
    head: u16,
    /// The flag of a new entry.
    phase: bool,
}

impl_memory!(CompletionRing, FlaggedEntry);

impl<'bound, E: FlaggedEntry> CompletionRing<'bound, E> {
    /// Allocates a ring of `len` entries.
    ///
    /// The length need not be a power of two. Flags and context are those of
    /// [`zeroed_slice_with_attrs`].
    ///
    /// C: `dma_alloc_coherent()`,
    /// [`include/linux/dma-mapping.h`](srctree/include/linux/dma-mapping.h).
    ///
    /// # Errors
    ///
    /// [`EINVAL`] for no entry, or more than 65536; and the others of
    /// [`zeroed_slice_with_attrs`].
    ///
    /// [`zeroed_slice_with_attrs`]: crate::dma::CoherentMemory::zeroed_slice_with_attrs
    pub fn new(dev: &'bound Device<Bound>, len: usize, flags: Flags) -> Result<Self> {
        // INVARIANT: There is an entry.
        Ok(Self {
            entries: Entries::new(dev, len, flags)?,
            head: 0,
            phase: true,
        })
    }

    /// Returns the next entry that the device has written, or [`None`] if there is none yet.
    ///
    /// Reads the word with the flag once, and then the rest of the entry. Later reads of the CPU
    /// see what the device wrote before the entry. Does not sleep.
    #[inline]
    pub fn pop(&mut self) -> Option<Untrusted<E>> {
        // SAFETY: By the invariants `head` is less than the length.
        let entry = unsafe { self.entries.read_if(self.head, self.phase) }?;

        // INVARIANT: `next()` returns an index that is less than the length.
        match self.entries.next(self.head) {
            Some(next) => self.head = next,
            None => {
                self.head = 0;
                self.phase = !self.phase;
            }
        }
        Some(entry)
    }

    /// Returns the index of the entry that is read next, for the doorbell.
    ///
    /// Once the device gets it, it may write to the entries before it.
    #[inline]
    pub fn head(&self) -> u16 {
        self.head
    }
}
