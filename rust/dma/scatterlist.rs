// SPDX-License-Identifier: GPL-2.0

//! The entries of a scatterlist of C, for reading.

use super::phys_vec::PhysVec;
use crate::bindings as helpers;
use core::marker::PhantomData;
use kernel::bindings;

/// An iterator over the entries of a scatterlist.
///
/// C: `for_each_sg()`, [`include/linux/scatterlist.h`](srctree/include/linux/scatterlist.h).
///
/// # Invariants
///
/// From `entry` on, `left` entries are valid and have memory, for `'a`.
#[derive(Clone)]
pub(super) struct Entries<'a> {
    entry: *mut bindings::scatterlist,
    left: u32,
    _list: PhantomData<&'a bindings::scatterlist>,
}

impl<'a> Entries<'a> {
    /// Creates an iterator over the first `count` entries of a list.
    ///
    /// # Safety
    ///
    /// They are valid, and have memory, for `'a`.
    #[inline]
    pub(super) unsafe fn new(list: *mut bindings::scatterlist, count: u32) -> Self {
        // INVARIANT: By the safety requirements.
        Self {
            entry: list,
            left: count,
            _list: PhantomData,
        }
    }

    /// Returns the physical ranges of the entries.
    ///
    /// C: `sg_phys()`, [`include/linux/scatterlist.h`](srctree/include/linux/scatterlist.h).
    pub(super) fn phys_vecs(self) -> impl Iterator<Item = PhysVec> + Clone + 'a {
        self.map(|entry| {
            // SAFETY: By the invariants the entry is valid, and has memory. CAST: From 32 bits to
            // at least as many.
            let (phys, len) = unsafe { (helpers::helper_sg_phys(entry), (*entry).length as usize) };

            PhysVec::new(phys, len, false)
        })
    }
}

impl Iterator for Entries<'_> {
    /// A valid entry.
    type Item = *mut bindings::scatterlist;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;

        let entry = self.entry;
        // SAFETY: By the invariants `entry` is one of the entries, since there was one left.
        self.entry = unsafe { bindings::sg_next(entry) };
        Some(entry)
    }
}
