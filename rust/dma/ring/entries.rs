// SPDX-License-Identifier: GPL-2.0

//! The memory of a ring, and the flag of an entry.

use crate::dma::{
    compat,
    Bidirectional,
    CoherentMemory,
    Range,
    Untrusted, //
};
use core::mem::MaybeUninit;
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

/// An entry that has a flag: the phase of a completion, or the owner of a descriptor.
///
/// That the flag is within the entry is checked at compile time.
///
/// # Examples
///
/// ```
/// use core::mem::offset_of;
/// use safe_dma::dma::{
///     EntryFlag,
///     FlaggedEntry, //
/// };
///
/// safe_dma::plain_struct! {
///     /// As `struct nvme_completion`.
///     struct Completion {
///         result: u64,
///         sq_head: u16,
///         sq_id: u16,
///         command_id: u16,
///         status: u16,
///     }
/// }
///
/// impl FlaggedEntry for Completion {
///     const FLAG: EntryFlag = EntryFlag::le16(offset_of!(Completion, status), 0);
/// }
/// ```
pub trait FlaggedEntry: AsBytes + FromBytes + Copy {
    /// The flag. It is set in completions of the first round, the third and so on, and in
    /// descriptors that the device owns.
    const FLAG: EntryFlag;
}

/// A bit in an aligned word of an entry.
///
/// The other bits of the word belong to the driver.
#[derive(Clone, Copy)]
pub struct EntryFlag {
    offset: usize,
    size: usize,
    bit: u32,
}

impl EntryFlag {
    /// Creates the flag in `bit` of the byte at `offset`, in bytes.
    pub const fn u8(offset: usize, bit: u32) -> Self {
        Self::new(offset, 1, bit)
    }

    /// Creates the flag in `bit` of the 16-bit little-endian word at `offset`, in bytes.
    pub const fn le16(offset: usize, bit: u32) -> Self {
        Self::new(offset, 2, bit)
    }

    /// Creates the flag in `bit` of the 32-bit little-endian word at `offset`, in bytes.
    pub const fn le32(offset: usize, bit: u32) -> Self {
        Self::new(offset, 4, bit)
    }

    const fn new(offset: usize, size: usize, bit: u32) -> Self {
        Self { offset, size, bit }
    }

    /// Returns whether the flag is within each entry of an array, and its word aligned.
    pub(super) const fn fits<E>(self) -> bool {
        // CAST: At most 4.
        self.bit < 8 * self.size as u32
            && self.offset <= size_of::<E>()
            && self.size <= size_of::<E>() - self.offset
            && self.offset % self.size == 0
            && size_of::<E>() % self.size == 0
    }

    /// Returns the offset of the byte with the flag.
    const fn byte(self) -> usize {
        // CAST: At most 3.
        self.offset + (self.bit / 8) as usize
    }

    /// Returns the flag in that byte.
    #[inline]
    const fn mask(self) -> u8 {
        1 << (self.bit % 8)
    }
}

/// The memory of a ring.
///
/// # Invariants
///
/// There are at least 1 and at most `1 << 16` entries. The memory begins with a page.
pub(super) struct Entries<'bound, E: AsBytes + FromBytes>(CoherentMemory<'bound, [E]>);

impl<'bound, E: AsBytes + FromBytes + Copy> Entries<'bound, E> {
    /// Allocates the memory, all of whose bytes are zero.
    pub(super) fn new(dev: &'bound Device<Bound>, len: usize, flags: Flags) -> Result<Self> {
        if len > 1 << u16::BITS {
            return Err(EINVAL);
        }
        // INVARIANT: Checked just now; none is refused by the function.
        Ok(Self(CoherentMemory::zeroed_slice(dev, len, flags)?))
    }

    #[inline]
    pub(super) fn len(&self) -> u32 {
        // CAST: At most `1 << 16`, by the invariants.
        self.0.as_ptr().len() as u32
    }

    #[inline]
    pub(super) fn range(&self) -> Range<'_, Bidirectional> {
        self.0.range()
    }

    /// Returns the index behind `index`, which is less than the length; [`None`] behind the last.
    #[inline]
    pub(super) fn next(&self, index: u16) -> Option<u16> {
        let next = u32::from(index) + 1;

        // CAST: Less than the length.
        (next != self.len()).then_some(next as u16)
    }

    /// Returns the address of an entry.
    #[inline]
    pub(super) fn at(&self, index: u16) -> *mut E {
        self.0.as_mut_ptr().cast::<E>().wrapping_add(index.into())
    }

    /// Writes an entry.
    ///
    /// # Safety
    ///
    /// `index` is less than the length.
    #[inline]
    pub(super) unsafe fn write(&self, index: u16, entry: E) {
        // SAFETY: Within the memory, and aligned, since the memory begins with a page. There is no
        // reference to it.
        unsafe { self.at(index).write(entry) };
    }
}

/// Implements the methods of a ring for its memory.
macro_rules! impl_memory {
    ($ring:ident, $($bound:tt)+) => {
        impl<E: $($bound)+> $ring<'_, E> {
            /// Returns the address at which the CPU accesses the ring.
            ///
            /// The device accesses the memory, too: a read through the pointer is a data race.
            #[inline]
            pub fn as_ptr(&self) -> *const E {
                self.entries.at(0)
            }

            /// Returns the DMA range of the ring.
            #[inline]
            pub fn range(&self) -> $crate::dma::Range<'_, $crate::dma::Bidirectional> {
                self.entries.range()
            }
        }
    };
}

pub(super) use impl_memory;

/// Evaluates an expression in which `$word` is the largest type of words that fill an entry.
macro_rules! with_word {
    ($entry:ty, $word:ident => $value:expr) => {
        if const { size_of::<$entry>() % size_of::<usize>() == 0 } {
            type $word = usize;
            $value
        } else if const { size_of::<$entry>() % size_of::<u32>() == 0 } {
            type $word = u32;
            $value
        } else if const { size_of::<$entry>() % size_of::<u16>() == 0 } {
            type $word = u16;
            $value
        } else {
            type $word = u8;
            $value
        }
    };
}

impl<E: FlaggedEntry> Entries<'_, E> {
    /// The offset of the byte with the flag, which is within an entry.
    const FLAG_BYTE: usize = {
        assert!(
            E::FLAG.fits::<E>(),
            "the flag is not in an aligned word within the entry"
        );
        E::FLAG.byte()
    };

    /// Returns an entry if its flag is `set`. Reads the word with the flag once, and then the
    /// others.
    ///
    /// # Safety
    ///
    /// `index` is less than the length.
    #[inline]
    pub(super) unsafe fn read_if(&self, index: u16, set: bool) -> Option<Untrusted<E>> {
        // SAFETY: By the caller's promise; words of this type fill the entry.
        with_word!(E, Word => unsafe { self.read_words_if::<Word>(index, set) })
    }

    /// As [`Self::read_if`], by words of the type `W`.
    ///
    /// # Safety
    ///
    /// `index` is less than the length. `W` is an integer type, and words of it fill the entry.
    #[inline]
    unsafe fn read_words_if<W: Copy>(&self, index: u16, set: bool) -> Option<Untrusted<E>> {
        let words = self.at(index).cast::<W>();
        let flagged = const { Self::FLAG_BYTE / size_of::<W>() };
        let mut entry = MaybeUninit::<E>::uninit();
        let copy = entry.as_mut_ptr().cast::<W>();

        // SAFETY: Both are within their entry, as `FLAG_BYTE` is. The memory begins with a page,
        // which aligns its words.
        unsafe {
            copy.add(flagged)
                .write_unaligned(words.add(flagged).read_volatile())
        };
        // SAFETY: The word with this byte was written just now.
        let byte = unsafe { copy.cast::<u8>().add(Self::FLAG_BYTE).read() };
        if (byte & E::FLAG.mask() != 0) != set {
            return None;
        }
        // The other words are read after the flag: until it is set, the device writes them.
        compat::dma_rmb();

        for at in (0..size_of::<E>() / size_of::<W>()).filter(|at| *at != flagged) {
            // SAFETY: `at` is within the entry and the copy, aligned as above.
            unsafe { copy.add(at).write_unaligned(words.add(at).read_volatile()) };
        }
        // SAFETY: All words were written, and any bytes are valid for the type.
        Some(Untrusted::new(unsafe { entry.assume_init() }))
    }

    /// Writes an entry with its flag set: the word with the flag last.
    ///
    /// # Safety
    ///
    /// `index` is less than the length.
    #[inline]
    pub(super) unsafe fn publish(&self, index: u16, entry: E) {
        // SAFETY: By the caller's promise; words of this type fill the entry.
        with_word!(E, Word => unsafe { self.publish_words::<Word>(index, entry) })
    }

    /// As [`Self::publish`], by words of the type `W`.
    ///
    /// # Safety
    ///
    /// `index` is less than the length. `W` is an integer type, and words of it fill the entry.
    #[inline]
    unsafe fn publish_words<W: Copy>(&self, index: u16, mut entry: E) {
        let words = self.at(index).cast::<W>();
        let flagged = const { Self::FLAG_BYTE / size_of::<W>() };
        let copy = (&raw mut entry).cast::<W>();

        // SAFETY: `FLAG_BYTE` is within the entry, all of whose bytes are initialized, and any byte
        // is valid there.
        unsafe { *copy.cast::<u8>().add(Self::FLAG_BYTE) |= E::FLAG.mask() };

        for at in (0..size_of::<E>() / size_of::<W>()).filter(|at| *at != flagged) {
            // SAFETY: `at` is within the entry and the copy. The memory begins with a page, which
            // aligns its words.
            unsafe { words.add(at).write_volatile(copy.add(at).read_unaligned()) };
        }
        // The flag is written after the other words: then the device reads the entry.
        compat::dma_wmb();
        // SAFETY: As for the other words.
        unsafe {
            words
                .add(flagged)
                .write_volatile(copy.add(flagged).read_unaligned())
        };
    }
}
