// SPDX-License-Identifier: GPL-2.0

//! Entries for the device, submitted by a doorbell.

use super::entries::{
    impl_memory,
    Entries, //
};
use crate::dma::{
    compat,
    ErrorWith,
    Untrusted, //
};
use kernel::{
    alloc::Flags,
    device::{
        Bound,
        Device, //
    },
    prelude::*,
    transmute::{
        AsBytes,
        FromBytes, //
    }, //
};

/// A ring that the driver writes and the device reads, with a tail and a head.
///
/// The driver pushes entries and writes the tail to a doorbell. The device reads the entries in
/// order, and reports its head: the index of the entry that it reads next. One entry always stays
/// vacant, so that a full ring differs from an empty one.
///
/// A driver with fewer commands in flight than the ring has entries does not need the head: see
/// [`SubmissionRing::push_vacant`].
///
/// C: `struct nvme_queue`, `nvme_sq_copy_cmd()`,
/// [`drivers/nvme/host/pci.c`](srctree/drivers/nvme/host/pci.c).
///
/// # Examples
///
/// ```
/// use kernel::{
///     device::{
///         Bound,
///         Device, //
///     },
///     io::{
///         Io,
///         Mmio,
///         Region, //
///     },
///     prelude::*, //
/// };
/// use safe_dma::dma::{
///     SubmissionRing,
///     Untrusted, //
/// };
///
/// type Command = [u64; 8];
///
/// /// Creates the queue, whose address the device gets next.
/// fn create<'bound>(dev: &'bound Device<Bound>) -> Result<SubmissionRing<'bound, Command>> {
///     SubmissionRing::new(dev, 1024, GFP_KERNEL)
/// }
///
/// /// Submits commands until the ring is full.
/// fn submit(
///     ring: &mut SubmissionRing<'_, Command>,
///     commands: &mut impl Iterator<Item = Command>,
///     registers: Mmio<'_, Region<0x2000>>,
/// ) -> Result {
///     while ring.vacant() != 0 {
///         let Some(command) = commands.next() else {
///             break;
///         };
///         ring.push(command)?;
///     }
///     // Also the barrier between the entries and the doorbell.
///     registers.write32(ring.tail().into(), 0x1000);
///     Ok(())
/// }
///
/// /// Handles the head that a completion has.
/// fn completed(ring: &mut SubmissionRing<'_, Command>, head: Untrusted<u16>) -> Result {
///     ring.set_head(head.project(u16::from_le))
/// }
/// ```
///
/// # Invariants
///
/// `head` and `tail` are less than the length.
pub struct SubmissionRing<'bound, E: AsBytes + FromBytes + Copy> {
    pub(super) entries: Entries<'bound, E>,
    /// The index that the device has reported last.
    head: u16,
    /// The entry that is written next.
    tail: u16,
}

impl_memory!(SubmissionRing, AsBytes + FromBytes + Copy);

impl<'bound, E: AsBytes + FromBytes + Copy> SubmissionRing<'bound, E> {
    /// Allocates a ring of `len` entries, of which one stays vacant.
    ///
    /// The length need not be a power of two. Flags and context are those of
    /// [`zeroed_slice_with_attrs`].
    ///
    /// C: `dma_alloc_coherent()`,
    /// [`include/linux/dma-mapping.h`](srctree/include/linux/dma-mapping.h).
    ///
    /// # Errors
    ///
    /// [`EINVAL`] for less than 2 entries, or more than 65536; and the others of
    /// [`zeroed_slice_with_attrs`].
    ///
    /// [`zeroed_slice_with_attrs`]: crate::dma::CoherentMemory::zeroed_slice_with_attrs
    pub fn new(dev: &'bound Device<Bound>, len: usize, flags: Flags) -> Result<Self> {
        if len < 2 {
            return Err(EINVAL);
        }
        // INVARIANT: There are entries.
        Ok(Self {
            entries: Entries::new(dev, len, flags)?,
            head: 0,
            tail: 0,
        })
    }

    /// Returns how many entries can be pushed.
    #[inline]
    pub fn vacant(&self) -> usize {
        // CAST: From 32 bits to at least as many.
        (self.entries.len() - 1 - self.distance(self.tail)) as usize
    }

    /// Returns how far `index`, which is less than the length, is behind the head.
    #[inline]
    fn distance(&self, index: u16) -> u32 {
        let (index, head) = (u32::from(index), u32::from(self.head));

        if index < head {
            index + self.entries.len() - head
        } else {
            index - head
        }
    }

    /// Writes an entry behind the last one. Does not sleep.
    ///
    /// The device reads it after it has got the new [`SubmissionRing::tail`].
    ///
    /// # Errors
    ///
    /// The entry comes back with [`EBUSY`] if the ring is full.
    #[inline]
    pub fn push(&mut self, entry: E) -> Result<(), ErrorWith<E>> {
        let next = self.entries.next(self.tail).unwrap_or(0);

        if next == self.head {
            return Err(ErrorWith::new(EBUSY, entry));
        }
        // SAFETY: By the invariants `tail` is less than the length.
        unsafe { self.entries.write(self.tail, entry) };
        // INVARIANT: `next()` returns an index that is less than the length.
        self.tail = next;
        Ok(())
    }

    /// Writes an entry behind the last one without comparing it with the head. Does not sleep.
    ///
    /// For a queue with fewer commands in flight than the ring has entries, in which the completion
    /// of a command implies that the device has read its entry. In any other queue this may
    /// overwrite an entry that the device has not read yet. [`SubmissionRing::vacant`] and
    /// [`SubmissionRing::set_head`] do not apply to a ring without reported heads.
    #[inline]
    pub fn push_vacant(&mut self, entry: E) {
        // SAFETY: By the invariants `tail` is less than the length.
        unsafe { self.entries.write(self.tail, entry) };
        // INVARIANT: `next()` returns an index that is less than the length.
        self.tail = self.entries.next(self.tail).unwrap_or(0);
    }

    /// Returns the index behind the last entry, for a doorbell that orders earlier writes to
    /// memory.
    ///
    /// [`kernel::io::Mmio`] does, like `writel()` in C.
    #[inline]
    pub fn tail(&self) -> u16 {
        self.tail
    }

    /// Makes the entries visible to the device, and returns the index behind the last one.
    ///
    /// For a doorbell in memory, or a register that is written without a barrier. This is
    /// `dma_wmb()` in C.
    #[inline]
    pub fn tail_with_barrier(&self) -> u16 {
        compat::dma_wmb();
        self.tail
    }

    /// Sets the head to the index that the device has reported. Does not sleep.
    ///
    /// # Errors
    ///
    /// [`EINVAL`] if the index is not between the old head and the tail. The ring is unchanged.
    #[inline]
    pub fn set_head(&mut self, head: Untrusted<u16>) -> Result {
        // INVARIANT: Less than the length, as the check shows. CAST: From 32 bits to at least as
        // many.
        self.head = head.validate(|head| {
            if u32::from(*head) < self.entries.len()
                && self.distance(*head) <= self.distance(self.tail)
            {
                Ok(*head)
            } else {
                Err(EINVAL)
            }
        })?;
        Ok(())
    }
}
