// SPDX-License-Identifier: GPL-2.0

//! Entries for the device and back, with an owner bit.

use super::entries::{
    impl_memory,
    Entries,
    FlaggedEntry, //
};
use crate::dma::{
    ErrorWith,
    Untrusted, //
};
use kernel::{
    alloc::Flags,
    device::{
        Bound,
        Device, //
    },
    prelude::*, //
};

/// A ring of descriptors that the driver posts and the device returns in the same order, with an
/// owner bit in each.
///
/// The flag is set while the device owns a descriptor. The driver writes a descriptor before it
/// sets the flag, and reads it after the device has cleared it. The CPU owns the descriptors that
/// are not posted, and ignores their flags. All descriptors can be posted at the same time.
///
/// C: `rtl8169_start_xmit()`, `rtl_rx()`,
/// [`r8169_main.c`](srctree/drivers/net/ethernet/realtek/r8169_main.c).
///
/// # Examples
///
/// ```
/// use kernel::prelude::*;
/// use safe_dma::dma::{
///     Address,
///     DescriptorRing,
///     EntryFlag,
///     FlaggedEntry, //
/// };
///
/// safe_dma::plain_struct! {
///     /// A buffer for a packet.
///     struct Receive {
///         /// The length, and in bit 31 the owner.
///         status: u32,
///         options: u32,
///         addr: u64,
///     }
/// }
///
/// impl FlaggedEntry for Receive {
///     const FLAG: EntryFlag = EntryFlag::le32(core::mem::offset_of!(Receive, status), 31);
/// }
///
/// /// Gives a buffer to the device, and returns its index.
/// ///
/// /// # Safety
/// ///
/// /// `size` bytes at `buffer` are mapped for the device to write until the descriptor is back.
/// unsafe fn refill(
///     ring: &mut DescriptorRing<'_, Receive>,
///     buffer: Address,
///     size: u32,
/// ) -> Result<u16> {
///     Ok(ring.post(Receive {
///         status: size.to_le(),
///         options: 0,
///         // SAFETY: By the caller's promise.
///         addr: unsafe { buffer.as_raw() }.to_le(),
///     })?)
/// }
///
/// /// Returns the index of the next buffer with a packet, and the packet's length.
/// fn received(ring: &mut DescriptorRing<'_, Receive>, size: u32) -> Option<(u16, Result<u32>)> {
///     let (index, descriptor) = ring.reap()?;
///     let len = descriptor.project(|descriptor| u32::from_le(descriptor.status) & 0x3fff);
///
///     Some((index, len.at_most(size)))
/// }
/// ```
///
/// # Invariants
///
/// `head` and `tail` are less than the length, `posted` is at most the length, and `tail` is
/// `posted` descriptors behind `head`. The CPU writes to none of the `posted` descriptors from
/// `head` on, and reads none but the first, if its flag is clear.
pub struct DescriptorRing<'bound, D: FlaggedEntry> {
    pub(super) entries: Entries<'bound, D>,
    /// The descriptor that was posted first.
    head: u16,
    /// The descriptor that is posted next.
    tail: u16,
    posted: u32,
}

impl_memory!(DescriptorRing, FlaggedEntry);

impl<'bound, D: FlaggedEntry> DescriptorRing<'bound, D> {
    /// Allocates a ring of `len` descriptors, which the CPU owns.
    ///
    /// The length need not be a power of two. Flags and context are those of
    /// [`zeroed_slice_with_attrs`].
    ///
    /// C: `dma_alloc_coherent()`,
    /// [`include/linux/dma-mapping.h`](srctree/include/linux/dma-mapping.h).
    ///
    /// # Errors
    ///
    /// [`EINVAL`] for no descriptor, or more than 65536; and the others of
    /// [`zeroed_slice_with_attrs`].
    ///
    /// [`zeroed_slice_with_attrs`]: crate::dma::CoherentMemory::zeroed_slice_with_attrs
    pub fn new(dev: &'bound Device<Bound>, len: usize, flags: Flags) -> Result<Self> {
        // INVARIANT: There is a descriptor, and none was posted.
        Ok(Self {
            entries: Entries::new(dev, len, flags)?,
            head: 0,
            tail: 0,
            posted: 0,
        })
    }

    /// Returns how many descriptors can be posted.
    #[inline]
    pub fn vacant(&self) -> usize {
        // CAST: From 32 bits to at least as many.
        (self.entries.len() - self.posted) as usize
    }

    /// Returns the index of the descriptor that is posted next, for a doorbell, or for a flag that
    /// marks the end of the ring.
    #[inline]
    pub fn tail(&self) -> u16 {
        self.tail
    }

    /// Writes a descriptor, gives it to the device, and returns its index. Does not sleep.
    ///
    /// The flag of `descriptor` is ignored. The device may read the descriptor at once. A device
    /// that does not poll the ring has to be notified.
    ///
    /// # Errors
    ///
    /// The descriptor comes back with [`EBUSY`] if the device owns all.
    #[inline]
    pub fn post(&mut self, descriptor: D) -> Result<u16, ErrorWith<D>> {
        if self.vacant() == 0 {
            return Err(ErrorWith::new(EBUSY, descriptor));
        }
        let index = self.tail;

        // SAFETY: By the invariants `tail` is less than the length.
        unsafe { self.entries.publish(index, descriptor) };
        // INVARIANT: `next()` returns an index that is less than the length. `posted` was less.
        self.tail = self.entries.next(index).unwrap_or(0);
        self.posted += 1;
        Ok(index)
    }

    /// Returns the descriptor that was posted first, and its index, if the device has returned it.
    ///
    /// Reads the word with the flag once, and then the rest of the descriptor. Later reads of the
    /// CPU see what the device wrote before it returned the descriptor. Does not sleep.
    #[inline]
    pub fn reap(&mut self) -> Option<(u16, Untrusted<D>)> {
        if self.posted == 0 {
            return None;
        }
        let index = self.head;
        // SAFETY: By the invariants `head` is less than the length.
        let descriptor = unsafe { self.entries.read_if(index, false) }?;

        // INVARIANT: `next()` returns an index that is less than the length. One was posted.
        self.head = self.entries.next(index).unwrap_or(0);
        self.posted -= 1;
        Some((index, descriptor))
    }
}
