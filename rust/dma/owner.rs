// SPDX-License-Identifier: GPL-2.0

//! The owner of scattered memory and of its mapping.

use super::{
    ErrorWith,
    PhysVec,
    ScatterBuffer, //
};
use core::{
    marker::PhantomData,
    mem::ManuallyDrop,
    ops::{
        Deref,
        DerefMut, //
    }, //
};
use kernel::{
    alloc::Flags,
    device::{
        Bound,
        Device, //
    },
    prelude::*, //
};

/// Scattered memory that a device owns, with its mapping `H`.
///
/// Dropping it drops the mapping, which unmaps the memory, and then the memory.
///
/// # Invariants
///
/// - `raw` is from [`ScatterBuffer::into_raw`], or equivalent, and was not passed to
///   [`ScatterBuffer::from_raw`].
/// - `mapping` maps no other memory than [`ScatterBuffer::phys_vecs`] of `raw`. When it has been
///   dropped, no device accesses that memory.
/// - What the device may write is valid for [`ScatterBuffer::Element`].
pub(super) struct Owner<S: ScatterBuffer, H> {
    mapping: ManuallyDrop<H>,
    raw: ManuallyDrop<S::Raw>,
    _memory: PhantomData<S>,
}

// SAFETY: It is memory and what is needed to take it back; the DMA API and the functions of
// `ScatterBuffer` may be called from any thread. What is sent is in effect the memory.
unsafe impl<S: ScatterBuffer<Element: Send> + Send, H: Send> Send for Owner<S, H> {}

// SAFETY: A shared reference gives addresses and lengths, and no access to the memory.
unsafe impl<S: ScatterBuffer<Element: Send> + Send, H: Sync> Sync for Owner<S, H> {}

impl<S: ScatterBuffer, H> Owner<S, H> {
    /// Takes `memory`, and lets `map` map it for `dev`.
    ///
    /// # Errors
    ///
    /// The memory comes back with the error: [`EINVAL`] if it cannot be mapped for `dev`,
    /// [`ENOMEM`], or the error of `map`.
    ///
    /// # Safety
    ///
    /// - If `map` fails, it leaves nothing mapped, and no device was told of the memory.
    /// - Dropping the mapping ends the device's access, and the direction of the mapping permits
    ///   [`ScatterBuffer::Element`].
    #[inline]
    pub(super) unsafe fn map(
        dev: &Device<Bound>,
        memory: S,
        flags: Flags,
        map: impl FnOnce(&S::Raw) -> Result<H>,
    ) -> Result<Self, ErrorWith<S>> {
        let failed = |error, buffer| Err(ErrorWith::new(error, buffer));

        if !memory.is_mappable_for(dev) {
            return failed(EINVAL, memory);
        }
        let raw = match memory.into_raw(flags) {
            Ok(raw) => raw,
            Err(memory) => return failed(ENOMEM, memory),
        };

        match map(&raw) {
            // SAFETY: `raw` is from `into_raw()`. The rest is as the caller promises.
            Ok(mapping) => Ok(unsafe { Self::new(raw, mapping) }),
            // SAFETY: `raw` is from `into_raw()` above and is taken back once. By the safety
            // requirements no device has seen it, so that its content is what it was.
            Err(error) => failed(error, unsafe { S::from_raw(raw) }),
        }
    }

    /// Creates an owner of memory that is mapped.
    ///
    /// # Safety
    ///
    /// As the invariants say.
    #[inline]
    pub(super) unsafe fn new(raw: S::Raw, mapping: H) -> Self {
        // INVARIANT: By the safety requirements.
        Self {
            mapping: ManuallyDrop::new(mapping),
            raw: ManuallyDrop::new(raw),
            _memory: PhantomData,
        }
    }

    /// Returns the physical ranges of the memory.
    #[inline]
    pub(super) fn phys_vecs(&self) -> impl Iterator<Item = PhysVec> + '_ {
        S::phys_vecs(&self.raw)
    }

    /// Returns the mapping and the memory.
    ///
    /// # Safety
    ///
    /// The invariants hold again when the references are gone.
    #[inline]
    pub(super) unsafe fn parts(&mut self) -> (&mut H, &mut S::Raw) {
        (&mut self.mapping, &mut self.raw)
    }

    /// Unmaps the memory and returns it.
    #[inline]
    pub(super) fn unmap(self) -> S {
        let mut this = ManuallyDrop::new(self);

        // SAFETY: `this` is not dropped and not used again.
        unsafe { this.unmap_raw() }
    }

    /// Unmaps the memory and returns it.
    ///
    /// # Safety
    ///
    /// `self` must not be used again, nor dropped.
    #[inline]
    unsafe fn unmap_raw(&mut self) -> S {
        // SAFETY: The caller does not use `self` again, so that each is taken once.
        let (mapping, raw) = unsafe {
            (
                ManuallyDrop::take(&mut self.mapping),
                ManuallyDrop::take(&mut self.raw),
            )
        };
        drop(mapping);

        // SAFETY: By the invariants no device accesses it any more, and what one may have written
        // is valid.
        unsafe { S::from_raw(raw) }
    }
}

impl<S: ScatterBuffer, H> Deref for Owner<S, H> {
    type Target = H;

    #[inline]
    fn deref(&self) -> &H {
        &self.mapping
    }
}

impl<S: ScatterBuffer, H> DerefMut for Owner<S, H> {
    #[inline]
    fn deref_mut(&mut self) -> &mut H {
        &mut self.mapping
    }
}

impl<S: ScatterBuffer, H> Drop for Owner<S, H> {
    fn drop(&mut self) {
        // SAFETY: `self` is being dropped; it is not used again.
        drop(unsafe { self.unmap_raw() });
    }
}
